from __future__ import annotations

import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.maze import MazeEnv
from worlds.maze.objects import nearest_objects


def test_the_objects_that_are_seen_are_those_of_the_scene() -> None:
    env = MazeEnv(kind="rooms", width=3, height=2, blocks=2, doors=1, obstacles=1, observe=("objects",), objects=100)
    env.reset(seed=3)
    for action in (2, 2, 0, 6, 2):
        rows = env.step(action)[0]["objects"].astype(float)
    rows = rows[rows[:, 0] == 1]
    x, y, heading = env.episodes.poses[0]
    cos, sin = np.cos(heading), np.sin(heading)
    places = rows[:, 1:3] @ np.array([[cos, sin], [-sin, cos]]) + (x, y)
    scene = env.scene
    others = scene.thing != 1.0
    wanted = np.column_stack([scene.pos[others].numpy(), scene.thing[others].numpy()])
    found = np.column_stack([places, rows[:, -1]])
    assert len(found) == len(wanted)
    for row in wanted:
        assert np.abs(found - row).max(1).min() < 1e-5
    lengths = np.sort(np.hypot(rows[:, 3], rows[:, 4])[rows[:, -1] == 0])
    assert np.allclose(lengths, np.sort(scene.extent[scene.thing == 0].numpy().max(1)), atol=1e-5)


def test_what_is_told_turns_and_moves_with_the_walker_and_the_nearest_come_first() -> None:
    env = MazeEnv("#######\n#P   G#\n#######", observe=("objects",), objects=6, apples=0.0, strawberries=0.0)
    env.reset(seed=0)
    episodes = env.episodes
    episodes.motion[0, :2] = 2.0, 1.5
    for heading, ahead, left in ((0.0, 3.5, 0.0), (np.pi / 2, 0.0, -3.5), (np.pi, -3.5, 0.0)):
        episodes.heading[0] = heading
        rows = nearest_objects(episodes, 6)[0]
        goal = rows[rows[:, -1] == 5]
        assert goal[0, :6] == pytest.approx([1, ahead, left, *goal[0, 3:6]], abs=1e-6)
        assert [row[0] for row in rows] == [1, 1, 1, 1, 1, 0]
        assert np.hypot(*rows[0, 1:3]) == pytest.approx(np.hypot(1.5, 0.5))  # the near long walls' middles
        assert rows[3, -1] == 5 or rows[4, -1] == 5
    assert nearest_objects(episodes, 2).shape == (1, 2, 7)


def test_what_is_taken_is_no_longer_there() -> None:
    env = MazeEnv("######\n#PA A#\n######", observe=("objects",), goal=None, apples=0.0, strawberries=0.0)
    seen, _ = env.reset(seed=0)
    assert (seen["objects"][:, -1] == 6).sum() == 2
    env.episodes.heading[:] = 0.0
    while env.step(2)[1] != 1:
        pass
    assert (nearest_objects(env.episodes, 24)[0, :, -1] == 6).sum() == 1


def test_a_number_of_objects_is_wanted() -> None:
    with pytest.raises(PhysimError, match="objects must be above 0, got 0"):
        MazeEnv(objects=0)
