"""One engine's own copy of a scene, running freely."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import torch

from physim.engines.base import Engine, State
from physim.errors import BlowUp, PhysimError
from physim.measures import EnergyOf
from physim.scenes.scene import Scene
from physim.viewer.bodies import Bodies, Floats, labels_of
from physim.viewer.drift import Drift, Ledger
from physim.viewer.trail import Trail


@final
class Run:
    """A scene in the hands of one engine; where the engine fails it stops with `message`, at its last finite state.

    `name` is what makes the engine, `place` the run's own number in a simulation (its colour), `unit` the world's, and
    `clock` counts steps since the world began, also those that a stopped run no longer takes.
    """

    def __init__(self, name: str, place: int, engine: Engine[Any], energies: EnergyOf, unit: str) -> None:
        self.name, self.place, self.engine, self.unit, self._energies = name, place, engine, unit, energies
        self.message, self.clock = "", 0
        self.stopped_at: int | None = None
        self.state: State
        self.bodies: Bodies

    def begin(self, scene: Scene, clock: int = 0) -> None:
        """Run on from another scene; raises PhysimError where the engine refuses it."""
        state = self.engine.start(scene)
        self._take(scene, state, clock)
        self.trail = Trail(state.pos)

    def start(self, scene: Scene, clock: int = 0) -> None:
        """Run on from another scene; an engine that refuses it stops this run."""
        try:
            self.begin(scene, clock)
        except PhysimError as error:
            self.clock = clock
            self._stop(error)

    def edit(self, scene: Scene) -> None:
        """Run on with other bodies; those that stay keep their trails, and what the engine knows of their contacts."""
        before = self.bodies.label
        number = {label: place for place, label in enumerate(before.tolist())}
        kept = [number.get(label, -1) for label in labels_of(scene).tolist()]
        state = self.engine.start(scene) if self.message else self.engine.altered(self.state, scene, kept)
        self._take(scene, state, self.clock)
        self.trail = self.trail.of(before, self.bodies.label, state.pos)

    def step(self) -> None:
        """Take a step, unless stopped."""
        self.clock += 1
        if self.message:
            return
        try:
            state = self.engine.step(self.state)
            check_finite(state, self.clock)
        except PhysimError as error:
            self._stop(error)
        else:
            self.state = state

    def place_body(self, body: int, position: Floats) -> None:
        """Put a body somewhere; it keeps its velocity.

        Shapes: position [2] (m).
        """
        if self.message:
            return
        pos = self.state.pos.copy()
        pos[body] = position
        self.state = self.engine.moved(self.state, self.state.scene.moved(pos=torch.from_numpy(pos)))

    def push(self, body: int, velocity: Floats) -> None:
        """Give a body that can move a velocity, by an impulse.

        Shapes: velocity [2] (m/s).
        """
        if self.message:
            return
        impulse = np.zeros_like(self.state.vel)
        impulse[body] = self.bodies.mass[body] * (velocity - self.state.vel[body])
        self.state = self.engine.pushed(self.state, impulse)

    def body_labelled(self, label: int) -> int | None:
        """The number of the body that has a label, None where it is not here."""
        found = np.flatnonzero(self.bodies.label == label)
        return int(found[0]) if len(found) else None

    def count_anew(self) -> None:
        """Measure drifts from what is there now: a hand has been at work."""
        self.ledger = Ledger(self.state.scene, self._energies)

    def drift(self) -> Drift:
        """How far energy and momentum are from where they were at the start, now."""
        return self.ledger.drift(self.state)

    def _take(self, scene: Scene, state: State, clock: int) -> None:
        self.message, self.stopped_at, self.clock = "", None, clock
        self.state = state
        self.bodies = Bodies.of(scene)
        self.ledger = Ledger(scene, self._energies)

    def _stop(self, error: PhysimError) -> None:
        self.message, self.stopped_at = str(error), self.clock


def check_finite(state: State, step: int) -> None:
    """Raise BlowUp at the first body that is no longer finite."""
    finite = np.isfinite(state.pos).all(axis=1) & np.isfinite(state.vel).all(axis=1)
    if not finite.all():
        raise BlowUp(int(np.argmin(finite)), step)
