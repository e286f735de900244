"""What was measured since the start, for the plots."""

from __future__ import annotations

from math import nan
from typing import NamedTuple, final

import numpy as np

from physim.viewer.bodies import Floats

CAPACITY = 512
STEPS = 16
"""The least number of steps from one sample to the next."""


class Sample(NamedTuple):
    """One instant: seconds since the start, and of runs by their titles the position error (m) and the energy (J)."""

    seconds: float
    errors: dict[str, float]
    energies: dict[str, float]


@final
class History:
    """Samples from the start until now; when there are too many, every other one is forgotten, so all of time stays.

    `changes` counts how often there were others than before.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._samples: list[Sample] = []
        self._stride, self._due = STEPS, 0

    def __len__(self) -> int:
        return len(self._samples)

    def due(self, step: int) -> bool:
        """Whether a sample is wanted at this step."""
        return step >= self._due

    def add(self, step: int, sample: Sample) -> None:
        """Keep the sample of a step."""
        self.changes += 1
        self._samples.append(sample)
        if len(self._samples) >= CAPACITY:
            self._samples = self._samples[::2]
            self._stride *= 2
        self._due = step + self._stride

    def go_back(self, step: int, seconds: float) -> None:
        """Forget what came after a step."""
        self.changes += 1
        self._samples = [sample for sample in self._samples if sample.seconds <= seconds]
        self._due = step

    @property
    def seconds(self) -> Floats:
        """The instants of all samples [K]."""
        return np.array([sample.seconds for sample in self._samples], dtype=float)

    def errors(self) -> dict[str, Floats]:
        """The position errors [K] of each run that has some; nan where it has none."""
        return _columns([sample.errors for sample in self._samples])

    def energies(self) -> dict[str, Floats]:
        """The energies [K] of each run that has some; nan where it has none."""
        return _columns([sample.energies for sample in self._samples])


def _columns(rows: list[dict[str, float]]) -> dict[str, Floats]:
    titles = dict.fromkeys(title for row in rows for title in row)
    return {title: np.array([row.get(title, nan) for row in rows]) for title in titles}
