"""Energies and momentum of whole scenes: our abstraction network beside the paper's MLP, for equal minutes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from learners.physics.energy_data import TOGETHER, States, scenes_batch
from learners.physics.energy_training import MODELS, trained
from physim.abstraction import ENERGIES, QUANTITIES
from physim.checks import TEST_SEEDS_FROM
from physim.engines.rollout import rollout
from physim.graph import ModuleGraph
from physim.learner import TrainSettings
from physim.reports import Row, row
from physim.scenes.scene import Scene
from physim.threads import one_thread
from physim.worlds import World

Errors = Mapping[str, float]
"""Mean squares by quantity: those of QUANTITIES that are energies, and "momentum", the mean of both axes."""

STEPS = 1000
"""Steps of each scene, as in the paper."""
TEST_SCENES, STRIDE = 200, 10
"""Unseen scenes, and every how many of their steps count."""
AGAINST = "mlp"
PAPER = {
    ("nbody", "abstraction_network"): 1.4,
    ("nbody", "mlp"): 19.0,
    ("strings", "abstraction_network"): 1.1,
    ("strings", "mlp"): 425.0,
}
"""The errors of the potential energy in arXiv:1612.00222, section 5, by world and model; their unit is not known."""


def energy_rows(world: World, minutes: float, scenes: int, seed: int) -> list[Row]:
    """Train network and MLP for `minutes` each on `scenes` scenes of `seed`; their errors on 200 unseen scenes.

    Their files are kept nowhere: what is interrupted starts again.
    """
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        settings = TrainSettings(
            Path(folder) / "energy.safetensors", minutes=minutes, seed=seed, scenes=scenes, steps=STEPS, threads=1
        )
        states = states_of(world, seed, scenes, STEPS)
        graphs = {model: trained(states, replace(settings, config=model), world) for model in MODELS}
        unseen = states_of(world, TEST_SEEDS_FROM, TEST_SCENES, STEPS)
        errors = {model: mean_squared_errors(graph, unseen) for model, graph in graphs.items()}
    labels: Row = {"world": world.name, "minutes": minutes, "training_scenes": scenes, "scenes": TEST_SCENES}
    return [made | labels for made in _rows(world, errors, variances(unseen))]


def states_of(world: World, seed: int, scenes: int, steps: int) -> States:
    """The states of the first scenes of a seed."""
    return States(world, rollout(world.engine(), Scene.batch_of(world.scenes(seed, scenes)), steps, progress=True))


@torch.no_grad()
def mean_squared_errors(graph: ModuleGraph, states: States) -> Errors:
    """The mean squared error of each quantity on every STRIDE-th state of each scene."""
    states.steps.serve(graph)
    ticks, scenes = _counted(states)
    total = torch.zeros(len(QUANTITIES), dtype=torch.float64)
    for part in torch.arange(len(scenes)).split(states.steps.at_most(TOGETHER)):
        inputs, targets = states.examples(scenes[part], ticks[part])
        total += (graph(scenes_batch(graph, inputs)) - targets["quantities"]).square().sum(0)
    return _named(total / len(scenes))


def variances(states: States) -> Errors:
    """The error of one who knows nothing but the mean, on the states that `mean_squared_errors` counts."""
    ticks, scenes = _counted(states)
    return _named(states.quantities[ticks, scenes].var(0, correction=0))


def _counted(states: States) -> tuple[Tensor, Tensor]:
    ticks = torch.arange(0, states.steps.steps, STRIDE)
    return ticks.repeat_interleave(states.scenes), torch.arange(states.scenes).repeat(len(ticks))


def _named(squares: Tensor) -> Errors:
    energies = dict(zip(QUANTITIES[:ENERGIES], squares[:ENERGIES].tolist(), strict=True))
    return energies | {"momentum": float(squares[ENERGIES:].mean())}


def _share(error: float, variance: float) -> float | None:
    """The error as a share of the variance; None of a quantity that never changes."""
    return error / variance if variance else None


def _rows(world: World, errors: Mapping[str, Errors], spread: Errors) -> Iterator[Row]:
    """A row for each model and quantity; those of the MLP are put beside nothing."""
    for model, its in errors.items():
        for quantity, error in its.items():
            against = None if model == AGAINST else AGAINST
            unit = "kg2 m2/s2" if quantity == "momentum" else "J2"
            labels: Row = {"model": model, "quantity": quantity, "share_of_variance": _share(error, spread[quantity])}
            labels["paper"] = PAPER.get((world.name, model)) if quantity == "potential" else None
            yield row("energy_mse", error, unit, against, errors[AGAINST][quantity] if against else None) | labels
