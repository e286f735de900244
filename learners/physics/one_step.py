"""How well an engine predicts a single step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from physim.engines.base import Engine
from physim.scenes.trajectory import Trajectory


@final
@dataclass(frozen=True)
class SquaredErrors:
    """Squared errors of velocities in m2/s2, in float64, that add up over parts of the data."""

    total: float = 0.0
    count: int = 0

    def __add__(self, other: SquaredErrors) -> SquaredErrors:
        return SquaredErrors(self.total + other.total, self.count + other.count)

    @property
    def mean(self) -> float:
        """The mean squared error; not a number where nothing was measured."""
        return self.total / self.count if self.count else float("nan")


def one_step_errors(
    engine: Engine[Any], truth: Trajectory, stride: int, advance: Callable[[int], object]
) -> SquaredErrors:
    """The errors of the velocity one step after every `stride`-th true state, on both axes of bodies that can move.

    `advance` is told how many steps were made.
    """
    moving = (truth.scene.inverse_mass > 0).numpy()
    total = 0.0
    instants = range(0, truth.steps, stride)
    for instant in instants:
        with np.errstate(all="ignore"):
            predicted = engine.step(engine.start(truth.at(instant))).vel
            total += float(np.square(predicted - truth.vel[instant + 1].numpy())[moving].sum())
        advance(1)
    return SquaredErrors(total, 2 * int(moving.sum()) * len(instants))
