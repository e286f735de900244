"""How fast others show their mazes: `python peers.py vizdoom SECONDS`, or `miniworld`, where those are installed.

It stands alone, as that environment need not have physim, and prints one line of JSON: the fastest of a peer's
settings, each of which runs for so many seconds, and the frames a second of all.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version

Step = Callable[[], object]

WARM_UP = 1.0
"""Seconds before the clock starts."""


def vizdoom_settings() -> dict[str, Step]:
    """ViZDoom's own maze scenario, of which colour and depth are read at every decision, by the tics of a decision."""
    import vizdoom

    game = vizdoom.DoomGame()
    game.load_config(os.path.join(vizdoom.scenarios_path, "my_way_home.cfg"))
    game.set_screen_resolution(vizdoom.ScreenResolution.RES_160X120)
    game.set_screen_format(vizdoom.ScreenFormat.RGB24)
    game.set_depth_buffer_enabled(True)
    game.set_window_visible(False)
    game.set_sound_enabled(False)
    game.set_mode(vizdoom.Mode.PLAYER)
    game.set_seed(0)
    game.init()
    buttons = range(game.get_available_buttons_size())
    actions = [[float(button == pressed) for button in buttons] for pressed in buttons]
    choices = random.Random(0)

    def decide(tics: int) -> object:
        if game.is_episode_finished():
            game.new_episode()
        game.make_action(choices.choice(actions), tics)
        state = game.get_state()  # None where the episode is over
        return state and (state.screen_buffer, state.depth_buffer)

    return {"4 tics a decision": lambda: decide(4), "1 tic a decision": lambda: decide(1)}


def miniworld_settings() -> dict[str, Step]:
    """Miniworld's maze at 80 x 60, with depth and as it comes, without."""
    import pyglet

    pyglet.options["headless"] = sys.platform == "linux" and "DISPLAY" not in os.environ
    from miniworld.envs import Maze  # what Gymnasium calls MiniWorld-Maze-v0, without Gymnasium's wrappers

    environment = Maze(obs_width=80, obs_height=60)
    environment.reset(seed=0)
    choices = random.Random(0)

    def decide() -> None:
        _, _, terminated, truncated, _ = environment.step(choices.randrange(3))
        if terminated or truncated:
            environment.reset()

    def decide_and_measure() -> object:
        decide()
        return environment.obs_fb.get_depth_map(0.04, 100.0)  # render_depth would draw the same frame once more

    return {"colour and depth": decide_and_measure, "colour": decide}


PEERS: dict[str, tuple[str, Callable[[], dict[str, Step]]]] = {
    "vizdoom": ("ViZDoom", vizdoom_settings),
    "miniworld": ("Miniworld", miniworld_settings),
}


def frames_per_second(step: Step, seconds: float) -> tuple[int, float]:
    """How many frames so many seconds bring, and how many one second."""
    _repeat(step, min(WARM_UP, seconds))
    frames, taken = _repeat(step, seconds)
    return frames, frames / taken


def measured(peer: str, seconds: float) -> dict[str, object]:
    """What is printed of a peer."""
    name, settings = PEERS[peer]
    speeds = {setting: frames_per_second(step, seconds) for setting, step in settings().items()}
    fastest = max(speeds, key=lambda setting: speeds[setting][1])
    return {
        "name": name,
        "version": version(peer),
        "setting": fastest,
        "frames_per_second": speeds[fastest][1],
        "frames": speeds[fastest][0],
        "settings": {setting: speed for setting, (_, speed) in speeds.items()},
    }


def _repeat(step: Step, seconds: float) -> tuple[int, float]:
    """How often a step was made, and in how many seconds."""
    count, begun = 0, time.perf_counter()
    while (taken := time.perf_counter() - begun) < seconds or not count:
        step()
        count += 1
    return count, taken


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in PEERS:
        sys.exit(f"usage: python peers.py {'|'.join(PEERS)} SECONDS")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chdir(folder)  # ViZDoom leaves files wherever it runs
        print(json.dumps(measured(sys.argv[1], float(sys.argv[2]))))
