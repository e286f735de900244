"""Walkers that are led: from where they are to go, the actions that everybody has."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from physim.arrays import Integers
from worlds.maze.episodes import Episodes

AHEAD = math.radians(12)
"""How far (radians) a walker may look aside of where it is to go, and still goes."""
WIDE = math.radians(50)


class Guide(ABC):
    """Actions [B] that lead walkers to points that are near them."""

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
    def aim(self, number: int, place: tuple[float, float]) -> tuple[float, float]:
        """The point to which a walker is to go now, in a straight line from its place."""

    def _action(self, number: int) -> int:
        x, y = self.episodes.motion[number, :2].tolist()
        aim = self.aim(number, (x, y))
        error = math.atan2(aim[1] - y, aim[0] - x) - float(self.episodes.heading[number])
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
