"""A walker that knows the maze: it goes the shortest way, by the actions that everybody has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

import numpy as np

from physim.arrays import Truths
from worlds.maze.guide import Guide
from worlds.maze.layout import Cell, cell_of
from worlds.maze.task import REWARDS


@final
class Oracle(Guide):
    """Actions [B] that lead walkers to the key while doors are locked, then to the goal, or to whatever rewards.

    What is better left alone is gone round, and so are blocks; doors and obstacles are waited for.
    """

    def asked(self, number: int) -> tuple[Truths, Truths]:
        walls = self.episodes.beginnings[number].ground.layout.walls
        return walls | _marked(walls, self._shunned(number)), _marked(walls, self._wanted(number))

    def _wanted(self, number: int) -> set[Cell]:
        left = self.episodes.items_left(number)
        bodies = self.episodes.bodies[number]
        if bodies is not None and any(door.locked for door in bodies.doors):
            return {cell for cell, symbol in left.items() if symbol == "K"}
        goals = {cell for cell, symbol in left.items() if symbol == "G"}
        return goals or {cell for cell, symbol in left.items() if REWARDS[symbol] > 0}

    def _shunned(self, number: int) -> set[Cell]:
        """Cells to be gone round."""
        bodies = self.episodes.bodies[number]
        shunned = {cell for cell, symbol in self.episodes.items_left(number).items() if REWARDS[symbol] < 0}
        if bodies is not None:
            shunned |= {cell_of(*body.position) for body in bodies.blocks}
            shunned |= {cell_of(*door.middle) for door in bodies.doors if door.locked}
        return shunned


def _marked(walls: Truths, cells: Iterable[Cell]) -> Truths:
    """The cells, as truths in the shape of the maze [H, W]."""
    marked = np.zeros(walls.shape, np.bool_)
    for x, y in cells:
        marked[y, x] = True
    return marked
