"""A walker that knows of its maze what it has seen, and forgets nothing: the best that one can do who knows no more."""

from __future__ import annotations

import math
from typing import final

import numpy as np

from physim.arrays import Truths
from physim.errors import PhysimError
from physim.native import compiled
from worlds.maze.episodes import Beginning, Episodes
from worlds.maze.guide import Guide

RAYS = 64
"""How many rays part what it sees, from left to right."""


@final
class Explorer(Guide):
    """Actions [B] that lead walkers to the goal, once they have seen it in their episode, else to the nearest cell that
    they have not seen.

    They see so many degrees from left to right, as far as walls let them, and always know where they are, be they set
    down elsewhere, and how large the maze is. Of ways that are as long it takes the one that lies ahead. Without a goal
    they explore for ever.
    Raises: PhysimError in mazes where doors, blocks or obstacles stand.
    """

    def __init__(self, episodes: Episodes, field_of_view: float = 90.0) -> None:
        super().__init__(episodes)
        self.field_of_view = math.radians(field_of_view)
        self.known: list[Truths] = [np.zeros((0, 0), np.bool_)] * episodes.count
        self._begun: list[Beginning | None] = [None] * episodes.count

    def asked(self, number: int) -> tuple[Truths, Truths]:
        beginning = self.episodes.beginnings[number]
        walls = beginning.ground.layout.walls
        if self._begun[number] is not beginning:
            if self.episodes.bodies[number] is not None:
                raise PhysimError("an explorer knows no doors, blocks or obstacles: ask an oracle")
            self._begun[number], self.known[number] = beginning, _border(walls)
        known, place = self.known[number], self.episodes.motion[number, :2].tolist()
        look(walls, known, *place, float(self.episodes.heading[number]), self.field_of_view)
        goal = np.zeros(walls.shape, np.bool_)
        for (x, y), symbol in beginning.items.items():
            goal[y, x] = symbol == "G" and known[y, x]
        return walls & known, goal if goal.any() else ~known


def _border(walls: Truths) -> Truths:
    """The cells of the walls that stand around a maze [H, W]."""
    return np.pad(np.zeros((walls.shape[0] - 2, walls.shape[1] - 2), np.bool_), 1, constant_values=True)


@compiled
def look(grid, known, x, y, heading, field_of_view):  # type: ignore[no-untyped-def]
    """Mark the cells [H, W] that are seen from (x, y), the walls at which rays end among them."""
    known[int(y), int(x)] = True
    for ray in range(RAYS):
        angle = heading + field_of_view * (ray / (RAYS - 1) - 0.5)
        dx, dy = math.cos(angle), math.sin(angle)
        cell_x, cell_y = int(x), int(y)
        step_x, step_y = (1 if dx > 0 else -1), (1 if dy > 0 else -1)
        next_x = (cell_x + (dx > 0) - x) / dx if dx != 0 else math.inf
        next_y = (cell_y + (dy > 0) - y) / dy if dy != 0 else math.inf
        while not grid[cell_y, cell_x]:
            if next_x <= next_y:
                cell_x += step_x
                next_x += abs(1 / dx)
            else:
                cell_y += step_y
                next_y += abs(1 / dy)
            known[cell_y, cell_x] = True
