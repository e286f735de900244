from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import worlds  # noqa: F401 (registers the ids)
from physim.errors import PhysimError
from worlds.maze.env import MazeEnv
from worlds.maze.families import FAMILIES
from worlds.maze.game import Game
from worlds.maze.replays import RecordWalk, load_replay, save_replay
from worlds.maze.walk import MazeWalk

CORRIDOR = """
#########
#P  A   #
#########
"""


def images(env: Any, actions: Any) -> list[np.ndarray]:
    return [env.step(int(action))[0]["image"] for action in actions]


@pytest.mark.parametrize("name", ["physim/NavMazeAllRandom01-v0", "physim/NavMazeDoors01-v0", "physim/IMaze-v0"])
def test_a_recorded_walk_shows_the_same_frames_again(name: str, tmp_path: Path) -> None:
    env = RecordWalk(gymnasium.make(name, size=(16, 12), seconds=8.0), tmp_path / "walks")
    rng = np.random.default_rng(2)
    seen = []
    for seed in (4, None, None):  # the second and third are drawn by those before them
        first, _ = env.reset(seed=seed)
        seen.append([first["image"], *images(env, rng.integers(8, size=120))])
    env.close()
    paths = sorted((tmp_path / "walks").iterdir())
    assert [path.name for path in paths] == ["00000.json", "00001.json", "00002.json"]
    for path, frames in zip(paths, seen, strict=True):
        replay = load_replay(path)
        again = MazeEnv(**replay.settings)
        first, _ = again.reset(seed=replay.seed, options={"maze": replay.maze})
        shown = [first["image"], *images(again, replay.actions)]
        assert len(shown) == len(frames)
        assert all(np.array_equal(one, other) for one, other in zip(shown, frames, strict=True))
    assert not np.array_equal(seen[1][0], seen[2][0])


def test_the_window_walks_where_the_agent_went(tmp_path: Path) -> None:
    env = RecordWalk(MazeEnv(**FAMILIES["physim/NavMazeBlocks01-v0"], fresh=True), tmp_path / "walks")
    env.reset(seed=4, options={"maze": 17})
    actions = np.random.default_rng(2).integers(8, size=90).tolist()
    rewards = [env.step(action)[1] for action in actions]
    env.close()
    walk, seed, recorded = MazeWalk(Game.of()).recorded(tmp_path / "walks" / "00000.json")
    assert recorded == tuple(actions)
    walk.restart(seed)
    assert walk.episodes.beginnings[0].seed == 17  # type: ignore[attr-defined]
    assert [walk.step(action) for action in recorded] == rewards
    assert np.array_equal(walk.episodes.motion, env.unwrapped.episodes.motion)  # type: ignore[attr-defined]


def test_files_hold_all_settings_so_that_other_defaults_change_nothing(tmp_path: Path) -> None:
    save_replay(tmp_path / "walk.json", {"layout": CORRIDOR, "goal": None}, 3, [0, 1])
    replay = load_replay(tmp_path / "walk.json")
    assert set(replay.settings) >= {"layout", "goal", "apples", "away", "seconds", "actions", "size", "seed", "test"}
    assert replay.game.maze.text == CORRIDOR.strip()  # type: ignore[union-attr]
    assert (replay.seed, replay.actions, replay.maze) == (3, (0, 1), None)
    assert Game.of(**replay.game.settings).settings == replay.game.settings


@pytest.mark.parametrize("name", FAMILIES)
def test_games_are_made_again_from_their_settings(name: str) -> None:
    game = Game.of(**FAMILIES[name])
    assert Game.of(**json.loads(json.dumps(game.settings))) == game


def test_episodes_left_before_their_end_are_written_and_empty_ones_are_not(tmp_path: Path) -> None:
    env = RecordWalk(MazeEnv(CORRIDOR, goal=None, size=(8, 6)), tmp_path / "walks")
    env.reset(seed=1)
    env.reset(seed=2)
    env.step(2)
    env.reset(seed=3)
    env.step(2)
    env.step(1)
    env.close()
    env.close()
    found = [load_replay(path) for path in sorted((tmp_path / "walks").iterdir())]
    assert [(replay.seed, replay.actions) for replay in found] == [(2, (2,)), (3, (2, 1))]


def test_folders_with_walks_and_other_environments_are_refused(tmp_path: Path) -> None:
    RecordWalk(MazeEnv(), tmp_path / "walks")
    RecordWalk(MazeEnv(), tmp_path / "walks")
    save_replay(tmp_path / "walks" / "00000.json", {}, 0, [])
    with pytest.raises(PhysimError, match="walks has walks already: use a new one"):
        RecordWalk(MazeEnv(), tmp_path / "walks")
    with pytest.raises(PhysimError, match="RecordWalk wants a MazeEnv"):
        RecordWalk(gymnasium.make("CartPole-v1"), tmp_path / "other")  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="folder cannot be written"):
        RecordWalk(MazeEnv(), tmp_path / "missing" / "walks")


GOOD: dict[str, Any] = {"settings": {"width": 3, "height": 2}, "seed": 1, "maze": None, "actions": [0, 7]}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"settings": [1]}, r"settings are \[1\], wanted those of a game"),
        ({"settings": {"colour": 1}}, "unknown setting 'colour'"),
        ({"settings": {"goal": "never"}}, "goal must be None or one of"),
        ({"settings": {"width": "ten"}}, "width is 'ten', wanted a whole number"),
        ({"settings": {"layout": 5}}, "layout is int, wanted a Layout or its text"),
        ({"seed": -1}, "seed is -1, wanted a whole number"),
        ({"seed": 1.5}, r"seed is 1\.5"),
        ({"seed": True}, "seed is True"),
        ({"maze": "x"}, "maze is 'x', wanted a whole number"),
        ({"actions": 3}, "actions are 3, wanted a list"),
        ({"actions": [0, 8]}, r"actions: number 1 is 8, wanted one of 0\.\.7"),
        ({"actions": [0, "left"]}, "actions: number 1 is 'left'"),
        ({"settings": {"actions": "three"}}, r"actions: number 1 is 7, wanted one of 0\.\.2"),
        ({"colour": 1}, "has settings, seed, maze, actions, colour, wanted the fields settings"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_by_its_field(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "walk.json"
    path.write_text(json.dumps(GOOD))
    load_replay(path)
    path.write_text(json.dumps(GOOD | changes))
    with pytest.raises(PhysimError, match=rf"replay \S+walk\.json.*{sentence}") as told:
        load_replay(path)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "sentence"), [("", "is no JSON"), ("[1", "is no JSON"), ("[]", "has list"), ("{}", "has nothing")]
)
def test_a_file_of_another_kind_is_told(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "walk.json").write_text(text)
    with pytest.raises(PhysimError, match=sentence):
        load_replay(tmp_path / "walk.json")
    with pytest.raises(PhysimError, match=r"missing\.json cannot be read: No such file"):
        load_replay(tmp_path / "missing.json")


def test_what_is_wrong_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="actions: number 0 is 9"):
        save_replay(tmp_path / "walk.json", {}, 0, [9])
    assert not list(tmp_path.iterdir())
