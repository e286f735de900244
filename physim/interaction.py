"""The interaction network and its relatives, as module graphs over the fields of a scene."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.geometry import Contact, Geometry, Link, Separation
from physim.graph import ModuleGraph, Port, Relations, added, builder, exchanged, joined, receivers, senders, summed
from physim.normalisers import Percentiles
from physim.relation_models import MLP, Differences, Drift, Motion, SymmetricMessage, Traits, Velocity

OUTPUTS = ("velocity", "velocity_change")
"""What a graph for an engine may predict: the name of its output's node."""
TRAITS = 4
"""How many numbers code what an object is."""
RELATIONS = ("pairs", "springs", "pins", "contacts")
"""The sets of relations that our interaction network knows; those that bodies feel from afar come first."""


@builder("interaction_network")
def interaction_network(
    columns: Sequence[str] = ("mass",),
    relations: Sequence[str] = ("pairs",),
    contact_dt: float | None = None,
    external: bool = False,
    damped: bool = False,
    rounds: int = 2,
) -> ModuleGraph:
    """Our interaction network: symmetric vector messages, exchanged between the two ends of each relation.

    Bodies first feel what acts from afar, through the `relations` "pairs", "springs" and "pins", and (`external`) their
    scene's gravity, and (`damped`) its drag. Then, in `rounds` rounds by one module, they collide along "contacts",
    knowing how their velocity has changed in this step so far: a body at rest on another does not fall into it. A
    contact needs `contact_dt`, the world's dt, for the gap after a free step. `columns` are the attributes of objects
    that messages may depend on. It reads positions only as differences, conserves momentum between bodies by
    construction, and runs for any number of bodies. Output: "velocity_change" [N, 2] in m/s.
    """
    _check(relations, contact_dt)
    net = ModuleGraph()
    pos, vel, inverse_mass = net.input("pos"), net.input("vel"), net.input("inverse_mass")
    touching = "contacts" in relations
    traits = net.add("traits", Traits(len(columns), TRAITS, touching), net.input("columns"), inverse_mass)
    parts: list[Port] = []
    far = [_felt(net, kind, pos, vel, traits) for kind in RELATIONS if kind in relations and kind != "contacts"]
    if far:
        parts.append(net.add("motion", Motion(), _total(far), inverse_mass))
    if external:
        drag = (vel,) if damped else ()
        parts.append(net.add("drift", Drift(32, damped), net.input("external"), inverse_mass, *drag))
    if touching and contact_dt is not None:
        shape = joined(pos, vel, net.input("extent"), net.input("radius"))
        _collide(net, parts, shape, traits, inverse_mass, Contact(contact_dt), rounds)
    net.returns(net.add("velocity_change", torch.nn.Identity(), _total(parts)))
    return net


def _check(relations: Sequence[str], contact_dt: float | None) -> None:
    unknown = sorted(set(relations) - set(RELATIONS))
    if unknown or not relations:
        raise PhysimError(f"relations: an interaction network takes some of {RELATIONS}, got {list(relations)}")
    if ("contacts" in relations) != (contact_dt is not None):
        raise PhysimError(f"contact_dt: wanted for the relations 'contacts' and only then, got {contact_dt}")


def _felt(net: ModuleGraph, kind: str, pos: Port, vel: Port, traits: Port) -> Port:
    """The impulses [N, 2] that come from afar along one kind of relations."""
    along = net.relations(kind)
    if kind == "pairs":
        return _exchanged(net, kind, Separation(), (senders(pos, along), receivers(pos, along)), traits, along)
    state = joined(pos, vel)
    ends = senders(state, along), receivers(state, along), along.attributes
    return _exchanged(net, kind, Link(), ends, traits, along)


def _exchanged(
    net: ModuleGraph, name: str, geometry: Geometry, reads: Sequence[Port], traits: Port, along: Relations
) -> Port:
    direction, features = net.add(f"{name}_geometry", geometry, *reads, outputs=2)
    message = SymmetricMessage(geometry.features, TRAITS)
    ends = senders(traits, along), receivers(traits, along)
    return exchanged(net.add(f"{name}_model", message, direction, features, *ends))


def _total(parts: Sequence[Port]) -> Port:
    return parts[0] if len(parts) == 1 else added(*parts)


def _collide(
    net: ModuleGraph, parts: list[Port], shape: Port, traits: Port, inverse_mass: Port, geometry: Contact, rounds: int
) -> None:
    """Add to `parts` the changes of velocity by contacts, round by round; all rounds share their modules."""
    contacts = net.relations("contacts")
    message, bounce = SymmetricMessage(geometry.features, TRAITS), Motion(sudden=True)
    ends = senders(traits, contacts), receivers(traits, contacts)
    for number in range(1, rounds + 1):
        body = joined(shape, _total(parts)) if parts else shape
        direction, features = net.add(
            f"contacts_geometry_{number}", geometry, senders(body, contacts), receivers(body, contacts), outputs=2
        )
        impulse = net.add(f"contacts_model_{number}", message, direction, features, *ends)
        parts.append(net.add(f"bounce_{number}", bounce, exchanged(impulse), inverse_mass))


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
