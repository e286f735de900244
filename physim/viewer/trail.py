"""Where bodies have been."""

from __future__ import annotations

from typing import final

import numpy as np

from physim.viewer.bodies import Floats

LENGTH = 90
STRIDE = 4


@final
class Trail:
    """The last positions of all bodies, one every few steps, the oldest first."""

    def __init__(self, pos: Floats) -> None:
        self._ring = np.repeat(pos[None], LENGTH, axis=0)
        self._written = 1

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
