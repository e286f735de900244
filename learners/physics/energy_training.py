"""The training of models that see a whole scene's energies and momentum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from learners.physics.acting import Acting
from learners.physics.energy_data import States, scenes_batch
from learners.physics.training import identity_of, reported_on, split
from learners.task import Examples, Task, built
from learners.training import run_training
from physim.abstraction import Abstract, abstraction_mlp, abstraction_network
from physim.errors import PhysimError
from physim.graph import Loss, ModuleGraph, Port, losses_of, save_graph
from physim.learner import TrainSettings
from physim.worlds import World


@final
class QuantityError(Loss):
    """The mean squared error of a scene's quantities [B, 5], each in its `scale` [5]."""

    def __init__(self, port: Port, scale: Tensor) -> None:
        super().__init__("quantities", port)
        self.scale = scale

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return ((values[0] - targets["quantities"]) / self.scale).square().mean()


@final
class QuantityObjective(nn.Module):
    """An abstraction graph with its loss, as one module that gives the losses [1]."""

    def __init__(self, graph: ModuleGraph) -> None:
        super().__init__()
        self.graph = graph
        scale = next(module.scale for module in graph.modules() if isinstance(module, Abstract))
        self.loss = QuantityError(graph["quantities"], scale)

    def forward(self, inputs: dict[str, Tensor], targets: dict[str, Tensor]) -> Tensor:
        losses, _ = losses_of(self.graph, [self.loss], scenes_batch(self.graph, inputs), targets)
        return losses[self.loss.name][None]


@dataclass(frozen=True)
class Recipe:
    """A graph, and the rate that Adam starts from."""

    build: Callable[[World, States], ModuleGraph]
    rate: float


@final
class EnergyTask(Task):
    """One of MODELS, and the states that it learns from."""

    graph: ModuleGraph
    batch = 128
    minutes = 3.0

    def __init__(self, states: States, settings: TrainSettings, world: World) -> None:
        if settings.config not in MODELS:
            raise PhysimError(f"config must be one of {', '.join(MODELS)}, got '{settings.config}'")
        recipe = MODELS[settings.config]
        self.states, self.seed, self.rate = states, settings.seed, recipe.rate
        self.identity = identity_of(states.steps)
        self.learned, self.unseen = split(states.scenes)
        self.graph = built(lambda: recipe.build(world, states), settings)
        states.prepare(self.graph, settings.seed, self.learned)
        self.objective = QuantityObjective(self.graph)
        self.loss_names = [self.objective.loss.name]

    def examples(self, update: int, done: float, part: slice) -> Examples:
        rng = np.random.default_rng((self.seed, 0, update))
        scenes, ticks = self.states.steps.draw(rng, self.batch, self.learned)
        return self.states.examples(scenes[part], ticks[part])

    def figures(self) -> dict[str, float]:
        """The mean squared error of the quantities on scenes not learned from, as a share of their variance."""
        steps, rng = self.states.steps, np.random.default_rng((self.seed, 2))
        drawn = self.states.examples(*steps.draw(rng, steps.at_most(2048), self.unseen))
        with torch.no_grad():
            return {"share_of_variance": float(self.objective(*drawn))}

    def sentence(self, figures: Mapping[str, float]) -> str:
        return f"{figures['share_of_variance']:.2e} of the variance on {reported_on(self.states.scenes)}"


def trained(states: States, settings: TrainSettings, world: World) -> ModuleGraph:
    """Train the model that `settings.config` names on states of a world, and write its weights, as `train` does.

    Raises: PhysimError where there is no such model, or the loss is no longer finite.
    """

    def save(task: EnergyTask, provenance: Mapping[str, Any]) -> None:
        save_graph(settings.out, task.graph, {"world": dict(world.metadata), **provenance})

    return run_training(lambda fabric: EnergyTask(states, settings, world), settings, save).graph


def _network(world: World, states: States) -> ModuleGraph:
    acting = Acting.of(world, states.steps.scene)
    return abstraction_network(
        columns=list(acting.columns), relations=list(acting.energy_relations), external=acting.gravity
    )


def _mlp(world: World, states: States) -> ModuleGraph:
    acting = Acting.of(world, states.steps.scene)
    return abstraction_mlp(
        bodies=states.steps.one_size("an MLP"), columns=list(acting.columns), external=acting.gravity
    )


MODELS = {"abstraction_network": Recipe(_network, rate=1e-2), "mlp": Recipe(_mlp, rate=1e-3)}
"""What can be trained, by name; of 1e-3 and 3e-3, 1e-3 serves the MLP better on both worlds together."""
