"""Examples for abstraction models: states of scenes, each with the energies and the momentum that it has."""

from __future__ import annotations

from dataclasses import replace
from typing import final

import numpy as np
import torch
from torch import Tensor

from learners.physics.acting import Acting
from learners.physics.configs import graph_batch
from learners.physics.data import OneSteps
from learners.task import Examples
from physim import measures
from physim.abstraction import Abstract
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.normalisers import measuring
from physim.scene_inputs import Inputs
from physim.scenes.trajectory import Trajectory
from physim.worlds import World

TOGETHER = 4096
"""How many examples normalisers are measured on, and are run at once."""


@final
class States:
    """The states of a batch of trajectories of a world, as `OneSteps` has them, with their QUANTITIES.

    Shapes: quantities [T + 1, B, 5] float64.
    """

    def __init__(self, world: World, trajectory: Trajectory) -> None:
        self.steps = OneSteps(replace(trajectory, metadata=world.metadata), Acting.of(world, trajectory.scene).columns)
        self.quantities = quantities_of(world, trajectory)

    @property
    def scenes(self) -> int:
        """How many scenes there are."""
        return self.steps.scenes

    def prepare(self, graph: ModuleGraph, seed: int, scenes: range) -> None:
        """Serve what a graph reads, and fill in its normalisers and scales from some of the scenes."""
        self.steps.serve(graph)
        drawn = self.steps.draw(np.random.default_rng((seed, 1)), self.steps.at_most(TOGETHER), scenes)
        inputs, targets = self.examples(*drawn)
        with measuring(graph):
            graph(scenes_batch(graph, inputs))
        for module in graph.modules():
            if isinstance(module, Abstract):
                module.measure(targets["quantities"])

    def examples(self, scenes: Tensor, ticks: Tensor) -> Examples:
        """Inputs of states by scene and tick [B], with each body's scene in "batch"; the target "quantities" [B, 5]."""
        inputs, targets = self.steps.examples(scenes, ticks)
        return inputs | {"batch": targets["scene"]}, {"quantities": self.quantities[ticks, scenes]}


def scenes_batch(graph: ModuleGraph, inputs: dict[str, Tensor]) -> Inputs:
    """The part of examples' inputs that a graph reads, which pools bodies by their scene."""
    return graph_batch(graph, inputs) | {"batch": inputs["batch"]}


def quantities_of(world: World, trajectory: Trajectory) -> Tensor:
    """The true QUANTITIES of each state of each scene [T + 1, B, 5].

    Raises: PhysimError where the world's forces have no potential.
    """
    energies = world.energies(trajectory)
    if energies is None:
        raise PhysimError(f"world: the forces of {world.name} have no potential, so there is no energy to learn")
    kinetic, potential = energies
    known = torch.stack([potential, kinetic, potential + kinetic], dim=-1)
    return torch.cat([known, measures.momentum(trajectory)], dim=-1)
