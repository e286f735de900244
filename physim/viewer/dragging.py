"""A body held by the mouse."""

from __future__ import annotations

from typing import final

import numpy as np

from physim.viewer.bodies import Floats

SMOOTHING = 0.5


@final
class Drag:
    """Which body of which run is held, where the mouse is, and how fast it moves there.

    Shapes: positions in metres and the velocity in metres per simulated second are [2].
    """

    def __init__(self, name: str, body: int, position: Floats) -> None:
        self.name, self.body, self.position = name, body, position
        self.velocity = np.zeros(2)
        self._before = position

    def frame(self, seconds: float) -> None:
        """Measure the velocity over one frame of that many simulated seconds."""
        velocity = (self.position - self._before) / seconds
        self.velocity = SMOOTHING * self.velocity + (1 - SMOOTHING) * velocity
        self._before = self.position
