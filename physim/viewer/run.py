"""One engine's own copy of a scene, running freely."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import torch

from physim.engines.base import Engine, State
from physim.errors import BlowUp, PhysimError
from physim.measures import EnergyOf
from physim.scenes.scene import Scene
from physim.viewer.bodies import Bodies, Floats
from physim.viewer.drift import Drift, Ledger
from physim.viewer.trail import Trail


@final
class Run:
    """A scene in the hands of one engine; where the engine fails it stops with `message`, at its last finite state."""

    def __init__(self, engine: Engine[Any], energies: EnergyOf, scene: Scene) -> None:
        self.engine, self._energies = engine, energies
        self.message = ""
        self.stopped_at: int | None = None
        self.state: State
        self._take(scene, engine.start(scene))

    def start(self, scene: Scene, step: int = 0) -> None:
        """Run on from another scene; an engine that refuses it stops this run."""
        self.message, self.stopped_at = "", None
        try:
            self._take(scene, self.engine.start(scene))
        except PhysimError as error:
            self._stop(error, step)

    def step(self, number: int) -> None:
        """Take step `number`, unless stopped."""
        if self.message:
            return
        try:
            state = self.engine.step(self.state)
            check_finite(state, number)
        except PhysimError as error:
            self._stop(error, number)
        else:
            self.state = state

    def place(self, body: int, position: Floats, velocity: Floats | None) -> None:
        """Put a body somewhere, with a velocity (None: its own).

        Shapes: position (m), velocity (m/s) [2].
        """
        if self.message:
            return
        pos, vel = self.state.pos.copy(), self.state.vel.copy()
        pos[body] = position
        if velocity is not None:
            vel[body] = velocity
        scene = self.state.scene.moved(pos=torch.from_numpy(pos), vel=torch.from_numpy(vel))
        self.state = self.engine.start(scene)

    def count_anew(self) -> None:
        """Measure drifts from what is there now: a hand has been at work."""
        self.ledger = Ledger(self.state.scene, self._energies)

    def drift(self) -> Drift:
        """How far energy and momentum are from where they were at the start, now."""
        return self.ledger.drift(self.state.scene)

    def _take(self, scene: Scene, state: State) -> None:
        self.state = state
        self.bodies = Bodies.of(scene)
        self.ledger = Ledger(scene, self._energies)
        self.trail = Trail(state.pos)

    def _stop(self, error: PhysimError, step: int) -> None:
        self.message, self.stopped_at = str(error), step


def check_finite(state: State, step: int) -> None:
    """Raise BlowUp at the first body that is no longer finite."""
    finite = np.isfinite(state.pos).all(axis=1) & np.isfinite(state.vel).all(axis=1)
    if not finite.all():
        raise BlowUp(int(np.argmin(finite)), step)
