from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import imageio.v3
import imageio_ffmpeg
import numpy as np
import pygame
import pytest

from physim.errors import PhysimError
from physim.viewer import WalkSettings, walk
from physim.viewer.palette import GOOD, STOPPED, WARNING
from physim.viewer.stage import Canvas
from physim.viewer.walk_keys import ACTIONS, LINES, MOVES, handle
from physim.viewer.walk_picture import draw_walk
from physim.viewer.walk_show import WalkShow
from physim.viewer.walking import Walking
from physim.walks import WORDS, Recorded, Walk

ROAD = 12


class Road(Walk):
    """Places in a row, from that of the seed on, with 10 at the end of it; a wrong turn costs 1."""

    name, dt = "road", 1 / 15
    actions: Mapping[str, int] = {word: number for number, word in enumerate(WORDS)}

    def __init__(self, leads: bool = True) -> None:
        self.leads, self.taken = leads, list[int | None]()

    @property
    def done(self) -> bool:
        return self.place >= ROAD

    def restart(self, seed: int) -> None:
        if seed == 13:
            raise PhysimError("there is no road 13")
        self.place = seed % ROAD

    def step(self, action: int | None) -> float:
        self.taken.append(action)
        self.place += action in (0, 6, 7)
        return 10.0 if self.done else -1.0 if action == 5 else 0.0

    def pictures(self) -> Mapping[str, Any]:
        view = np.full((30, 40, 3), 20 * self.place, np.uint8)
        return {"view": view, "map": np.full((20, 40, 3), 99, np.uint8), "depth": view}

    def lines(self) -> Sequence[str]:
        return [f"place {self.place}"]

    def lead(self) -> int | None:
        return 0 if self.leads else None

    def recorded(self, path: Path) -> Recorded:
        return Recorded(Road(), 3, tuple(map(int, path.read_text())))


@pytest.fixture
def settings() -> Callable[..., WalkSettings]:
    return lambda **changes: WalkSettings(**{"walk": Road, "headless": True, "size": (480, 320)} | changes)


@pytest.fixture
def walking(settings: Callable[..., WalkSettings]) -> Walking:
    return Walking(Road(), 0, settings(headless=False))


def pressed(code: int, kind: int = pygame.KEYDOWN, text: str = "") -> pygame.event.Event:
    return pygame.event.Event(kind, key=code, unicode=text)


@pytest.mark.parametrize(
    ("codes", "word"),
    [
        ([pygame.K_UP], "forward"),
        ([pygame.K_w], "forward"),
        ([pygame.K_DOWN], "backward"),
        ([pygame.K_s], "backward"),
        ([pygame.K_LEFT], "turn_left"),
        ([pygame.K_RIGHT], "turn_right"),
        ([pygame.K_a], "left"),
        ([pygame.K_q], "left"),
        ([pygame.K_d], "right"),
        ([pygame.K_e], "right"),
        ([pygame.K_w, pygame.K_LEFT], "forward_left"),
        ([pygame.K_RIGHT, pygame.K_UP], "forward_right"),
    ],
)
def test_keys_become_actions_while_they_are_held(walking: Walking, codes: list[int], word: str) -> None:
    for code in codes:
        handle(pressed(code), walking)
    walking.advance()
    for code in codes:
        handle(pressed(code, pygame.KEYUP), walking)
    walking.advance()
    assert walking.walk.taken == [WORDS.index(word), None]  # type: ignore[attr-defined]


def test_every_key_does_one_thing_and_is_in_the_help() -> None:
    assert not set(MOVES) & set(ACTIONS)
    told = " ".join(keys for keys, _ in LINES).lower()
    assert all(pygame.key.name(code).replace("escape", "esc") in told for code in {*MOVES, *ACTIONS} - {pygame.K_F1})


def test_space_stops_time_and_r_begins_the_next_seed(walking: Walking) -> None:
    handle(pressed(pygame.K_UP), walking)
    handle(pressed(pygame.K_SPACE), walking)
    walking.advance()
    assert (walking.steps, walking.walk.lines()) == (0, ["place 0"])
    handle(pressed(pygame.K_SPACE), walking)
    walking.advance()
    assert (walking.steps, walking.walk.lines()) == (1, ["place 1"])
    handle(pressed(pygame.K_r), walking)
    assert (walking.seed, walking.score, walking.walk.lines()) == (1, 0.0, ["place 1"])


def test_the_window_lost_from_sight_lets_all_keys_go(walking: Walking) -> None:
    handle(pressed(pygame.K_UP), walking)
    handle(pygame.event.Event(pygame.WINDOWFOCUSLOST), walking)
    walking.advance()
    assert walking.walk.taken == [None]  # type: ignore[attr-defined]


@pytest.mark.parametrize("event", [pygame.event.Event(pygame.QUIT), pressed(pygame.K_ESCAPE)])
def test_the_user_may_leave(walking: Walking, event: pygame.event.Event) -> None:
    assert not walking.over
    handle(event, walking)
    assert walking.over


def test_l_lets_who_knows_the_way_lead_where_there_is_one(walking: Walking) -> None:
    handle(pressed(pygame.K_l), walking)
    walking.advance()
    assert walking.walk.taken == [0]  # type: ignore[attr-defined]
    walking.walk.leads = False  # type: ignore[attr-defined]
    walking.led = False
    handle(pressed(pygame.K_l), walking)
    assert not walking.led
    assert walking.notice == "nobody knows the way"


def test_an_episode_that_is_over_waits_for_the_user(walking: Walking) -> None:
    handle(pressed(pygame.K_UP), walking)
    for _ in range(2 * ROAD):
        walking.advance()
    assert (walking.steps, walking.score, walking.over) == (ROAD, 10.0, False)
    assert walking.notice == "over, with a score of 10: R begins another one"
    handle(pressed(pygame.K_r), walking)
    assert (walking.score, walking.total, walking.notice) == (0.0, 10.0, "")


def test_a_seed_that_makes_no_walk_is_told_and_passed_over(settings: Callable[..., WalkSettings]) -> None:
    walking = Walking(Road(), 12, settings(headless=False))
    walking.anew()
    assert (walking.notice, walking.walk.lines()) == ("there is no road 13", ["place 0"])
    walking.anew()
    assert (walking.seed, walking.notice, walking.walk.lines()) == (14, "", ["place 2"])


def test_rewards_are_shown_for_a_second_good_and_bad_ones(walking: Walking) -> None:
    def drawn() -> set[tuple[int, ...]]:
        surface = pygame.Surface((640, 480), 0, 32)
        draw_walk(surface, walking)
        view = pygame.surfarray.array3d(surface)[:400, 60:300]
        return set(map(tuple, view.reshape(-1, 3).tolist()))

    assert not {GOOD, STOPPED} & drawn()
    handle(pressed(pygame.K_RIGHT), walking)
    walking.advance()
    handle(pressed(pygame.K_RIGHT, pygame.KEYUP), walking)
    assert STOPPED in drawn()
    assert [gain.reward for gain in walking.recent] == [-1.0]
    for _ in range(15):
        walking.advance()
    assert not walking.recent
    assert STOPPED not in drawn()
    handle(pressed(pygame.K_UP), walking)
    while not walking.ended:
        walking.advance()
    assert GOOD in drawn()


@pytest.mark.parametrize("size", [(240, 240), (320, 900), (1280, 720), (1920, 300)])
def test_windows_of_any_shape_show_all_pictures_as_they_are(walking: Walking, size: tuple[int, int]) -> None:
    surface = pygame.Surface(size, 0, 32)
    walking.notice = "a notice"
    draw_walk(surface, walking)
    assert {WARNING, (99, 99, 99)} <= set(map(tuple, pygame.surfarray.array3d(surface).reshape(-1, 3).tolist()))
    before = pygame.surfarray.array3d(surface)
    walking.helping = True
    draw_walk(surface, walking)
    assert (before != pygame.surfarray.array3d(surface)).any()


def values(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {row["name"]: row["value"] for row in rows}


def test_headless_who_knows_the_way_walks_one_episode(settings: Callable[..., WalkSettings]) -> None:
    rows = walk(settings(seed=2))
    told = values(rows)
    assert (told["steps"], told["reward"], told["episodes"]) == (ROAD - 2, 10.0, 1)
    assert all((row["world"], row["seed"]) == ("road", 2) for row in rows)


def test_headless_so_many_steps_go_on_into_the_next_episodes(settings: Callable[..., WalkSettings]) -> None:
    told = values(walk(settings(seed=10, steps=5)))
    assert (told["steps"], told["reward"], told["episodes"]) == (5, 20.0, 3)


def test_headless_without_anybody_who_leads_the_steps_end(settings: Callable[..., WalkSettings]) -> None:
    told = values(walk(settings(walk=lambda: Road(leads=False), steps=7)))
    assert (told["steps"], told["reward"]) == (7, 0.0)


def test_what_was_recorded_is_done_again_from_its_own_seed(
    settings: Callable[..., WalkSettings], tmp_path: Path
) -> None:
    path = tmp_path / "road.txt"
    path.write_text("0510")
    rows = walk(settings(replay=path))
    assert values(rows)["reward"] == -1.0
    assert (values(rows)["steps"], rows[0]["seed"]) == (4, 3)
    assert values(walk(settings(replay=path, steps=2)))["steps"] == 2


def test_a_replay_that_is_no_file_is_told(settings: Callable[..., WalkSettings], tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="replay must be a file"):
        settings(replay=tmp_path / "missing.json")
    plain = tmp_path / "plain"
    plain.write_text("")
    with pytest.raises(PhysimError, match="seed is told by the file"):
        settings(replay=plain, seed=1)
    with pytest.raises(PhysimError, match="road knows no recordings"):
        Walk.recorded(Road(), plain)


@pytest.mark.parametrize("ending", [".gif", ".mp4", ".png", ""])
def test_a_recording_has_a_frame_for_every_decision(
    settings: Callable[..., WalkSettings], tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"film{ending}"
    walk(settings(steps=8, record=path))
    assert list(tmp_path.iterdir()) == [path]
    if ending == ".mp4":
        count, seconds = imageio_ffmpeg.count_frames_and_secs(path)
        assert count == 8
        assert seconds == pytest.approx(8 / 15, abs=0.02)
    elif ending == ".gif":
        assert len(imageio.v3.imread(path)) == 8
        assert imageio.v3.immeta(path)["duration"] == 70
    else:
        frames = sorted(path.iterdir()) if not ending else [path]
        assert len(frames) == (1 if ending else 8)
        assert imageio.v3.imread(frames[-1]).shape[:2] == (320, 480)


def test_films_of_one_seed_are_the_same(settings: Callable[..., WalkSettings], tmp_path: Path) -> None:
    for name in ("first.gif", "second.gif"):
        walk(settings(steps=8, record=tmp_path / name))
    assert (tmp_path / "first.gif").read_bytes() == (tmp_path / "second.gif").read_bytes()


def test_a_failure_leaves_no_recording(settings: Callable[..., WalkSettings], tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="no road 13"):
        walk(settings(seed=13, record=tmp_path / "film.gif"))
    with pytest.raises(PhysimError, match="no road 13"):
        walk(settings(seed=12, steps=40, record=tmp_path / "film.gif"))
    assert not list(tmp_path.iterdir())


def test_ctrl_c_ends_cleanly_and_keeps_the_recording(
    settings: Callable[..., WalkSettings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    take = WalkShow.frame

    def interrupted(show: WalkShow) -> None:
        take(show)
        if show.walking.steps == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(WalkShow, "frame", interrupted)
    assert values(walk(settings(record=tmp_path / "film.gif")))["steps"] == 3
    assert len(imageio.v3.imread(tmp_path / "film.gif")) == 3


class Timed(Canvas):
    """Somebody looks, and a sixtieth of a second is over as soon as it begins."""

    live = True

    def __init__(self, keys: Iterator[list[pygame.event.Event]]) -> None:
        super().__init__((480, 320))
        self.keys = keys

    def events(self) -> list[pygame.event.Event]:
        return next(self.keys)

    def present(self) -> float:
        return 1 / 60


def test_in_a_window_decisions_are_fifteen_a_second_whatever_the_frames(
    settings: Callable[..., WalkSettings],
) -> None:
    walking = Walking(Road(leads=False), 0, settings(headless=False))
    show = WalkShow(Timed(iter([[] for _ in range(61)])), walking, None)
    for _ in range(60):
        show.frame()
    assert walking.steps == 15


def test_in_a_window_the_keys_lead(settings: Callable[..., WalkSettings]) -> None:
    walking = Walking(Road(), 0, settings(headless=False))
    events = [[pressed(pygame.K_UP)], *([] for _ in range(11)), [pressed(pygame.K_ESCAPE)]]
    rows = WalkShow(Timed(iter(events)), walking, None).run()
    assert walking.walk.taken == [0, 0, 0]  # type: ignore[attr-defined]
    assert values(rows)["steps"] == 3


def test_a_real_window_shows_the_same_walk(settings: Callable[..., WalkSettings]) -> None:
    assert values(walk(settings(headless=False, steps=3, walk=Road)))["steps"] == 3


def test_a_walk_waits_for_no_torch() -> None:
    code = """
import sys
from physim.viewer import WalkSettings, walk
from worlds.maze.maze import Maze
walk(WalkSettings(walk=Maze(width=3, height=2).walk, headless=True, steps=2))
print("heavy:", sorted(set(sys.modules) & {"torch", "torch_geometric", "h5py"}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("heavy: []\n")


def test_without_a_display_one_sentence_says_what_to_do(
    settings: Callable[..., WalkSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(PhysimError, match=r"--headless --record out\.gif"):
        walk(settings(headless=False))
