"""How well the unknown of scenes is recovered, beside the known values."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from torch import Tensor
from tqdm import trange

from learners.physics.inverse import recover, unknown_of
from physim.checks import TEST_SEEDS_FROM, check_positive
from physim.engines.learned import LearnedEngine
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.reports import Row, row
from physim.scenes.trajectory import Trajectory
from physim.worlds import World

STEPS = 300
"""How long a scene is watched, in steps."""
MARK = 0.9
"""The share of all values whose error is under the rows' `nine_in_ten_under`."""


@dataclass(frozen=True)
class Scenes:
    """Which scenes are watched; each position is measured with an error of the deviation `noise`, in metres."""

    count: int = 20
    seed: int = TEST_SEEDS_FROM
    noise: float = 0.0

    def __post_init__(self) -> None:
        check_positive(scenes=self.count)
        if not 0 <= self.noise < np.inf:
            raise PhysimError(f"noise must be finite and 0 or more, got {self.noise}")

    def observed(self, world: World, number: int) -> Trajectory:
        """The positions over time of one scene; there is no velocity in it."""
        truth = rollout(world.engine(), world.scene(self.seed, number), STEPS)
        rng = np.random.default_rng((self.seed, number))
        pos = truth.pos + self.noise * torch.from_numpy(rng.standard_normal(truth.pos.shape))
        return replace(truth, pos=pos, vel=torch.full_like(truth.vel, torch.nan))


@final
@dataclass(frozen=True)
class Recovery:
    """The values found in all scenes, the true ones, and the one guess from which the search started.

    Shapes: found, true [K]; seconds a scene.
    """

    world: World
    unknown: str
    scenes: Scenes
    found: Tensor
    true: Tensor
    guess: float
    seconds: float

    @property
    def error(self) -> Tensor:
        """The relative errors [K]."""
        return (self.found / self.true - 1).abs()

    def rows(self) -> list[Row]:
        """The median relative error beside the guess's, of all values and of thirds of them by size, and the time."""
        labels: Row = {"world": self.world.name, "unknown": self.unknown, "scenes": self.scenes.count}
        labels |= {"noise": self.scenes.noise, "steps": STEPS}
        rows = [self._row(name, values) | labels for name, values in self._parts()]
        return [*rows, row("inverse_seconds", self.seconds, "s a scene") | labels]

    def _row(self, name: str, values: Tensor) -> Row:
        error, true = self.error[values], self.true[values]
        guessed = (self.guess / true - 1).abs()
        ends: Row = {"of": name, "values": len(values), "from": float(true.min()), "to": float(true.max())}
        spread: Row = {"nine_in_ten_under": _quantile(error, MARK), "largest_error": float(error.max())}
        figures = row("inverse_error", _quantile(error, 0.5), "share", "guess", _quantile(guessed, 0.5))
        return figures | ends | spread

    def _parts(self) -> Iterator[tuple[str, Tensor]]:
        order = self.true.argsort()
        yield "all", order
        if len(order) >= 3:
            yield from zip(("lowest third", "middle third", "highest third"), order.tensor_split(3), strict=True)


def recovery(engine: LearnedEngine, world: World, unknown: str, scenes: Scenes) -> Recovery:
    """Recover the unknown ("mass" or "stiffness") of scenes one by one, from positions over time alone."""
    wanted = unknown_of(engine, unknown)
    found, true, seconds = [], [], 0.0
    for number in trange(scenes.count, desc=f"recover {unknown}", unit="scene", leave=False, disable=None):
        observed = scenes.observed(world, number)
        begun = time.perf_counter()
        found.append(recover(engine, observed, unknown))
        seconds += time.perf_counter() - begun
        true.append(wanted.truth(observed.scene))
    guess = float(np.exp(wanted.guess(engine)))
    return Recovery(world, unknown, scenes, torch.cat(found), torch.cat(true), guess, seconds / scenes.count)


def inverse_rows(engine: LearnedEngine, world: World, unknown: str, scenes: Scenes) -> list[Row]:
    """The rows of one recovery."""
    return recovery(engine, world, unknown, scenes).rows()


def _quantile(values: Tensor, share: float) -> float:
    return float(torch.quantile(values, share))
