"""The interaction network and its relatives, as module graphs over the fields of a scene."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.graph import Edges, ModuleGraph, Port, added, builder, exchanged, joined, receivers, senders, summed
from physim.normalisers import Percentiles
from physim.relation_models import (
    MLP,
    Contact,
    Differences,
    Drift,
    Motion,
    Separation,
    SymmetricMessage,
    Traits,
    Velocity,
)
from physim.scenes.edges import undirected
from physim.scenes.scene import PAIR, RELATION_KINDS, Scene

OUTPUTS = ("velocity", "velocity_change")
"""What a graph for an engine may predict: the name of its output's node."""
RELATIONS_READ = (RELATION_KINDS[PAIR],)
"""The kinds of relations that reach a graph."""


@builder("interaction_network")
def interaction_network(
    columns: Sequence[str] = ("mass",),
    contact_dt: float | None = None,
    external: bool = False,
    width: int = 64,
    depth: int = 2,
) -> ModuleGraph:
    """Our interaction network: symmetric vector messages, exchanged between the two ends of each pair.

    `columns` are the attributes of objects that messages may depend on. With `contact_dt` (the world's dt) shapes may
    touch, and the gap after a free step is among the features; with `external`, bodies also feel their scene's gravity
    and their own velocity. It reads positions only as differences, conserves momentum between bodies by construction,
    and runs for any number of bodies. Output: "velocity_change" [N, 2] in m/s.
    """
    net = ModuleGraph()
    pos, vel, pairs = net.input("pos"), net.input("vel"), net.relations("pairs")
    traits = net.add("traits", Traits(len(columns), 4), net.input("columns"))
    inverse_mass = net.input("inverse_mass")
    geometry: Separation | Contact
    if contact_dt is None:
        geometry, body = Separation(), pos
    else:
        geometry, body = Contact(contact_dt), joined(pos, vel, net.input("extent"), net.input("radius"))
    direction, features = net.add("geometry", geometry, senders(body, pairs), receivers(body, pairs), outputs=2)
    message = SymmetricMessage(geometry.features, 4, width, depth)
    impulse = net.add("relation_model", message, direction, features, senders(traits, pairs), receivers(traits, pairs))
    if not external:
        net.returns(net.add("velocity_change", Motion(), exchanged(impulse), inverse_mass))
        return net
    pushed = net.add("object_model", Motion(), exchanged(impulse), inverse_mass)
    drifted = net.add("drift", Drift(32), vel, net.input("external"), inverse_mass)
    net.returns(net.add("velocity_change", torch.nn.Identity(), added(pushed, drifted)))
    return net


@builder("paper_interaction_network")
def paper_interaction_network(relations: bool = True) -> ModuleGraph:
    """The interaction network of arXiv:1612.00222 for n-body: 82,052 parameters, effects summed at the receiver.

    Equations: e_k = f_R([o_receiver - o_sender, 1/m_receiver, 1/m_sender]), p_j = f_O([v_j, sum of e_k at j]); f_R has
    4 hidden layers of 150, f_O one of 100, effects have 50 numbers. Without `relations` the effects are 0: the paper's
    dynamics-only baseline. Output: "velocity" [N, 2], the next velocity in m/s.
    """
    net = ModuleGraph()
    vel = net.input("vel")
    if not relations:
        net.returns(net.add("velocity", Velocity(0, 100), vel))
        return net
    pos, inverse_mass, directed = net.input("pos"), net.input("inverse_mass"), net.relations("relations")
    state = joined(pos, vel)
    differences = net.add(
        "differences",
        Differences(),
        senders(state, directed),
        receivers(state, directed),
        senders(inverse_mass, directed),
        receivers(inverse_mass, directed),
    )
    effects = net.add("relation_model", MLP(Differences.features, 150, 150, 150, 150, 50), differences)
    net.returns(net.add("velocity", Velocity(50, 100), vel, summed(effects)))
    return net


@builder("mlp")
def mlp(bodies: int) -> ModuleGraph:
    """The paper's MLP on all objects at once: 2 hidden layers of 300 over the flattened scene of `bodies` bodies.

    Output: "velocity" [N, 2]. It fits one number of bodies and knows no symmetry.
    """
    net = ModuleGraph()
    objects = joined(net.input("pos"), net.input("vel"), net.input("inverse_mass"))
    net.returns(net.add("velocity", AllObjects(bodies), objects))
    return net


class AllObjects(torch.nn.Module):
    """An MLP over the objects of a scene in a row.

    Shapes: [B * bodies, 5] (position, velocity, inverse mass) -> next velocity [B * bodies, 2].
    """

    def __init__(self, bodies: int) -> None:
        super().__init__()
        self.bodies = bodies
        self.normal = Percentiles(5)
        self.core = MLP(5 * bodies, 300, 300, 2 * bodies)

    def forward(self, objects: Tensor) -> Tensor:
        given = self.normal(objects.to(self.normal.scale.dtype))
        predicted = self.core(given.reshape(-1, 5 * self.bodies)).reshape(-1, 2)
        return predicted * self.normal.scale[2:4] + self.normal.centre[2:4]


def predicted(graph: ModuleGraph) -> Port:
    """The one output of a graph for an engine, named 'velocity' or 'velocity_change'; any other graph is refused."""
    names = [port.name for port in graph.outputs]
    if len(names) != 1 or names[0] not in OUTPUTS:
        raise PhysimError(f"a graph for an engine gives one of {OUTPUTS}, this one gives {names}")
    return graph.outputs[0]


def precision(graph: torch.nn.Module) -> torch.dtype:
    """The kind of number that a graph computes with: that of its parameters."""
    return next((parameter.dtype for parameter in graph.parameters()), torch.float32)


def graph_inputs(graph: ModuleGraph, scene: Scene, columns: Sequence[str]) -> dict[str, Tensor | Edges]:
    """What a graph for an engine reads, from a scene or a batch of scenes.

    Shapes: pos, vel [N, 2] float64, the rest in the graph's own precision: columns [N, C], inverse_mass [N, 1], extent
    [N, 2], radius [N, 1], external [N, 2] (gravity); relations "pairs" (each pair once) or "relations" (both ways).
    Raises: PhysimError where a column is missing, the graph reads what a scene does not have, or something in the scene
    acts on its bodies that the graph does not read.
    """
    _check_all_is_read(graph, scene)
    inputs: dict[str, Tensor | Edges] = {}
    dtype = precision(graph)
    for name in graph.inputs:
        field = _field(name, scene, columns)
        inputs[name] = field if name in ("pos", "vel") else field.to(dtype)
    for name in graph.relation_names:
        if name not in ("pairs", "relations"):
            raise PhysimError(f"a scene has no relations '{name}' for this graph: wanted 'pairs' or 'relations'")
        index = scene.edge_index[:, scene.edge_kind == PAIR]
        index = undirected(index) if name == "pairs" else index
        moves = scene.inverse_mass > 0
        inputs[name] = Edges(index[:, moves[index[0]] | moves[index[1]]])
    return inputs


def _check_all_is_read(graph: ModuleGraph, scene: Scene) -> None:
    kinds = {RELATION_KINDS[number] for number in scene.edge_kind.unique().tolist()} - set(RELATIONS_READ)
    if kinds:
        raise PhysimError(f"edge_kind: a graph reads relations {list(RELATIONS_READ)}, got {sorted(kinds)} too")
    if "external" not in graph.inputs and bool((scene.gravity != 0).any() or (scene.damping != 1).any()):
        raise PhysimError(
            f"gravity: a graph without the input 'external' wants gravity 0 and damping 1, "
            f"got {scene.gravity.unique(dim=0).tolist()} and {scene.damping.unique().tolist()}"
        )
    if len(scene.damping.unique()) > 1:
        raise PhysimError(f"damping: a graph wants the same in all scenes, got {scene.damping.unique().tolist()}")
    if "extent" in graph.inputs and bool(((scene.extent != 0).any(-1) & (scene.angular_velocity != 0)).any()):
        raise PhysimError("angular_velocity: a graph takes segments for ones that do not turn, got some that do")


def _field(name: str, scene: Scene, columns: Sequence[str]) -> Tensor:
    if name in ("pos", "vel"):
        field: Tensor = scene[name]
        return field
    if name == "columns":
        missing = [column for column in columns if column not in scene]
        if missing:
            raise PhysimError(f"the scene lacks the columns {missing} that the weights read; it has {scene.columns}")
        return torch.stack([scene[column] for column in columns], dim=-1)
    if name == "inverse_mass":
        return scene.inverse_mass[:, None]
    if name == "radius":
        return scene.radius[:, None]
    if name == "extent":
        cos, sin = scene.angle.cos(), scene.angle.sin()
        along, up = scene.extent.unbind(-1)
        return torch.stack([cos * along - sin * up, sin * along + cos * up], dim=-1)
    if name == "external":
        batch = scene.batch if "batch" in scene else torch.zeros(len(scene.pos), dtype=torch.int64)
        return scene.gravity[batch]
    raise PhysimError(f"a scene has no field '{name}' for this graph")
