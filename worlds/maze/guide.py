"""Walkers that are led: the shortest way to what is wanted, by the actions that everybody has."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from physim.arrays import Integers, Truths
from physim.native import compiled
from worlds.maze.bodies import RADIUS
from worlds.maze.episodes import Episodes

AHEAD = math.radians(12)
"""How far (radians) a walker may look aside of where it is to go, and still goes."""
WIDE = math.radians(50)
CLOSELY = 0.1
"""How closely (m) it is looked whether a way is clear."""


class Guide(ABC):
    """Actions [B] that lead each walker the shortest way, straight ahead where nothing stands, to the nearest cell that
    it wants; where it wants none, or no way leads there, to the middle of its own.
    """

    def __init__(self, episodes: Episodes) -> None:
        self.episodes = episodes
        self._forward, self._left, self._right = (
            self._place(wanted) for wanted in ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0))
        )
        self._forward_left = self._place((1.0, 0.0, 1.0), self._left)
        self._forward_right = self._place((1.0, 0.0, -1.0), self._right)

    def actions(self) -> Integers:
        """What every walker should do now."""
        return np.array([self._action(number) for number in range(self.episodes.count)])

    @abstractmethod
    def asked(self, number: int) -> tuple[Truths, Truths]:
        """The cells that a walker goes round [H, W], and those that it wants [H, W]."""

    def _action(self, number: int) -> int:
        x, y = self.episodes.motion[number, :2].tolist()
        heading = float(self.episodes.heading[number])
        to_x, to_y = ahead(*self.asked(number), x, y, heading)
        error = math.atan2(to_y - y, to_x - x) - heading
        error = (error + math.pi) % (2 * math.pi) - math.pi
        if abs(error) <= AHEAD:
            return self._forward
        if error > 0:
            return self._left if error > WIDE else self._forward_left
        return self._right if error < -WIDE else self._forward_right

    def _place(self, wanted: tuple[float, float, float], otherwise: int | None = None) -> int:
        """The number of an action of the set, or of what does instead."""
        rows = [tuple(row) for row in self.episodes.table.tolist()]
        return rows.index(wanted) if wanted in rows or otherwise is None else otherwise


@compiled
def ahead(barred, wanted, x, y, heading):  # type: ignore[no-untyped-def]
    """The middle of the farthest cell, straight ahead, of the shortest way from (x, y) to a cell that is wanted.

    Of ways that are as long it is the one that lies ahead. `barred` and `wanted` [H, W] tell cells; around them are
    walls. Where no way leads there, the middle of the cell at (x, y).
    """
    cells, came, count = np.empty((barred.size, 2), np.int64), np.full(barred.shape, -1), 1
    cells[0, 0], cells[0, 1], came[int(y), int(x)] = int(x), int(y), 0
    place = 0
    while place < count:
        at_x, at_y = cells[place]
        if wanted[at_y, at_x]:
            while came[at_y, at_x] > 0 and not _clear(barred, x, y, at_x + 0.5, at_y + 0.5):
                at_x, at_y = cells[came[at_y, at_x]]
            return at_x + 0.5, at_y + 0.5
        for quarter in (0, 1, -1, 2):
            angle = (round(heading / (math.pi / 2)) + quarter) % 4
            to_x, to_y = at_x + (angle == 0) - (angle == 2), at_y + (angle == 1) - (angle == 3)
            if came[to_y, to_x] < 0 and not barred[to_y, to_x]:
                cells[count, 0], cells[count, 1], came[to_y, to_x] = to_x, to_y, place
                count += 1
        place += 1
    return int(x) + 0.5, int(y) + 0.5


@compiled
def _clear(barred, x, y, to_x, to_y):  # type: ignore[no-untyped-def]
    """Whether a walker that goes straight touches no cell that is barred."""
    away = math.hypot(to_x - x, to_y - y)
    aside_x, aside_y = RADIUS * (y - to_y) / away, RADIUS * (to_x - x) / away
    count = int(away / CLOSELY) + 1
    for number in range(count + 1):
        share = number / count
        for side in (-1, 0, 1):
            at_x, at_y = x + share * (to_x - x) + side * aside_x, y + share * (to_y - y) + side * aside_y
            if barred[int(at_y), int(at_x)]:
                return False
    return True
