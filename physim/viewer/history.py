"""What was measured since the start, for the plots."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np

from physim.viewer.bodies import Floats

CAPACITY = 512
STEPS = 16
"""The least number of steps from one sample to the next."""


class Sample(NamedTuple):
    """One instant: seconds since the start, position error (m), and energies (J); nan where there is none."""

    seconds: float
    error: float
    truth: float
    learned: float


@final
class History:
    """Samples from the start until now; when there are too many, every other one is forgotten, so all of time stays."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []
        self._stride, self._due = STEPS, 0

    def __len__(self) -> int:
        return len(self._samples)

    def due(self, step: int) -> bool:
        """Whether a sample is wanted at this step."""
        return step >= self._due

    def add(self, step: int, sample: Sample) -> None:
        """Keep the sample of a step."""
        self._samples.append(sample)
        if len(self._samples) >= CAPACITY:
            self._samples = self._samples[::2]
            self._stride *= 2
        self._due = step + self._stride

    def columns(self) -> Floats:
        """Seconds, errors, and the energies of the truth and the learned world [4, K]."""
        return np.array(self._samples, dtype=float).reshape(-1, len(Sample._fields)).T
