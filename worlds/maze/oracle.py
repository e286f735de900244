"""A walker that knows the maze: it goes the shortest way, by the actions that everybody has."""

from __future__ import annotations

from collections import deque
from collections.abc import Set
from typing import final

from worlds.maze.episodes import Episodes
from worlds.maze.guide import Guide
from worlds.maze.layout import Cell, Layout, cell_of, middle
from worlds.maze.task import REWARDS


@final
class Oracle(Guide):
    """Actions [B] that lead walkers to the key while doors are locked, then to the goal, or to whatever rewards.

    What is better left alone is gone round, and so are blocks; doors and obstacles are waited for.
    """

    def __init__(self, episodes: Episodes) -> None:
        super().__init__(episodes)
        self._asked: list[tuple[Layout, Cell, Set[Cell], Set[Cell]] | None] = [None] * episodes.count
        self._next: list[Cell] = [(0, 0)] * episodes.count

    def aim(self, number: int, place: tuple[float, float]) -> tuple[float, float]:
        """The middle of the next cell of the way."""
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
