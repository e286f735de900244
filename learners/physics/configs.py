"""What can be trained: a graph, its losses and its recipe, by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from learners.physics.acting import Acting
from learners.physics.data import OneSteps
from learners.physics.losses import EffectSize, ImpulseError, MotionError, VelocityError
from learners.physics.unread import rubbing_and_spin
from physim.contacts import near
from physim.errors import PhysimError
from physim.geometry import Contact
from physim.graph import Edges, Loss, ModuleGraph
from physim.interaction import interaction_network, interaction_variant, mlp, paper_interaction_network, predicted
from physim.normalisers import measuring
from physim.relation_models import Measured
from physim.rigid import rigid_bodies
from physim.scene_inputs import KINDS_READ, Inputs, fields_read, read_by
from physim.scenes.scene import CIRCLE, PAIR, POLYGON, RELATION_KINDS, Scene
from physim.worlds.base import World
from physim.yardsticks import equivariant_network, particle_simulator

REACH = 4.0
"""How far apart surfaces may stay in a step and still act, in parts of what the usual change of velocity carries."""
ROUNDING = 1e-12
"""Changes of velocity of this share or less are rounding."""
FAR = 0.5
"""The share of its radius that a disc crosses in a step, over which several may hit one another within it."""


@dataclass(frozen=True)
class Config:
    """A recipe: Adam from `rate` down to a thousandth on a cosine over the whole training, `batch` examples an update.

    `noise` is the paper's: a fifth of the examples get Gaussian noise of this share of the data's deviation on their
    positions and velocities; the fifth falls to none between 2.5 % and 12.5 % of the training. `walk` is that of
    particle simulators (arXiv:2002.09405): all velocities get noise of this share, all the time, and positions have
    moved along with it. Either way the true next velocity is still the target. `balanced` draws half of each batch from
    states in which much happens. `window` steps are run freely from each example, with a loss on every one. `shaken`
    simulates half of the scenes from states in the middle of things, shaken a little. `fine` learns the substeps of the
    simulator, of which engines take as many as make a step. Gradients longer than `clip` are shortened.
    """

    build: Callable[[OneSteps, World], ModuleGraph]
    losses: Callable[[ModuleGraph, OneSteps], Sequence[Loss]]
    batch: int
    rate: float
    minutes: float
    noise: float = 0.0
    walk: float = 0.0
    balanced: bool = False
    window: int = 1
    shaken: bool = False
    fine: bool = False
    clip: float = math.inf


def _design(data: OneSteps, world: World) -> dict[str, Any]:
    """What acts in a world, as our networks are told: columns, relations, contact_dt, external."""
    acting = Acting.of(world, data.scene)
    return {
        "columns": list(data.columns),
        "relations": list(acting.relations),
        "contact_dt": world.dt if acting.shapes else None,
        "external": acting.external,
    }


def _best(data: OneSteps, world: World, rounds: int = 4) -> ModuleGraph:
    damped = Acting.of(world, data.scene).damping
    return interaction_network(**_design(data, world), damped=damped, rounds=rounds)


def _rigid(data: OneSteps, world: World, rounds: int = 12) -> ModuleGraph:
    if world.forces is not None:
        raise PhysimError(
            "config rigid: its network knows no forces between pairs that do not touch, the world has some"
        )
    reach = REACH * data.typical_change * world.dt
    joints, damped = bool((data.scene.edge_kind != PAIR).any()), bool((data.scene.damping != 1).any())
    return rigid_bodies(dt=world.dt, reach=reach, rounds=rounds, joints=joints, damped=damped)


def _variant(data: OneSteps, world: World, **changes: object) -> ModuleGraph:
    damped = Acting.of(world, data.scene).damping
    return interaction_variant(design=_design(data, world) | {"damped": damped} | changes)


def _gns(data: OneSteps, world: World) -> ModuleGraph:
    return particle_simulator(**_design(data, world))


def _egnn(data: OneSteps, world: World) -> ModuleGraph:
    return equivariant_network(**_design(data, world))


def _paper(data: OneSteps, world: World, change: bool = False) -> ModuleGraph:
    acting, scene = Acting.of(world, data.scene), data.scene
    known = sorted({PAIR, *scene.edge_kind.unique().tolist()})
    plain = known == [PAIR] and not acting.shapes
    kinds = [] if plain else [RELATION_KINDS[kind] for kind in known if kind < len(KINDS_READ)]
    return paper_interaction_network(kinds=kinds, external=acting.external, change=change)


def _dynamics_only(data: OneSteps, world: World) -> ModuleGraph:
    return paper_interaction_network(relations=False, external=Acting.of(world, data.scene).external)


def _mlp(data: OneSteps, world: World) -> ModuleGraph:
    acting = Acting.of(world, data.scene)
    return mlp(bodies=data.one_size("config mlp"), shapes=acting.shapes, external=acting.external)


def _best_losses(graph: ModuleGraph, data: OneSteps) -> Sequence[Loss]:
    return [ImpulseError(predicted(graph), 0.1 * _usual_impulse(data), 0.05 * data.typical_change)]


def _motion_losses(graph: ModuleGraph, data: OneSteps) -> Sequence[Loss]:
    return [MotionError(predicted(graph), 0.1 * data.typical_change)]


def _paper_losses(graph: ModuleGraph, data: OneSteps) -> Sequence[Loss]:
    return [VelocityError(predicted(graph), data.typical_change), EffectSize(graph["relation_model"], 1e-7)]


def _velocity_losses(graph: ModuleGraph, data: OneSteps) -> Sequence[Loss]:
    return [VelocityError(predicted(graph), data.typical_change)]


BEST = Config(_best, _best_losses, batch=128, rate=3e-3, minutes=20, balanced=True)
PAPER = Config(_paper, _paper_losses, batch=100, rate=1e-3, minutes=120, noise=0.05)
FINE = replace(BEST, fine=True)
RIGID = Config(_rigid, _motion_losses, batch=128, rate=3e-3, minutes=60, balanced=True, shaken=True, clip=1.0)
CANDIDATES = {
    "best": BEST,
    "paper": PAPER,
    "mlp": Config(_mlp, _velocity_losses, batch=100, rate=1e-3, minutes=5),
    "dynamics_only": Config(_dynamics_only, _velocity_losses, batch=100, rate=1e-3, minutes=2),
    "asymmetric": replace(BEST, build=partial(_variant, messages="asymmetric")),
    "plain": replace(BEST, build=partial(_variant, messages="plain")),
    "gap_now": replace(BEST, build=partial(_variant, ahead=False)),
    "one_round": replace(BEST, build=partial(_best, rounds=1)),
    "two_rounds": replace(BEST, build=partial(_best, rounds=2)),
    "eight_rounds": replace(BEST, build=partial(_best, rounds=8)),
    "unbalanced": replace(BEST, balanced=False),
    "squares": replace(BEST, losses=_velocity_losses),
    "noise": replace(BEST, walk=3e-4),
    "windows": replace(BEST, window=4),
    "gns": replace(BEST, build=_gns, losses=_velocity_losses, walk=3e-4),
    "egnn": replace(BEST, build=_egnn),
    "egnn_squares": replace(BEST, build=_egnn, losses=_velocity_losses),
    "paper_change": replace(PAPER, build=partial(_paper, change=True)),
}
"""What is measured against one another on worlds whose bodies do not turn: the rows of a table."""
CONFIGS = {**CANDIDATES, "rigid": RIGID, "fine": FINE}
"""All that can be trained, by name: `best`, the baselines, and the candidates for `best` measured beside it."""


def config_named(name: str, scene: Scene, simulated: bool = False) -> Config:
    """The configuration of a name; "best" is "rigid" for scenes in which bodies turn and rub.

    Where bodies go `FAR` in a step, "best" is "fine" if the data are yet to be `simulated`, and "rigid" if they are
    there, for whole steps.
    Raises: PhysimError where there is none.
    """
    if name not in CONFIGS:
        raise PhysimError(f"config must be one of {', '.join(CONFIGS)}, got '{name}'")
    if name == "best" and (bool((scene.shape == POLYGON).any()) or "spin" in rubbing_and_spin(scene)):
        name = "rigid"
    elif name == "best" and _far(scene):
        name = "fine" if simulated else "rigid"
    return CONFIGS[name]


def _far(scene: Scene) -> bool:
    """Whether bodies go so far in a step, at the start, that several may hit one another within it."""
    discs = (scene.shape == CIRCLE) & (scene.inverse_mass > 0)
    shares = scene.dt[scene.owners] * scene.vel.norm(dim=-1) / scene.radius
    return bool((shares[discs] > FAR).any())


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
    given: Inputs = {name: inputs[name] for name in fields_read(graph)}
    for name in graph.relation_names:
        given[name] = Edges(inputs[name], inputs.get(f"{name}.attributes"))
    return read_by(graph, near(graph, given))


def _usual_impulse(data: OneSteps) -> float:
    """The median impulse that a moving body receives in a step; the mean square's root where that is nothing.

    What damping takes from velocities is not counted, unless nothing else happens: it would hide the rest.
    """
    kept = data.kept, torch.ones_like(data.kept)
    tries = (_impulses(data, share, stride) for share in kept for stride in (10, 1))  # collisions may be rare
    impulse = next(found for found in tries if bool((found > 0).any()))
    median = float(impulse.median())
    return median if median > 1e-6 * float(impulse.max()) else float(impulse.square().mean().sqrt())


def _impulses(data: OneSteps, kept: Tensor, stride: int) -> Tensor:
    """What moving bodies receive in every `stride`-th step [T, M] beside what keeps a share [N, 1] of their speed."""
    before, after = data.vel[:-1:stride], data.vel[1::stride]
    change = (after - kept * before).norm(dim=-1)
    change = torch.where(change > ROUNDING * before.norm(dim=-1), change, 0.0)
    return (change * data.scene.mass)[:, data.static["moves"][:, 0] > 0]
