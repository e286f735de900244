"""A body held by the mouse."""

from __future__ import annotations

from typing import final

import numpy as np

from physim.viewer.clearance import cleared
from physim.viewer.run import Run

SMOOTHING = 0.5
CROSSING = 0.35
"""Simulated seconds in which a hand crosses the whole scene: faster throws would be like none the world knows."""


@final
class Drag:
    """A hand that holds a body of a run and takes it to the mouse, step by step, while everything else goes on.

    Before each step the body gets the velocity that takes it there, by an impulse: what it touches and what hangs on it
    feel that as any other motion. Shapes: `position`, the aim (m), and `velocity` (m/s) [2].
    """

    def __init__(self, run: Run, body: int) -> None:
        self.run, self.body = run, body
        self.position = self._before = run.state.pos[body].copy()
        self.velocity = np.zeros(2)
        low, high = run.bodies.outline(run.state.pos, run.state.angle)
        self._fastest = float((high - low).max()) / CROSSING
        self._pace = np.zeros(2)

    def aim(self, seconds: float) -> None:
        """Before the steps of a frame, which last that many simulated seconds: set out for where the mouse is now."""
        self._pace = (self.position - self.run.state.pos[self.body]) / seconds
        speed = float(np.hypot(*self._pace))
        if speed > self._fastest > 0:
            self._pace *= self._fastest / speed

    def carry(self, seconds: float) -> None:
        """Before a step: take the body along, as far as there is room."""
        state = self.run.state
        place = state.pos[self.body] + self._pace * seconds
        free = cleared(self.run.bodies, state.pos, state.angle, self.body, place)
        self.run.push(self.body, (free - state.pos[self.body]) / seconds)

    def measure(self, seconds: float) -> None:
        """After the steps of a frame: how fast the body really moved is what it has when it is let go."""
        now = self.run.state.pos[self.body]
        self.velocity = SMOOTHING * self.velocity + (1 - SMOOTHING) * (now - self._before) / seconds
        self._before = now.copy()

    def place(self) -> None:
        """While time stands still: put the body where the mouse is; it keeps its velocity."""
        state = self.run.state
        self.velocity = state.vel[self.body].copy()
        self._before = cleared(self.run.bodies, state.pos, state.angle, self.body, self.position)
        self.run.place_body(self.body, self._before)

    def release(self) -> None:
        """Let the body go, with the velocity of the hand."""
        self.run.push(self.body, self.velocity)
