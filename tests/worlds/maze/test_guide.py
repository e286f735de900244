from __future__ import annotations

import math

import numpy as np
import pytest

from worlds.maze.guide import ahead
from worlds.maze.layout import Layout
from worlds.maze.topology import Topology

ROOM = """\
#########
#       #
#   #   #
#   #   #
#########
"""


def marked(layout: Layout, *cells: tuple[int, int]) -> np.ndarray:
    found = np.zeros(layout.shape, np.bool_)
    for x, y in cells:
        found[y, x] = True
    return found


def test_who_follows_it_comes_to_what_is_wanted_and_goes_through_no_wall(layout: Layout) -> None:
    rng, topology = np.random.default_rng(0), Topology(layout)
    for _ in range(20):
        start, goal = (layout.free[int(rng.integers(len(layout.free)))] for _ in range(2))
        x, y, gone = start[0] + 0.5, start[1] + 0.5, 0.0
        while (int(x), int(y)) != goal:
            to_x, to_y = ahead(layout.walls, marked(layout, goal), x, y, rng.uniform(-3, 3))
            away = math.hypot(to_x - x, to_y - y)
            step = min(0.1, away)
            x, y, gone = x + step * (to_x - x) / away, y + step * (to_y - y) / away, gone + step
            assert not layout.walls[int(y), int(x)]
        assert gone <= topology.distances(goal)[start[::-1]] + 0.5


def test_it_goes_straight_where_nothing_stands() -> None:
    layout = Layout.from_text(ROOM)
    assert ahead(layout.walls, marked(layout, (3, 1)), 1.5, 3.5, 0.0) == (3.5, 1.5)
    assert ahead(layout.walls, marked(layout, (7, 1)), 1.5, 3.5, 0.0)[1] == 3.5  # a wall stands between


@pytest.mark.parametrize(("heading", "wanted"), [(0.0, (5.5, 3.5)), (math.pi, (3.5, 3.5))])
def test_of_ways_that_are_as_long_it_takes_the_one_ahead(heading: float, wanted: tuple[float, float]) -> None:
    layout = Layout.from_text(ROOM)
    assert ahead(layout.walls, marked(layout, (3, 3), (5, 3)), 4.5, 3.5, heading) == wanted


def test_who_wants_nothing_stays() -> None:
    layout = Layout.from_text(ROOM)
    assert ahead(layout.walls, marked(layout), 2.25, 3.75, 1.0) == (2.5, 3.5)
