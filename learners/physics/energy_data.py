"""Examples for abstraction models: states of scenes, each with the energies and the momentum that it has."""

from __future__ import annotations

from typing import final

import numpy as np
import torch
from torch import Tensor

from learners.physics.configs import graph_batch
from learners.physics.data import OneSteps
from physim import measures
from physim.abstraction import Abstract
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.normalisers import measuring
from physim.scene_inputs import Inputs
from physim.scenes.scene import SPRING, Scene
from physim.scenes.trajectory import Trajectory
from physim.worlds import World

TOGETHER = 4096
"""How many examples normalisers are measured on, and are run at once."""


@final
class States:
    """The states of a batch of trajectories of a world, drawn as `OneSteps` draws them, with their QUANTITIES.

    Shapes: quantities [T + 1, B, 5] float64.
    """

    def __init__(self, world: World, trajectory: Trajectory) -> None:
        self.steps = OneSteps(trajectory, columns_of(world))
        self.quantities = quantities_of(world, trajectory)

    @property
    def scenes(self) -> int:
        """How many scenes there are."""
        return self.steps.scenes

    def prepare(self, graph: ModuleGraph, seed: int) -> None:
        """Serve what a graph reads, and fill in its normalisers and scales."""
        self.steps.serve(graph)
        rng = np.random.default_rng((seed, 1))
        inputs, quantities = self.draw(graph, rng, self.steps.at_most(TOGETHER))
        with measuring(graph):
            graph(inputs)
        for module in graph.modules():
            if isinstance(module, Abstract):
                module.measure(quantities)

    def draw(self, graph: ModuleGraph, rng: np.random.Generator, examples: int) -> tuple[Inputs, Tensor]:
        """What a graph reads of random states, and their quantities [examples, 5]."""
        return self.at(graph, *self.steps.draw(rng, examples, range(self.scenes)))

    def at(self, graph: ModuleGraph, scenes: Tensor, ticks: Tensor) -> tuple[Inputs, Tensor]:
        """What a graph reads of the states given by scene and tick [B], and their quantities [B, 5]."""
        inputs, targets = self.steps.examples(scenes, ticks)
        return graph_batch(graph, inputs) | {"batch": targets["scene"]}, self.quantities[ticks, scenes]


def quantities_of(world: World, trajectory: Trajectory) -> Tensor:
    """The true QUANTITIES of each state of each scene [T + 1, B, 5].

    Raises: PhysimError where the world's forces have no potential.
    """
    energies = measures.energies(trajectory, world.forces)
    if energies is None:
        raise PhysimError(f"world: the forces of {world.name} have no potential, so there is no energy to learn")
    kinetic, potential = energies
    known = torch.stack([potential, kinetic, potential + kinetic], dim=-1)
    return torch.cat([known, measures.momentum(trajectory)], dim=-1)


def columns_of(world: World) -> tuple[str, ...]:
    """The attributes of bodies that energies may depend on."""
    return ("mass", *world.columns)


def has_external(scene: Scene) -> bool:
    """Whether any scene has an external effect."""
    return bool((scene.gravity != 0).any())


def holders(world: World, scene: Scene) -> list[str]:
    """The sets of relations of a world's scenes that may hold energy."""
    acts = {"pairs": world.forces is not None, "springs": bool((scene.edge_kind == SPRING).any())}
    return [kind for kind, there in acts.items() if there] or ["pairs"]
