"""Small data for trainings of a few updates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from learners.physics.data import OneSteps
from physim.engines.rollout import rollout
from physim.graph import ModuleGraph
from physim.interaction import interaction_network
from physim.scenes.scene import Scene
from physim.scenes.trajectory import Trajectory
from worlds.nbody import NBody


@pytest.fixture(scope="session")
def trajectory() -> Trajectory:
    """Ten scenes of three bodies, twelve steps each."""
    world = NBody(bodies=3)
    return rollout(world.engine(), Scene.batch_of(world.scenes(seed=1, count=10)), 12)


@pytest.fixture(scope="session")
def mixed() -> Trajectory:
    """Six scenes of two to four bodies, of which one hangs still."""
    scenes = [NBody(bodies=bodies).scene(seed=bodies) for bodies in (2, 4, 3, 2, 3, 4)]
    for scene in scenes:
        scene.body_type[0] = 2
    return rollout(NBody().engine(), Scene.batch_of(scenes), 7)


@pytest.fixture
def serve() -> Callable[..., OneSteps]:
    """The examples of a trajectory as a graph reads them."""

    def make(trajectory: Trajectory, graph: ModuleGraph | None = None) -> OneSteps:
        data = OneSteps(trajectory, ("mass",))
        data.serve(graph or interaction_network())
        return data

    return make


@pytest.fixture
def tensors_of() -> Callable[[Path], dict[str, torch.Tensor]]:
    """The tensors in a safetensors file."""
    from safetensors.torch import load_file

    return load_file
