"""What can be trained: a graph, its losses and its recipe, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from learners.physics.data import OneSteps
from learners.physics.losses import EffectSize, ImpulseError, VelocityError
from physim.errors import PhysimError
from physim.geometry import Contact
from physim.graph import Edges, Loss, ModuleGraph
from physim.interaction import interaction_network, mlp, paper_interaction_network, predicted
from physim.normalisers import measuring
from physim.relation_models import Measured
from physim.scene_inputs import Inputs, near
from physim.scenes.scene import PIN, POINT, SPRING
from physim.worlds.base import World


@dataclass(frozen=True)
class Config:
    """A recipe: Adam from `rate` down to a thousandth on a cosine over the whole training, `batch` examples an update.

    `noise` is the paper's: a fifth of the examples get Gaussian noise of this share of the data's deviation on their
    positions and velocities; the fifth falls to none between 2.5 % and 12.5 % of the training. `balanced` draws half of
    each batch from states in which much happens.
    """

    build: Callable[[OneSteps, World], ModuleGraph]
    losses: Callable[[ModuleGraph, OneSteps], Sequence[Loss]]
    batch: int
    rate: float
    minutes: float
    noise: float = 0.0
    balanced: bool = False


def _best(data: OneSteps, world: World) -> ModuleGraph:
    scene = data.scene
    touching, damped = bool((scene.shape != POINT).any()), bool((scene.damping != 1).any())
    acts = {
        "pairs": world.forces is not None,
        "springs": bool((scene.edge_kind == SPRING).any()),
        "pins": bool((scene.edge_kind == PIN).any()),
        "contacts": touching,
    }
    return interaction_network(
        columns=list(data.columns),
        relations=[kind for kind, there in acts.items() if there] or ["pairs"],
        contact_dt=world.dt if touching else None,
        external=damped or bool((scene.gravity != 0).any()),
        damped=damped,
    )


def _best_losses(graph: ModuleGraph, data: OneSteps) -> Sequence[Loss]:
    return [ImpulseError(predicted(graph), 0.1 * _usual_impulse(data), 0.05 * data.typical_change)]


def _paper_losses(graph: ModuleGraph, data: OneSteps) -> Sequence[Loss]:
    return [VelocityError(predicted(graph), data.typical_change), EffectSize(graph["relation_model"], 1e-7)]


def _velocity_losses(graph: ModuleGraph, data: OneSteps) -> Sequence[Loss]:
    return [VelocityError(predicted(graph), data.typical_change)]


def _paper(data: OneSteps, world: World) -> ModuleGraph:
    return paper_interaction_network()


def _dynamics_only(data: OneSteps, world: World) -> ModuleGraph:
    return paper_interaction_network(relations=False)


def _mlp(data: OneSteps, world: World) -> ModuleGraph:
    sizes = data.counts.unique().tolist()
    if len(sizes) != 1:
        raise PhysimError(f"config mlp wants scenes of one size, the data has scenes of {sizes} bodies")
    return mlp(bodies=sizes[0])


CONFIGS = {
    "best": Config(_best, _best_losses, batch=128, rate=3e-3, minutes=20, balanced=True),
    "paper": Config(_paper, _paper_losses, batch=100, rate=1e-3, minutes=120, noise=0.05),
    "mlp": Config(_mlp, _velocity_losses, batch=100, rate=1e-3, minutes=5),
    "dynamics_only": Config(_dynamics_only, _velocity_losses, batch=100, rate=1e-3, minutes=2),
}


def prepared(graph: ModuleGraph, data: OneSteps, seed: int, scenes: range) -> ModuleGraph:
    """Fill in the normalisers of a graph from examples of some of the data's scenes."""
    with measuring(graph):
        drawn = data.draw(np.random.default_rng((seed, 1)), data.at_most(4096), scenes)
        inputs, targets = data.examples(*drawn)
        graph(graph_batch(graph, inputs))
        for module in graph.modules():
            if isinstance(module, Measured):
                module.measure(targets["velocity_change"], inputs["inverse_mass"])
            if isinstance(module, Contact):
                module.measure_reach()
    return graph


def graph_batch(graph: ModuleGraph, inputs: dict[str, torch.Tensor]) -> Inputs:
    """The part of an example's tensors that the graph reads, relations as `Edges`, contacts only where near."""
    given: Inputs = {name: inputs[name] for name in graph.inputs}
    for name in graph.relation_names:
        given[name] = Edges(inputs[name], inputs.get(f"{name}.attributes"))
    return near(graph, given)


def _usual_impulse(data: OneSteps) -> float:
    """The median impulse that a moving body receives in a step; the mean square's root where that is nothing."""
    moves = data.static["moves"][:, 0] > 0
    change = data.vel[1::10] - data.vel[:-1:10]
    impulse = (change.norm(dim=-1) * data.scene.mass)[:, moves]
    median = float(impulse.median())
    return median if median > 1e-6 * float(impulse.max()) else float(impulse.square().mean().sqrt())
