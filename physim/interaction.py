"""The interaction network and its relatives, as module graphs over the fields of a scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, final

import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.geometry import Contact, Geometry, Link, Separation
from physim.graph import ModuleGraph, Port, Relations, added, builder, exchanged, joined, receivers, senders, summed
from physim.motion import PREDICTIONS
from physim.normalisers import Percentiles
from physim.relation_models import MLP, Differences, Drift, Motion, SymmetricMessage, Traits, Velocity, VelocityChange
from physim.scene_inputs import ATTRIBUTES, OUTLINE, both_ways, directed
from physim.variants import ContactNow, OneWayMessage, PlainMessage

TRAITS = 4
"""How many numbers code what an object is."""
RELATIONS = ("pairs", "springs", "pins", "contacts")
"""The sets of relations that our interaction network knows; those that bodies feel from afar come first."""
FREE = "free"
"""The node of a graph whose port is the change of velocity before contacts, where anything changes it."""
MESSAGES = ("exchanged", "asymmetric", "plain")
"""How messages are made: one for both ends of a relation, or one for each end; with a form or as plain components."""


@dataclass(frozen=True)
class Design:
    """What our interaction network is made of; every field can be told in JSON.

    `messages` other than "exchanged" go each way for themselves and are summed at their receivers, so momentum need not
    be kept. With `ahead`, contacts know the gap after a free step, else the gap now.
    """

    columns: Sequence[str] = ("mass",)
    relations: Sequence[str] = ("pairs",)
    contact_dt: float | None = None
    external: bool = False
    damped: bool = False
    rounds: int = 4
    messages: str = MESSAGES[0]
    ahead: bool = True

    def __post_init__(self) -> None:
        check_relations(self.relations, self.contact_dt)
        if self.rounds < 1:
            raise PhysimError(f"rounds must be at least 1, got {self.rounds}")
        if self.messages not in MESSAGES:
            raise PhysimError(f"messages must be one of {', '.join(MESSAGES)}, got '{self.messages}'")

    @property
    def far(self) -> list[str]:
        """The relations by which bodies feel each other from afar."""
        return [kind for kind in RELATIONS if kind in self.relations and kind != "contacts"]


@builder("interaction_network")
def interaction_network(
    columns: Sequence[str] = ("mass",),
    relations: Sequence[str] = ("pairs",),
    contact_dt: float | None = None,
    external: bool = False,
    damped: bool = False,
    rounds: int = 4,
) -> ModuleGraph:
    """Our interaction network: symmetric vector messages, exchanged between the two ends of each relation.

    Bodies first feel what acts from afar, through the `relations` "pairs", "springs" and "pins", and (`external`) their
    scene's gravity, and (`damped`) its drag; the node "free" is their sum. Then, in `rounds` rounds by one module, they
    collide along "contacts", knowing how their velocity has changed in this step so far: a body at rest on another does
    not fall into it. A contact needs `contact_dt`, the world's dt, for the gap after a free step. `columns` are the
    attributes of objects that messages may depend on. It reads positions only as differences, conserves momentum
    between bodies by construction, and runs for any number of bodies. Output: "velocity_change" [N, 2] in m/s.
    """
    return _assembled(Design(columns, relations, contact_dt, external, damped, rounds))


@builder("interaction_variant")
def interaction_variant(design: Mapping[str, Any]) -> ModuleGraph:
    """Our interaction network by another design, to be measured against it: `design` holds fields of `Design`."""
    unknown = sorted(set(design) - {field.name for field in fields(Design)})
    if unknown:
        raise PhysimError(f"design: an interaction network has no {', '.join(unknown)}")
    return _assembled(Design(**design))


def _assembled(design: Design) -> ModuleGraph:
    net = ModuleGraph()
    pos, vel, inverse_mass = net.input("pos"), net.input("vel"), net.input("inverse_mass")
    touching = design.contact_dt is not None
    traits = net.add("traits", Traits(len(design.columns), TRAITS, touching), net.input("columns"), inverse_mass)
    messages = _Messages(net, traits, design)
    parts: list[Port] = []
    far = [messages.felt(kind, pos, vel) for kind in design.far]
    if far:
        parts.append(net.add("motion", Motion(), total(far), inverse_mass))
    if design.external:
        drag = (vel,) if design.damped else ()
        parts.append(net.add("drift", Drift(32, design.damped), net.input("external"), inverse_mass, *drag))
    if parts:
        parts = [net.add(FREE, torch.nn.Identity(), total(parts))]
    if design.contact_dt is not None:
        contact = Contact(design.contact_dt) if design.ahead else ContactNow(design.contact_dt)
        shape = joined(pos, vel, net.input("extent"), net.input("radius"))
        messages.collide(parts, shape, inverse_mass, contact)
    net.returns(net.add("velocity_change", torch.nn.Identity(), total(parts)))
    return net


def check_relations(relations: Sequence[str], contact_dt: float | None) -> None:
    """Raise PhysimError unless `relations` are some of RELATIONS, with `contact_dt` for contacts and only then."""
    unknown = sorted(set(relations) - set(RELATIONS))
    if unknown or not relations:
        raise PhysimError(f"relations: an interaction network takes some of {RELATIONS}, got {list(relations)}")
    if ("contacts" in relations) != (contact_dt is not None):
        raise PhysimError(f"contact_dt: wanted for the relations 'contacts' and only then, got {contact_dt}")


def total(parts: Sequence[Port]) -> Port:
    """The sum of one or more ports."""
    return parts[0] if len(parts) == 1 else added(*parts)


@final
@dataclass(frozen=True)
class _Messages:
    """Adds to a graph what passes along its relations."""

    net: ModuleGraph
    traits: Port
    design: Design

    def felt(self, kind: str, pos: Port, vel: Port) -> Port:
        """The impulses [N, 2] that come from afar along one kind of relations."""
        along = self._along(kind)
        state, geometry = (pos, Separation()) if kind == "pairs" else (joined(pos, vel), Link())
        reads = [senders(state, along), receivers(state, along)]
        if kind != "pairs":
            reads.append(along.attributes)
        direction, features = self.net.add(f"{kind}_geometry", geometry, *reads, outputs=2)
        return self._passed(f"{kind}_model", self._model(geometry), along, direction, features)

    def collide(self, parts: list[Port], shape: Port, inverse_mass: Port, geometry: Contact | ContactNow) -> None:
        """Add to `parts` the changes of velocity by contacts, round by round; all rounds share their modules."""
        contacts = self._along("contacts")
        model, bounce = self._model(geometry), Motion(sudden=True)
        for number in range(1, self.design.rounds + 1):
            body = joined(shape, total(parts)) if parts else shape
            direction, features = self.net.add(
                f"contacts_geometry_{number}", geometry, senders(body, contacts), receivers(body, contacts), outputs=2
            )
            impulse = self._passed(f"contacts_model_{number}", model, contacts, direction, features)
            parts.append(self.net.add(f"bounce_{number}", bounce, impulse, inverse_mass))

    def _along(self, kind: str) -> Relations:
        return self.net.relations(kind if self.design.messages == "exchanged" else both_ways(kind))

    def _model(self, geometry: Geometry) -> torch.nn.Module:
        made = {"exchanged": SymmetricMessage, "asymmetric": OneWayMessage, "plain": PlainMessage}
        return made[self.design.messages](geometry.features, TRAITS)

    def _passed(self, name: str, model: torch.nn.Module, along: Relations, direction: Port, features: Port) -> Port:
        ends = senders(self.traits, along), receivers(self.traits, along)
        message = self.net.add(name, model, direction, features, *ends)
        return exchanged(message) if self.design.messages == "exchanged" else summed(message)


@builder("paper_interaction_network")
def paper_interaction_network(
    relations: bool = True, kinds: Sequence[str] = (), external: bool = False, change: bool = False
) -> ModuleGraph:
    """The interaction network of arXiv:1612.00222, effects summed at the receiver; for n-body 82,052 parameters.

    Equations: e_k = f_R(b_k), p_j = f_O(c_j), b_k = [o_receiver - o_sender, attributes of receiver and sender,
    attributes of the relation], c_j = [v_j, external effects on j, sum of e_k at j]; f_R has 4 hidden layers of 150,
    f_O one of 100, effects have 50 numbers. An object's attributes are its inverse mass and, where `kinds` are named
    (of KINDS_READ, pairs among them), its outline; the attributes of its relations are those of `directed`. Without
    `relations` the effects are 0: the paper's dynamics-only baseline. Output: "velocity" [N, 2], the next velocity in
    m/s, or (`change`, not the paper's) "velocity_change".
    """
    net = ModuleGraph()
    reads = [net.input("vel")]
    if external:
        reads.append(net.input("external"))
    if relations:
        reads.append(summed(_effects(net, reads[0], kinds)))
    others = 50 if relations else 0
    if change:
        net.returns(net.add("velocity_change", VelocityChange(others, 100, external), *reads))
    else:
        net.returns(net.add("velocity", Velocity(others, 100, external), *reads))
    return net


def _effects(net: ModuleGraph, vel: Port, kinds: Sequence[str]) -> Port:
    """The effects e_k [E, 50] of the paper's relations, of one set whatever their kinds."""
    pos, attributes = net.input("pos"), net.input("inverse_mass")
    along = net.relations(directed(kinds) if kinds else "relations")
    differences = Differences(1 + OUTLINE, ATTRIBUTES) if kinds else Differences()
    if kinds:
        attributes = joined(attributes, net.input("outline"))
    state = joined(pos, vel)
    ends = [gather(port, along) for port in (state, attributes) for gather in (senders, receivers)]
    given = net.add("differences", differences, *ends, *([along.attributes] if kinds else []))
    return net.add("relation_model", MLP(differences.features, 150, 150, 150, 150, 50), given)


@builder("mlp")
def mlp(bodies: int, shapes: bool = False, external: bool = False) -> ModuleGraph:
    """The paper's MLP on all objects at once: 2 hidden layers of 300 over the flattened scene of `bodies` bodies.

    It reads position, velocity and inverse mass, with `shapes` outline and elasticity, with `external` gravity. Output:
    "velocity" [N, 2]. It fits one number of bodies and knows no symmetry.
    """
    net = ModuleGraph()
    wanted = ["pos", "vel", "inverse_mass"]
    wanted += ["outline", "elasticity"] if shapes else []
    wanted += ["external"] if external else []
    features = 5 + (OUTLINE + 1) * shapes + 2 * external
    objects = joined(*(net.input(name) for name in wanted))
    net.returns(net.add("velocity", AllObjects(bodies, features), objects))
    return net


@final
class AllObjects(torch.nn.Module):
    """An MLP over the objects of a scene in a row.

    Shapes: [B * bodies, F] (position, velocity and the rest) -> next velocity [B * bodies, 2].
    """

    def __init__(self, bodies: int, features: int = 5) -> None:
        super().__init__()
        self.row = bodies * features
        self.normal = Percentiles(features)
        self.core = MLP(self.row, 300, 300, 2 * bodies)

    def forward(self, objects: Tensor) -> Tensor:
        given = self.normal(objects.to(self.normal.scale.dtype))
        predicted = self.core(given.reshape(-1, self.row)).reshape(-1, 2)
        return predicted * self.normal.scale[2:4] + self.normal.centre[2:4]


def predicted(graph: ModuleGraph) -> Port:
    """The one output of a graph for an engine, named 'velocity' or 'velocity_change'; any other graph is refused."""
    names = [port.name for port in graph.outputs]
    if len(names) != 1 or names[0] not in PREDICTIONS:
        raise PhysimError(f"a graph for an engine gives one of {PREDICTIONS}, this one gives {names}")
    return graph.outputs[0]
