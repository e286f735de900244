"""Worlds to learn from."""

from __future__ import annotations

from worlds import environments
from worlds.balls import Balls
from worlds.charges import Charges
from worlds.control import families as plants
from worlds.maze import families as mazes
from worlds.maze.maze import Maze
from worlds.nbody import NBody
from worlds.playground import Playground
from worlds.putty import Putty
from worlds.rubber import Rubber
from worlds.strings import Strings
from worlds.swirl import Swirl

__all__ = ["Balls", "Charges", "Maze", "NBody", "Playground", "Putty", "Rubber", "Strings", "Swirl"]

environments.register()
plants.register()
mazes.register()
