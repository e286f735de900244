"""A walker that knows the maze: it goes the shortest way, by the actions that everybody has."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Set
from typing import final

import numpy as np

from physim.arrays import Integers
from worlds.maze.episodes import Episodes
from worlds.maze.layout import Cell, Layout, cell_of, middle
from worlds.maze.task import REWARDS

AHEAD = math.radians(12)
"""How far (radians) a walker may look aside of where it is to go, and still goes."""
WIDE = math.radians(50)


@final
class Oracle:
    """Actions [B] that lead walkers to the key while doors are locked, then to the goal, or to whatever rewards.

    What is better left alone is gone round, and so are blocks; doors and obstacles are waited for.
    """

    def __init__(self, episodes: Episodes) -> None:
        self.episodes = episodes
        self._asked: list[tuple[Layout, Cell, Set[Cell], Set[Cell]] | None] = [None] * episodes.count
        self._next: list[Cell] = [(0, 0)] * episodes.count
        self._forward, self._left, self._right = (
            self._place(wanted) for wanted in ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0))
        )
        self._forward_left = self._place((1.0, 0.0, 1.0), self._left)
        self._forward_right = self._place((1.0, 0.0, -1.0), self._right)

    def actions(self) -> Integers:
        """What every walker should do now."""
        return np.array([self._action(number) for number in range(self.episodes.count)])

    def _action(self, number: int) -> int:
        x, y = self.episodes.motion[number, :2].tolist()
        aim = self._aim(number, (x, y))
        error = math.atan2(aim[1] - y, aim[0] - x) - float(self.episodes.heading[number])
        error = (error + math.pi) % (2 * math.pi) - math.pi
        if abs(error) <= AHEAD:
            return self._forward
        if error > 0:
            return self._left if error > WIDE else self._forward_left
        return self._right if error < -WIDE else self._forward_right

    def _aim(self, number: int, place: tuple[float, float]) -> tuple[float, float]:
        """The point to go to now: the middle of the next cell of the way."""
        layout = self.episodes.beginnings[number].ground.layout
        asked = (layout, cell_of(*place), frozenset(self._wanted(number)), frozenset(self._shunned(number)))
        if self._asked[number] != asked:
            way = _way(*asked)
            self._asked[number], self._next[number] = asked, way[min(1, len(way) - 1)]
        return middle(self._next[number])

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

    def _place(self, wanted: tuple[float, float, float], otherwise: int | None = None) -> int:
        """The number of an action of the set, or of what does instead."""
        rows = [tuple(row) for row in self.episodes.table.tolist()]
        return rows.index(wanted) if wanted in rows or otherwise is None else otherwise


def _way(layout: Layout, start: Cell, wanted: Set[Cell], shunned: Set[Cell]) -> list[Cell]:
    """The shortest way, by cells, to the nearest of what is wanted; the start alone where there is none."""
    walls = layout.walls
    came: dict[Cell, Cell] = {start: start}
    queue = deque([start])
    while queue:
        cell = queue.popleft()
        if cell in wanted:
            return _back(came, cell)
        x, y = cell
        for following in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if not walls[following[1], following[0]] and following not in shunned and following not in came:
                came[following] = cell
                queue.append(following)
    return [start]


def _back(came: dict[Cell, Cell], cell: Cell) -> list[Cell]:
    """The way that came to a cell."""
    way = [cell]
    while came[way[-1]] != way[-1]:
        way.append(came[way[-1]])
    return way[::-1]
