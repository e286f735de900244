"""Where bodies have been."""

from __future__ import annotations

from typing import final

import numpy as np

from physim.viewer.bodies import Floats, Integers

LENGTH = 90


@final
class Trail:
    """The last positions of all bodies, one every few steps, the oldest first."""

    def __init__(self, pos: Floats) -> None:
        self._ring = np.repeat(pos[None], LENGTH, axis=0)
        self._written = 1

    def of(self, before: Integers, now: Integers, pos: Floats) -> Trail:
        """The trail of the bodies of now, as far as they were there before; both are known by their labels.

        Shapes: before [N], now [M], pos [M, 2].
        """
        trail = Trail(pos)
        trail._written = self._written
        _, old, new = np.intersect1d(before, now, return_indices=True)
        trail._ring[:, new] = self._ring[:, old]
        return trail

    def append(self, pos: Floats) -> None:
        """Add the positions [N, 2] of now."""
        self._ring[self._written % LENGTH] = pos
        self._written += 1

    @property
    def first(self) -> int:
        """How many positions were forgotten before the oldest of `points`."""
        return max(0, self._written - LENGTH)

    def points(self, now: Floats) -> Floats:
        """All positions kept, ending with those of now.

        Shapes: now [N, 2] -> [K, N, 2].
        """
        place = self._written % LENGTH
        kept = self._ring[: self._written] if self._written <= LENGTH else np.roll(self._ring, -place, axis=0)
        return np.concatenate([kept, now[None]])
