"""Scenes and untrained networks that the tests of networks share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from physim.graph import ModuleGraph
from physim.normalisers import measuring
from physim.scene_inputs import graph_inputs
from physim.scenes.scene import Scene

Prediction = Callable[[ModuleGraph, Scene], Tensor]
SceneMaker = Callable[..., Scene]


def _shapes(graph: ModuleGraph) -> bool:
    return bool({"extent", "outline"} & set(graph.inputs))


@pytest.fixture
def crowd() -> SceneMaker:
    """Bodies at random places, circles and two walls among them where `shapes` are wanted."""

    def make(bodies: int = 5, seed: int = 0, shapes: bool = False) -> Scene:
        random = torch.Generator().manual_seed(seed)
        pos, vel = torch.randn(2, bodies, 2, generator=random, dtype=torch.float64) * 10
        mass = torch.rand(bodies, generator=random, dtype=torch.float64) + 0.5
        if not shapes:
            return Scene.of(pos, vel, mass)
        kinds = torch.ones(bodies, dtype=torch.int64)
        kinds[-2:] = 2
        extent = torch.randn(bodies, 2, generator=random, dtype=torch.float64) * (kinds == 2)[:, None]
        radius = torch.rand(bodies, generator=random, dtype=torch.float64)
        still = (kinds == 2).long() * 2
        return Scene.of(
            pos, vel * (still == 0)[:, None], mass * (still == 0), shape=kinds, extent=extent, radius=radius,
            body_type=still, elasticity=radius, friction=radius,
        )  # fmt: skip

    return make


@pytest.fixture
def prediction() -> Prediction:
    """What a graph says about a scene, with the columns that worlds of its kind have."""

    def predict(graph: ModuleGraph, scene: Scene) -> Tensor:
        columns = ("mass", "elasticity", "friction") if _shapes(graph) else ("mass",)
        output: Tensor = graph(graph_inputs(graph, scene, columns))
        return output.detach()

    return predict


@pytest.fixture
def settled(crowd: SceneMaker, prediction: Prediction) -> Callable[[ModuleGraph], ModuleGraph]:
    """A graph whose normalisers have measured some scenes."""

    def settle(graph: ModuleGraph) -> ModuleGraph:
        with measuring(graph):
            prediction(graph, Scene.batch_of([crowd(5, seed, _shapes(graph)) for seed in range(8)]))
        return graph

    return settle
