"""From a world and settings to weights."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
from lightning_fabric import Fabric

from learners.physics.configs import CONFIGS
from learners.physics.data import OneSteps
from learners.physics.training import Training
from physim.checks import TEST_SEEDS_FROM
from physim.engines.learned import LearnedEngine, Terms
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.learner import Precision, TrainSettings
from physim.scene_inputs import kinds_read
from physim.scenes.files import load_trajectory
from physim.scenes.scene import POINT, SHAPE_KINDS, Scene
from physim.scenes.trajectory import Trajectory
from physim.worlds import World


def train(world: World, settings: TrainSettings) -> Path:
    """Train one configuration on a world's data, with progress, early reports and checkpoints; write the weights.

    The losses of all updates stand beside the weights, in a CSV file. Under `torchrun` every process takes its part of
    each batch, and gradients are averaged: where scenes are of one size, the losses are those of a single process.
    """
    if settings.config not in CONFIGS:
        raise PhysimError(f"config must be one of {', '.join(CONFIGS)}, got '{settings.config}'")
    if settings.threads:
        torch.set_num_threads(settings.threads)
    with _processes(settings) as fabric:
        _train(world, settings, fabric)
    return settings.out


def _train(world: World, settings: TrainSettings, fabric: Fabric) -> None:
    trajectory = _trajectory(world, settings, progress=fabric.is_global_zero)
    data = OneSteps(trajectory, _columns(world, trajectory.scene))
    training = Training(data, settings, world, fabric)
    training.run()
    if fabric.is_global_zero:
        terms = _terms(world, settings, data, training)
        LearnedEngine(training.graph.float(), terms).save(settings.out)
        settings.checkpoint.unlink(missing_ok=True)


@contextmanager
def _processes(settings: TrainSettings) -> Iterator[Fabric]:
    """One process, or as many as `torchrun` launched, on processors."""
    launched = torch.distributed.is_torchelastic_launched()
    processes, here = (int(os.environ[name]) if launched else 1 for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    # Fabric's own 64-true would round the losses to float32; the graph is float64 already
    precision: Precision = "32-true" if settings.precision == "64-true" else settings.precision
    fabric = Fabric(accelerator="cpu", devices=here, num_nodes=processes // here, precision=precision)
    fabric.launch()
    try:
        yield fabric
    finally:
        if processes > 1:
            # gloo's threads need Python's lock to let go of the last tensors: they get it now, and whatever else holds
            # the group goes first, because its end would wait for them with the lock held
            gc.collect()
            time.sleep(0.1)
            torch.distributed.destroy_process_group()


def _trajectory(world: World, settings: TrainSettings, progress: bool) -> Trajectory:
    """The data, with the identity of the world that made it as its metadata."""
    if settings.data is None:
        scenes = Scene.batch_of(world.scenes(settings.seed, settings.scenes))
        return replace(rollout(world.engine(), scenes, settings.steps, progress=progress), metadata=world.metadata)
    trajectory = load_trajectory(settings.data)
    made_by = trajectory.metadata
    seed = made_by.get("seed", 0)
    if seed >= TEST_SEEDS_FROM:
        raise PhysimError(
            f"data: {settings.data} was made with seed {seed}; from {TEST_SEEDS_FROM} on they are for tests"
        )
    for field in ("name", "dt", "position_rule"):
        got, wanted = made_by.get(field), world.metadata[field]
        if got != wanted:
            raise PhysimError(f"data: {settings.data} comes from a world whose {field} is {got}, wanted {wanted}")
    if made_by.get("source") != world.metadata["source"]:
        raise PhysimError(
            f"data: {settings.data} was made by other code of {world.name} than today's: generate it again"
        )
    made = {key: made_by.get(key) for key in world.metadata}
    if progress and made["parameters"] != world.parameters:
        print(f"the world's parameters are those of {settings.data}: {made['parameters']}", file=sys.stderr)
    return replace(trajectory, metadata=made)


def _columns(world: World, scene: Scene) -> tuple[str, ...]:
    """The attributes that messages may depend on: mass and what the world adds; for shapes what contacts depend on."""
    touching = bool((scene.shape != POINT).any())
    return ("mass", *(("elasticity", "friction") if touching else ()), *world.columns)


def _terms(world: World, settings: TrainSettings, data: OneSteps, training: Training) -> Terms:
    provenance = {
        "world": data.world,
        "config": settings.config,
        "seed": settings.seed,
        "scenes": data.scenes,
        "steps": data.steps,
        "updates": training.progress.updates,
        "minutes": round(training.progress.seconds / 60, 2),
        "curve": training.progress.curve,
    }
    return Terms(
        dt=world.dt,
        position_rule=world.position_rule,
        columns=data.columns,
        shape_kinds=tuple(SHAPE_KINDS[number] for number in data.scene.shape.unique().tolist()),
        relation_kinds=kinds_read(training.graph),
        provenance=provenance,
        bodies=int(data.counts[0]) if settings.config == "mlp" else None,
        damping=float(data.scene.damping[0]),
    )
