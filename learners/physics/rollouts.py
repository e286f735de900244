"""How an engine's free rollouts go, beside the truth's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import nan
from time import perf_counter
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from learners.physics.kept import kept
from physim.engines.base import Engine
from physim.engines.hybrids import Hybrid, Impulses
from physim.engines.rollout import check_rollout
from physim.measures import EnergyOf, energy_drift, horizon, median, momentum_drift, position_error
from physim.scenes.scene import STATE_FIELDS, Scene
from physim.scenes.trajectory import Trajectory

Advance = Callable[[int], object]


@final
@dataclass(frozen=True)
class Outcome:
    """What came of the rollouts of B scenes, compared with the truth every `every` of its steps.

    Shapes: error [T // every + 1, B] in metres; energy_drift (None where there is no potential), momentum_drift [B];
    blown_up [B] bool. All that a scene no longer has is not finite. `kept` holds figures of contacts, walls and
    springs by name, `seconds_per_step` how long a step of all scenes took, `learned_share` how much of all impulses a
    hybrid engine's learned part gave (nan for all other engines).
    """

    error: Tensor
    energy_drift: Tensor | None
    momentum_drift: Tensor
    blown_up: Tensor
    every: int = 1
    kept: Mapping[str, float] = field(default_factory=dict)
    seconds_per_step: float = nan
    learned_share: float = nan

    @property
    def scenes(self) -> int:
        """The number of scenes B."""
        return len(self.blown_up)

    def error_at(self, step: int) -> float:
        """The median error over scenes at the last instant compared up to a step."""
        return median(self.error[step // self.every])

    def steps_under(self, limit: float) -> Tensor:
        """For each scene, how many steps its error stays within the limit [B]; all steps where it always does."""
        last = len(self.error) - 1
        return horizon(self.error, limit).clamp(max=last) * self.every

    def share_under(self, limit: float) -> float:
        """The share of scenes whose error is never past the limit."""
        return float((horizon(self.error, limit) == len(self.error)).double().mean())


def outcome(engine: Engine[Any], truth: Trajectory, energies: EnergyOf, advance: Advance, every: int = 1) -> Outcome:
    """Run an engine, whose dt is `every` times the truth's, freely from the truth's start, and compare."""
    steps = truth.steps // every
    impulses = Impulses()
    if isinstance(engine, Hybrid):
        engine.impulses = impulses
    began = perf_counter()
    run = free_run(engine, truth.scene, steps, advance)
    found = compared(run, truth, energies, (perf_counter() - began) / steps, every)
    return replace(found, learned_share=impulses.share)


def compared(
    run: Trajectory, truth: Trajectory, energies: EnergyOf, seconds_per_step: float, every: int = 1
) -> Outcome:
    """What came of a rollout whose steps are `every` times the truth's."""
    pos, vel, angle, turning = (getattr(truth, name)[::every][: len(run)] for name in STATE_FIELDS)
    thinned = Trajectory(truth.scene, pos, vel, angle, turning, run.times)
    with np.errstate(all="ignore"):
        energy, momentum = drifts(run, energies)
    finite = torch.isfinite(torch.cat([run.pos[-1], run.vel[-1]], dim=-1)).all(dim=-1)
    parts = finite.split(truth.scene.counts.tolist())
    blown_up = torch.stack([~part.all() for part in parts])
    error = position_error(run, thinned)
    return Outcome(error, energy, momentum, blown_up, every, kept(run, thinned), seconds_per_step)


def free_run(engine: Engine[Any], scene: Scene, steps: int, advance: Advance) -> Trajectory:
    """As `rollout`, but a scene that blows up does not stop the others: its numbers are then no longer finite."""
    check_rollout(scene, steps)
    state = engine.start(scene)
    arrays = [np.empty((steps + 1, *getattr(state, name).shape)) for name in STATE_FIELDS]
    for step in range(steps + 1):
        if step:
            with np.errstate(all="ignore"):
                state = engine.step(state)
            advance(1)
        for name, array in zip(STATE_FIELDS, arrays, strict=True):
            array[step] = getattr(state, name)
    times = engine.dt * torch.arange(steps + 1, dtype=torch.float64)
    pos, vel, angle, turning = map(torch.from_numpy, arrays)
    return Trajectory(scene, pos, vel, angle, turning, times)


def drifts(run: Trajectory, energies: EnergyOf) -> tuple[Tensor | None, Tensor]:
    """The sizes of the drifts of energy (None where there is no potential) and momentum at the end of each scene.

    Shapes: [B], [B].
    """
    start, end = run.at(0), run.at(-1)
    before, after = energies(start), energies(end)
    energy = None if before is None or after is None else energy_drift(after, before).abs()
    return energy, momentum_drift(end, start)
