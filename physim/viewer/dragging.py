"""A body held by the mouse."""

from __future__ import annotations

from typing import final

import numpy as np

from physim.viewer.bodies import Floats
from physim.viewer.clearance import cleared
from physim.viewer.run import Run

SMOOTHING = 0.5
CROSSING = 0.35
"""Simulated seconds in which a hand crosses the whole scene: faster throws would be like none the world knows."""


@final
class Drag:
    """A hand that holds a body of a run and follows the mouse, step by step, while everything else goes on.

    The body is put where the hand is before each step, with the hand's velocity. Shapes: `position`, the aim (m), and
    `velocity` (m/s) [2].
    """

    def __init__(self, run: Run, body: int) -> None:
        self.run, self.body = run, body
        self.position = self._place = self._before = run.state.pos[body].copy()
        self.velocity = np.zeros(2)
        low, high = run.bodies.outline(run.state.pos, run.state.angle)
        self._fastest = float((high - low).max()) / CROSSING
        self._pace = np.zeros(2)

    def aim(self, seconds: float) -> None:
        """Before the steps of a frame, which last that many simulated seconds: set out for where the mouse is now."""
        self._pace = (self.position - self._place) / seconds
        speed = float(np.hypot(*self._pace))
        if speed > self._fastest > 0:
            self._pace *= self._fastest / speed

    def carry(self, seconds: float) -> None:
        """Before a step: take the body along, as far as there is room."""
        self._put(self._place + self._pace * seconds, self.velocity)

    def measure(self, seconds: float) -> None:
        """After the steps of a frame: how fast the hand really moved is what the body has when it is let go."""
        velocity = (self._place - self._before) / seconds
        self.velocity = SMOOTHING * self.velocity + (1 - SMOOTHING) * velocity
        self._before = self._place

    def place(self) -> None:
        """While time stands still: put the body where the mouse is; it keeps its velocity."""
        self._put(self.position, None)
        self._before = self._place

    def _put(self, place: Floats, velocity: Floats | None) -> None:
        state = self.run.state
        self._place = cleared(self.run.bodies, state.pos, state.angle, self.body, place)
        self.run.place_body(self.body, self._place, velocity)
