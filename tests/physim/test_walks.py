from __future__ import annotations

from physim.walks import Walk
from worlds.maze.maze import Maze
from worlds.nbody import NBody


def test_worlds_are_watched_and_mazes_are_walked_through() -> None:
    assert NBody().walk() is None
    assert isinstance(Maze().walk(), Walk)
