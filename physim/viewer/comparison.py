"""How far runs are from the truth, and how far they have drifted: now, at most, and over time."""

from __future__ import annotations

from typing import final

import numpy as np

from physim.measures import position_error
from physim.viewer.drift import Drift
from physim.viewer.history import History, Sample
from physim.viewer.run import Run

MEASURED = 8
"""Steps from one measurement to the next."""


@final
class Comparison:
    """Compares runs, by their titles, with one of them; `band` is the largest drift that this one itself has shown."""

    def __init__(self, runs: dict[str, Run], truth: str, dt: float) -> None:
        self._runs, self._truth, self._dt = runs, truth, dt
        self.begin()

    def begin(self) -> None:
        """Forget what was, at the start."""
        self.band, self.history = Drift(None, 0.0), History()

    def go_on(self, step: int) -> None:
        """Forget what came after a step to which the truth has gone back."""
        self.band = Drift(None, 0.0)
        self.history.go_back(step, step * self._dt)

    def count_anew(self, run: Run) -> None:
        """Measure a run's drifts from now on, and the truth's band with its own."""
        run.count_anew()
        if run is self._runs[self._truth]:
            self.band = Drift(None, 0.0)

    def position_error(self, title: str) -> float | None:
        """The distance from the truth in metres, root mean square over bodies; None where `no_error` says why."""
        if self.no_error(title):
            return None
        return float(position_error(self._runs[title].state.scene, self._runs[self._truth].state.scene))

    def no_error(self, title: str) -> str:
        """Why a run cannot be compared with the truth just now; "" where it can."""
        run, truth = self._runs[title], self._runs[self._truth]
        if run.message or truth.message:
            return "the truth has stopped" if truth.message else "stopped"
        if run.clock != truth.clock:
            return "at another time than the truth"
        return "" if np.array_equal(run.bodies.label, truth.bodies.label) else "other bodies than the truth's"

    def after(self, steps: int) -> None:
        """Measure at times, after so many steps."""
        clock = self._runs[self._truth].clock
        if clock // MEASURED != (clock - steps) // MEASURED:
            self.measure()

    def measure(self) -> None:
        """Keep the largest drift of the truth since it began, and at times a sample for the plots."""
        truth = self._runs[self._truth]
        drift = truth.drift()
        energy = None if drift.energy is None else max(abs(drift.energy), self.band.energy or 0.0)
        self.band = Drift(energy, max(drift.momentum, self.band.momentum))
        if self.history.due(truth.clock):
            errors = {title: self.position_error(title) for title in self._runs if title != self._truth}
            energies = {title: run.drift().joules for title, run in self._runs.items()}
            self.history.add(truth.clock, Sample(truth.clock * self._dt, _known(errors), _known(energies)))


def _known(figures: dict[str, float | None]) -> dict[str, float]:
    return {title: figure for title, figure in figures.items() if figure is not None}
