"""The training of models that see a whole scene's energies and momentum."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from learners.physics.energy_data import States, columns_of, has_external, holders
from physim.abstraction import Abstract, abstraction_mlp, abstraction_network
from physim.checks import TEST_SEEDS_FROM, check_positive, check_seed
from physim.errors import PhysimError
from physim.graph import Loss, ModuleGraph, Port, losses_of
from physim.scene_inputs import Inputs
from physim.worlds import World


@dataclass(frozen=True)
class EnergySettings:
    """A training ends after `minutes` or `updates`, whichever comes first; each update sees `batch` states."""

    minutes: float | None = 3.0
    updates: int | None = None
    seed: int = 0
    batch: int = 128

    def __post_init__(self) -> None:
        check_positive(minutes=self.minutes, updates=self.updates, batch=self.batch)
        check_seed(self.seed)
        if self.seed >= TEST_SEEDS_FROM:
            raise PhysimError(f"seed must be under {TEST_SEEDS_FROM} (the rest are for tests), got {self.seed}")
        if self.minutes is None and self.updates is None:
            raise PhysimError("minutes: a training wants minutes or updates, got neither")

    def share_done(self, updates: int, seconds: float) -> float:
        """How much of the training is over."""
        by_time = seconds / (60 * self.minutes) if self.minutes else 0.0
        return max(by_time, updates / self.updates if self.updates else 0.0)


@final
class QuantityError(Loss):
    """The mean squared error of a scene's quantities [B, 5], each in its `scale` [5]."""

    def __init__(self, port: Port, scale: Tensor) -> None:
        super().__init__("quantities", port)
        self.scale = scale

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return ((values[0] - targets["quantities"]) / self.scale).square().mean()


@dataclass(frozen=True)
class Recipe:
    """A graph, and the rate from which Adam goes down to a thousandth on a cosine."""

    build: Callable[[World, States], ModuleGraph]
    rate: float


def trained(model: str, world: World, states: States, settings: EnergySettings) -> ModuleGraph:
    """One of MODELS, trained on states of a world; update k draws its examples from (seed, k) alone.

    Raises: PhysimError where the loss is no longer finite.
    """
    recipe = MODELS[model]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # modules know no other way to draw their first weights
        graph = recipe.build(world, states)
    states.prepare(graph, settings.seed)
    loss = QuantityError(graph["quantities"], _scale(graph))
    optimiser = torch.optim.Adam(graph.parameters(), lr=recipe.rate, betas=(0.9, 0.99), eps=1e-12)
    updates, begun = 0, time.perf_counter()
    with tqdm(desc=f"train {model}", unit="update", total=settings.updates, leave=False, disable=None) as bar:
        while (done := settings.share_done(updates, time.perf_counter() - begun)) < 1:
            for group in optimiser.param_groups:
                group["lr"] = recipe.rate * (0.001 + 0.999 * 0.5 * (1 + math.cos(math.pi * done)))
            rng = np.random.default_rng((settings.seed, 0, updates))
            _update(graph, loss, optimiser, states.draw(graph, rng, settings.batch))
            updates += 1
            bar.update()
    return graph


def _update(graph: ModuleGraph, loss: Loss, optimiser: torch.optim.Optimizer, batch: tuple[Inputs, Tensor]) -> None:
    inputs, quantities = batch
    losses, _ = losses_of(graph, [loss], inputs, {"quantities": quantities})
    value = losses[loss.name]
    if not bool(value.isfinite()):
        raise PhysimError(f"the training diverged: its loss is {value.item()}")
    optimiser.zero_grad()
    value.backward()
    optimiser.step()


def _network(world: World, states: States) -> ModuleGraph:
    scene = states.steps.scene
    return abstraction_network(
        columns=list(columns_of(world)), relations=holders(world, scene), external=has_external(scene)
    )


def _mlp(world: World, states: States) -> ModuleGraph:
    sizes = states.steps.counts.unique().tolist()
    if len(sizes) != 1:
        raise PhysimError(f"an MLP wants scenes of one size, the data has scenes of {sizes} bodies")
    return abstraction_mlp(bodies=sizes[0], columns=list(columns_of(world)), external=has_external(states.steps.scene))


def _scale(graph: ModuleGraph) -> Tensor:
    return next(module.scale for module in graph.modules() if isinstance(module, Abstract))


MODELS = {"abstraction_network": Recipe(_network, rate=1e-2), "mlp": Recipe(_mlp, rate=1e-3)}
"""What can be trained, by name; of 1e-3 and 3e-3, 1e-3 serves the MLP better on both worlds together."""
