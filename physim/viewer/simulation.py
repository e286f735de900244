"""The truth and what is compared with it, in lock-step; it knows nothing of windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import nan
from typing import Any, final

from physim.engines.base import Engine
from physim.measures import position_error
from physim.viewer.dragging import Drag
from physim.viewer.drift import Drift
from physim.viewer.history import History, Sample
from physim.viewer.run import Run
from physim.viewer.trail import STRIDE
from physim.worlds import World

TRUTH, LEARNED = "truth", "learned"
COUNTS = ("bodies", "balls", "masses")
"""What worlds call the parameter that is the number of their bodies."""


@final
class Simulation:
    """Runs of one world from the same scene: the truth always, the learned engine from when it is first wanted.

    Raises: PhysimError where the world or an engine refuses what it is first given.
    """

    def __init__(self, world: World, load: Callable[[], Engine[Any]], seed: int) -> None:
        self.world, self.seed, self.step = world, seed, 0
        self._load = load
        self.runs = {TRUTH: Run(world.engine(), world.energies, world.scene(seed))}
        self.band, self.history = Drift(None, 0.0), History()

    @property
    def truth(self) -> Run:
        """The run that all others are measured against."""
        return self.runs[TRUTH]

    def need_learned(self) -> None:
        """Load the learned engine, if it is not yet there, and start it where the truth is now."""
        if LEARNED not in self.runs:
            self.runs[LEARNED] = Run(self._load(), self.world.energies, self.truth.state.scene)

    def advance(self, steps: int, drag: Drag | None = None) -> None:
        """Take steps, all runs together, with a body in the user's hand or without."""
        for _ in range(steps):
            self.step += 1
            if drag is not None:
                drag.carry(self.world.dt)
            for run in self.runs.values():
                run.step(self.step)
                if self.step % STRIDE == 0:
                    run.trail.append(run.state.pos)
        if drag is not None:
            self.count_anew(drag.name)
        self._measure()

    def reset(self, seed: int) -> None:
        """Start all runs from the scene of a seed."""
        scene = self.world.scene(seed)
        self.seed, self.step, self.band, self.history = seed, 0, Drift(None, 0.0), History()
        for run in self.runs.values():
            run.start(scene)

    def resynchronise(self) -> None:
        """Put all runs where the truth is now."""
        for name, run in self.runs.items():
            if name != TRUTH:
                run.start(self.truth.state.scene, self.step)

    def set_bodies(self, bodies: int) -> None:
        """Start anew with another number of bodies, in a world that has them as a parameter."""
        changed: dict[str, Any] = {self.kind: bodies}
        world = replace(self.world, **changed)
        engine, scene = world.engine(), world.scene(self.seed)
        engine.start(scene)
        self.world, self.truth.engine = world, engine
        self.reset(self.seed)

    @property
    def kind(self) -> str:
        """What the world calls its bodies."""
        return next((name for name in COUNTS if name in self.world.parameters), COUNTS[0])

    @property
    def bodies(self) -> int | None:
        """The world's number of bodies, None where it has no such parameter."""
        return self.world.parameters.get(self.kind)

    @property
    def count(self) -> int:
        """How many bodies there are, be it a parameter or not: walls and what else stands still are none."""
        return self.bodies or int(self.truth.bodies.moving.sum())

    def count_anew(self, name: str) -> None:
        """Measure a run's drifts from now on, and the truth's band with its own."""
        self.runs[name].count_anew()
        if name == TRUTH:
            self.band = Drift(None, 0.0)

    def position_error(self, name: str) -> float | None:
        """The distance from the truth in metres, root mean square over bodies; None where a run has stopped."""
        run = self.runs[name]
        if run.message or self.truth.message:
            return None
        return float(position_error(run.state.scene, self.truth.state.scene))

    def _measure(self) -> None:
        """Keep the largest drift of the truth itself since it began, and at times a sample for the plots."""
        drift = self.truth.drift()
        energy = None if drift.energy is None else max(abs(drift.energy), self.band.energy or 0.0)
        self.band = Drift(energy, max(drift.momentum, self.band.momentum))
        if self.history.due(self.step):
            learned = self.runs[LEARNED].drift() if LEARNED in self.runs else Drift(None, 0.0)
            error = self.position_error(LEARNED) if LEARNED in self.runs else None
            figures = (nan if figure is None else figure for figure in (error, drift.joules, learned.joules))
            self.history.add(self.step, Sample(self.step * self.world.dt, *figures))
