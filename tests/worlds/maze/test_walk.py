from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from physim.errors import PhysimError
from physim.walks import WORDS
from physim.worlds.contract import check_world
from worlds.maze.depth_colours import shaded
from worlds.maze.env import MazeEnv
from worlds.maze.families import FAMILIES
from worlds.maze.game import Game
from worlds.maze.maze import Maze
from worlds.maze.walk import MazeWalk


def walk_of(name: str = "physim/NavMazeDoors01-v0", **settings: Any) -> MazeWalk:
    return MazeWalk(Game.of(**FAMILIES[name] | settings), name)


@pytest.mark.parametrize(
    "maze", [Maze(), Maze(doors=3), Maze(kind="rooms", width=4, height=3, blocks=3, obstacles=2), Maze(kind="i_maze")]
)
def test_a_maze_keeps_the_contract_of_worlds(maze: Maze) -> None:
    check_world(maze)


def test_the_source_of_a_maze_holds_what_carves_it_and_moves_in_it() -> None:
    source = Maze().source
    assert all(f"\ndef {name}" in source for name in ("carve", "furnished", "with_alcoves"))
    assert "class Bodies" in source
    assert "class Layout" in source


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_can_be_walked_through(name: str) -> None:
    walk = walk_of(name)
    walk.restart(3)
    assert not walk.done
    for _ in range(20):
        walk.step(walk.lead())
    view, above, depth = walk.pictures().values()
    assert view.shape == depth.shape == (480, 640, 3)
    height, width = walk.episodes.mazes.grids.shape[1:]
    assert above.shape[0] * width == above.shape[1] * height
    assert view.dtype == above.dtype == depth.dtype == np.uint8
    assert walk.lines()[0].endswith("s left")


def test_who_leads_comes_to_the_goal() -> None:
    walk = walk_of("physim/NavMazeStatic01-v0")
    walk.restart(1)
    assert max(walk.step(walk.lead()) for _ in range(300)) == 10.0


def test_all_words_are_actions_that_move_as_they_say() -> None:
    walk = walk_of(doors=0)
    assert set(walk.actions) == set(WORDS)
    three = walk_of(actions="three")
    assert set(three.actions) == {"forward", "turn_left", "turn_right"}
    for word, (ahead, aside, turn) in {
        "forward": (1, 0, 0), "backward": (-1, 0, 0), "left": (0, 1, 0), "right": (0, -1, 0),
        "turn_left": (0, 0, 1), "turn_right": (0, 0, -1), "forward_left": (1, 0, 1), "forward_right": (1, 0, -1),
    }.items():  # fmt: skip
        walk.restart(0)
        heading = walk.episodes.heading[0]
        walk.step(walk.actions[word])
        vx, vy = walk.episodes.motion[0, 2:4]
        towards = heading + turn * np.radians(5)
        along, across = vx * np.cos(towards) + vy * np.sin(towards), vy * np.cos(towards) - vx * np.sin(towards)
        assert np.sign(np.round([along, across, walk.episodes.turning[0]], 6)).tolist() == [ahead, aside, turn], word


def test_who_stands_still_lets_time_pass_and_doors_go_on() -> None:
    walk = walk_of()
    walk.restart(0)
    place, doors = walk.episodes.poses.copy(), walk.pictures()["map"]
    for _ in range(75):
        assert walk.step(None) == 0.0
    assert np.array_equal(walk.episodes.poses, place)
    assert not np.array_equal(walk.pictures()["map"], doors)
    assert walk.lines()[0] == "55 s left"


def test_an_episode_ends_when_its_time_is_up_and_begins_anew() -> None:
    walk = walk_of(seconds=1.0)
    with pytest.raises(PhysimError, match="restart"):
        walk.step(None)
    walk.restart(0)
    for _ in range(15):
        assert not walk.done
        walk.step(None)
    assert walk.done
    with pytest.raises(PhysimError, match="the walk is over: restart it"):
        walk.step(None)
    walk.restart(1)
    assert not walk.done


def test_a_walk_is_the_episode_that_the_environment_of_its_seed_has() -> None:
    settings = FAMILIES["physim/NavMazeBlocks01-v0"]
    env, walk = MazeEnv(**settings, labels=["cell", "distance"], size=(8, 6)), MazeWalk(Game.of(**settings))
    env.reset(seed=5)
    walk.restart(5)
    rng = np.random.default_rng(0)
    for action in rng.integers(8, size=200).tolist():
        _, reward, *_, info = env.step(action)
        assert walk.step(action) == reward
    assert np.array_equal(walk.episodes.motion, env.episodes.motion)
    x, y = info["cell"]
    steps = info["distance"]
    assert walk.lines()[1:3] == [f"{steps} steps to the goal", f"cell {x}, {y}"]


def test_each_seed_of_the_world_has_a_maze_of_its_own_and_always_the_same() -> None:
    def seen(seed: int) -> tuple[str, np.ndarray]:
        walk = Maze(width=5, height=4).walk()
        walk.restart(seed)
        return walk.episodes.beginnings[0].ground.layout.text, walk.pictures()["view"]  # type: ignore[attr-defined]

    assert seen(1)[0] != seen(2)[0]
    assert seen(1)[0] == seen(1)[0]
    assert np.array_equal(seen(1)[1], seen(1)[1])


def test_without_a_goal_no_way_is_told() -> None:
    walk = walk_of("physim/SeekAvoidArena01-v0")
    walk.restart(0)
    assert not any("goal" in line for line in walk.lines())


def test_near_depths_are_brighter() -> None:
    light = shaded(np.array([[0.0, 0.3, 1.0, 3.0, 10.0, 1000.0]], np.float32)).astype(int).sum(axis=2)[0]
    assert (np.diff(light) < 0).all()


@pytest.mark.parametrize("seed", [-1])
def test_a_seed_below_nothing_is_told(seed: int) -> None:
    with pytest.raises(PhysimError, match="seed must be 0 or more"):
        walk_of().restart(seed)
