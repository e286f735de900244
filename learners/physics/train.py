"""From a world and settings to weights."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from learners.physics.acting import Acting
from learners.physics.configs import CONFIGS, config_named
from learners.physics.data import OneSteps
from learners.physics.shaken import shaken
from learners.physics.training import EngineTask
from learners.physics.unread import unread
from learners.physics.windows import examples_of, windows_of
from learners.training import run_training
from physim.checks import TEST_SEEDS_FROM
from physim.engines.learned import LearnedEngine, Terms, surfaces
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.learner import TrainSettings
from physim.scene_inputs import kinds_read
from physim.scenes.files import load_trajectory
from physim.scenes.scene import SHAPE_KINDS, Scene
from physim.scenes.shards import shards_of
from physim.worlds import World


def train(world: World, settings: TrainSettings) -> Path:
    """Train one configuration on a world's data, with progress, early reports and checkpoints; write the weights.

    The losses of all updates stand beside the weights, in a CSV file. Under `torchrun` every process takes its part of
    each batch, and gradients are averaged: where scenes are of one size, the losses are those of a single process.
    """

    def make(fabric: Fabric) -> EngineTask:
        first = fabric.is_global_zero
        task = _task(world, settings, progress=first)
        if first and settings.data is not None and config_named(settings.config, task.held.scene, simulated=True).fine:
            print(
                "bodies go far in a step, and data hold whole steps: without --data, the simulator's own are learned, "
                "and engines are far better",
                file=sys.stderr,
            )
        missed = unread(task.graph, task.held.columns, task.held.scene)
        if first and missed:
            names = " and no ".join(missed)
            print(f"config {settings.config} reads no {names}: what comes of it is not learned", file=sys.stderr)
        return task

    def save(task: EngineTask, provenance: Mapping[str, Any]) -> None:
        LearnedEngine(task.graph.float(), _terms(world, task, provenance)).save(settings.out)

    run_training(make, settings, save)
    return settings.out


def _task(world: World, settings: TrainSettings, progress: bool) -> EngineTask:
    """What is learned, and the data that it is learned from."""
    if settings.data is not None and settings.config in CONFIGS and CONFIGS[settings.config].fine:
        raise PhysimError(f"config {settings.config}: its data are simulated for it alone, got data {settings.data}")
    if settings.resume and not settings.checkpoint.exists():  # said before scenes are simulated, not after
        raise PhysimError(f"--resume: there is no checkpoint {settings.checkpoint} to go on from")
    if settings.data is not None and settings.data.is_dir():
        return _task_of_shards(world, settings, settings.data, progress)
    if settings.memory is not None:
        raise PhysimError(f"memory: only data in a folder can be kept within a limit, but data is {settings.data}")
    if settings.data is None:
        scenes = world.scenes(settings.seed, settings.scenes)
        config = config_named(settings.config, Scene.batch_of(scenes), simulated=True)
        if config.shaken:
            scenes = shaken(scenes, world, settings.seed)
        if config.fine:
            world, scenes = _finer(world, scenes, progress)
        trajectory = rollout(world.engine(), Scene.batch_of(scenes), settings.steps, progress=progress)
    else:
        trajectory = load_trajectory(settings.data)
        world = _maker(world, settings.data, trajectory.metadata, progress)
    trajectory = replace(trajectory, metadata=world.metadata)
    return EngineTask(OneSteps(trajectory, Acting.of(world, trajectory.scene).message_columns), settings, world)


def _finer(world: World, scenes: Sequence[Scene], progress: bool) -> tuple[World, list[Scene]]:
    """The world and its scenes in the steps that its simulator takes."""
    fine = replace(world, dt=world.dt / world.substeps, substeps=1)
    if progress:
        print(
            f"bodies go far in a step of {world.dt:g} s: learned are steps of {fine.dt:g} s, of which the engine takes "
            f"{world.substeps}, and so many of them are the steps of a scene",
            file=sys.stderr,
        )
    dt = torch.tensor([fine.dt], dtype=torch.float64)
    return fine, [scene.moved(dt=dt) for scene in scenes]


def _task_of_shards(world: World, settings: TrainSettings, folder: Path, progress: bool) -> EngineTask:
    """The task on a folder of shards, of which as many are in memory as the limit allows."""
    shards = shards_of(folder)
    world = _maker(world, folder, shards[0].metadata, progress)
    windows = windows_of(world, shards, settings)
    data = examples_of(world, shards) if windows is None else windows.read(0)
    return EngineTask(data, settings, world, windows)


def _constant(scene: Scene, columns: Sequence[str]) -> dict[str, float]:
    """The columns, of those that tell of masses and surfaces, that have one value in all scenes."""
    found = {name: surfaces(scene, name).tolist() for name in ("mass", "elasticity", "friction") if name in columns}
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _maker(world: World, path: Path, made_by: Mapping[str, Any], progress: bool) -> World:
    """The world with the parameters that data were made with; data for tests or of another world are refused."""
    seed = made_by.get("seed", 0)
    if seed >= TEST_SEEDS_FROM:
        raise PhysimError(f"data: {path} was made with seed {seed}; from {TEST_SEEDS_FROM} on they are for tests")
    _check_same(world, path, made_by, "name")
    parameters = made_by.get("parameters", {})
    if parameters != world.parameters:
        if progress:
            print(f"the world's parameters are those of {path}: {parameters}", file=sys.stderr)
        world = replace(world, **{name: value for name, value in parameters.items() if name in world.parameters})
    if made_by.get("source") != world.metadata["source"]:
        raise PhysimError(f"data: {path} was made by other code of {world.name} than today's: generate it again")
    for field in ("dt", "position_rule"):
        _check_same(world, path, made_by, field)
    return world


def _check_same(world: World, path: Path, made_by: Mapping[str, Any], field: str) -> None:
    got, wanted = made_by.get(field), world.metadata[field]
    if got != wanted:
        raise PhysimError(f"data: {path} comes from a world whose {field} is {got}, wanted {wanted}")


def _terms(world: World, task: EngineTask, provenance: Mapping[str, Any]) -> Terms:
    data = task.held
    made_of = {"world": data.world, "scenes": task.scenes, "steps": data.steps}
    return Terms(
        dt=world.dt,
        position_rule=task.world.position_rule,
        columns=data.columns,
        shape_kinds=tuple(SHAPE_KINDS[number] for number in data.scene.shape.unique().tolist()),
        relation_kinds=kinds_read(task.graph),
        provenance={**made_of, **provenance},
        bodies=int(data.counts[0]) if provenance["config"] == "mlp" else None,
        damping=float(data.scene.damping[0]),
        steps=round(world.dt / task.world.dt),
        constant=_constant(data.scene, data.columns),
    )
