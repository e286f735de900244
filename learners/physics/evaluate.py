"""The honest evaluation: learned engines on unseen scenes, one step and free rollouts, beside the baselines."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf, isnan
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from learners.physics.baselines import CONSTANT_VELOCITY, ConstantVelocity
from learners.physics.checksums import Checksum, complaint
from learners.physics.contestants import contestants, guests
from learners.physics.figures import Judgement
from learners.physics.one_step import SquaredErrors, one_step_errors
from learners.physics.rollouts import Advance, Outcome, compared, outcome
from physim.engines.base import Engine
from physim.engines.rollout import rollout
from physim.learner import EvaluateSettings
from physim.reports import Row
from physim.scenes.scene import Scene
from physim.scenes.trajectory import Trajectory
from physim.threads import one_thread
from physim.worlds import World

Engines = Mapping[str, Engine[Any]]

TOGETHER = 100
"""Scenes simulated together; free rollouts run on the first of these parts."""
STATES = 100_000
"""About how many states one-step errors are measured on; of more, every k-th step (the rows' `stride`)."""
COARSE = 4
"""The step of the coarse truth that learned rollouts are put beside, in steps of the world."""
FAR = 0.05
"""The share of the start radius beyond which a position is far off."""


def evaluate(worlds: Sequence[World], settings: EvaluateSettings) -> list[Row]:
    """The rows of each world with each of the weights and engines; the baselines are measured on the same states."""
    rows: list[Row] = []
    with one_thread():
        entered = [_entered(world, settings) for world in worlds]
        for world, engines in zip(worlds, entered, strict=True):
            judgement = judged(world, engines, settings)
            differs = complaint(world, settings, judgement.test_set)
            if differs is not None:
                print(differs, file=sys.stderr)
            rows += judgement.rows()
    return rows


def _entered(world: World, settings: EvaluateSettings) -> Engines:
    """Who is judged on a world: constant velocity, the weights, and the engines of settings.engines."""
    its_guests = guests(world, settings.engines, settings.seed, settings.weights)
    learned = contestants(world, settings.weights, settings.seed, alone=not its_guests)
    return {CONSTANT_VELOCITY: ConstantVelocity(world.dt), **learned, **its_guests}


def judged(world: World, engines: Engines, settings: EvaluateSettings) -> Judgement:
    """Measure engines by model, constant velocity among them, on the scenes of one world."""
    stride = max(1, settings.scenes * settings.steps // STATES)
    errors = dict.fromkeys(engines, SquaredErrors())
    first: Trajectory | None = None
    seconds, checksum = 0.0, Checksum()
    with tqdm(desc=f"evaluate {world.name}", unit="step", leave=False, disable=None) as bar:
        bar.total = _work(settings, len(engines), stride)
        for truth, took in _truths(world, settings, bar.update):
            checksum.add(truth)
            if first is None:
                first, seconds = truth, took
            for model, engine in engines.items():
                errors[model] += one_step_errors(engine, truth, stride, bar.update)
        assert first is not None
        outcomes = _outcomes(world, engines, first, bar.update)
    return Judgement(
        world=world,
        labels=settings.labels(world),
        test_set=checksum.label,
        scenes=settings.scenes,
        stride=stride,
        one_step={model: inf if isnan(error.mean) else error.mean for model, error in errors.items()},
        outcomes=outcomes,
        truth=compared(first, first, world.energies, seconds),
        limit=FAR * _start_radius(world, first.scene),
    )


def _truths(world: World, settings: EvaluateSettings, advance: Advance) -> Iterator[tuple[Trajectory, float]]:
    """The true trajectories, part by part, so that only one part is held at a time beside the first; seconds a step."""
    for start in range(0, settings.scenes, TOGETHER):
        scenes = world.scenes(settings.seed, min(TOGETHER, settings.scenes - start), start)
        began = perf_counter()
        truth = rollout(world.engine(), Scene.batch_of(scenes), settings.steps)
        yield truth, (perf_counter() - began) / settings.steps
        advance(settings.steps)


def _outcomes(world: World, engines: Engines, truth: Trajectory, advance: Advance) -> dict[str, Outcome]:
    """The free rollouts by model, and the truth's own in coarse steps where the steps suffice for one."""
    outcomes = {model: outcome(engine, truth, world.energies, advance) for model, engine in engines.items()}
    if truth.steps >= COARSE:
        coarse = replace(world, dt=COARSE * world.dt)
        outcomes[f"truth_{COARSE}dt"] = outcome(coarse.engine(), truth, world.energies, advance, COARSE)
    return outcomes


def _work(settings: EvaluateSettings, engines: int, stride: int) -> int:
    """How many steps all of it takes."""
    parts = -(-settings.scenes // TOGETHER)
    one_step = parts * (settings.steps + engines * -(-settings.steps // stride))
    return one_step + engines * settings.steps + settings.steps // COARSE


def _start_radius(world: World, scenes: Scene) -> float:
    """How far from the centre of its scene's moving bodies one starts at most, in metres, or what the world says."""
    if world.start_radius is not None:
        return world.start_radius
    moves = scenes.inverse_mass > 0  # walls and pins reach farther than what moves between them
    return _reach(scenes, moves) or _reach(scenes, torch.ones_like(moves))  # a body alone has no reach


def _reach(scenes: Scene, counted: Tensor) -> float:
    """How far an object that is counted [N] lies from the centre of those of its scene at most."""
    parts = scenes.pos[counted].split(scenes.owners[counted].bincount().tolist())
    return max(float(torch.linalg.vector_norm(part - part.mean(dim=0), dim=-1).max()) for part in parts if len(part))
