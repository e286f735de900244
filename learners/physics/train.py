"""From a world and settings to weights."""

from __future__ import annotations

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
from physim.learner import TrainSettings
from physim.scenes.files import load_trajectory
from physim.scenes.scene import RELATION_KINDS, SHAPE_KINDS, Scene
from physim.scenes.trajectory import Trajectory
from physim.worlds import World


def train(world: World, settings: TrainSettings) -> Path:
    """Train one configuration on a world's data, with progress, early reports and checkpoints; write the weights.

    Under `torchrun` every process takes its part of each batch, and gradients are averaged.
    """
    if settings.config not in CONFIGS:
        raise PhysimError(f"config must be one of {', '.join(CONFIGS)}, got '{settings.config}'")
    if settings.threads:
        torch.set_num_threads(settings.threads)
    fabric = Fabric(accelerator="cpu", devices="auto" if _launched() else 1, precision=settings.precision)
    fabric.launch()
    trajectory = _trajectory(world, settings)
    data = OneSteps(trajectory, _columns(world, trajectory.scene))
    training = Training(data, settings, world.dt, fabric)
    training.run()
    if fabric.is_global_zero:
        terms = _terms(world, settings, data, training)
        LearnedEngine(training.graph.float(), terms).save(settings.out)
        settings.checkpoint.unlink(missing_ok=True)
    return settings.out


def _launched() -> bool:
    return torch.distributed.is_torchelastic_launched()


def _trajectory(world: World, settings: TrainSettings) -> Trajectory:
    if settings.data is None:
        scenes = Scene.batch_of(world.scenes(settings.seed, settings.scenes))
        return rollout(world.engine(), scenes, settings.steps, progress=True)
    trajectory = load_trajectory(settings.data)
    made_by = trajectory.metadata
    seed = made_by.get("seed", 0)
    if seed >= TEST_SEEDS_FROM:
        raise PhysimError(f"data: {settings.data} was made with seed {seed}; from {TEST_SEEDS_FROM} on they are for tests")
    if made_by.get("dt") != world.dt or made_by.get("name") != world.name:
        raise PhysimError(
            f"data: {settings.data} comes from the world {made_by.get('name')} with dt {made_by.get('dt')}, "
            f"wanted {world.name} with dt {world.dt}"
        )
    return trajectory


def _columns(world: World, scene: Scene) -> tuple[str, ...]:
    """The attributes that messages may depend on: mass and what the world adds; for shapes what contacts depend on."""
    touching = bool((scene.shape != SHAPE_KINDS.index("point")).any())
    return ("mass", *(("elasticity", "friction") if touching else ()), *world.columns)


def _terms(world: World, settings: TrainSettings, data: OneSteps, training: Training) -> Terms:
    provenance = {
        "world": world.metadata,
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
        relation_kinds=tuple(RELATION_KINDS[number] for number in data.scene.edge_kind.unique().tolist()) or ("pair",),
        provenance=provenance,
        bodies=int(data.counts[0]) if settings.config == "mlp" else None,
    )
