"""Graph networks from elsewhere that ours is measured against: a particle simulator and an equivariant network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from physim.geometry import SMALLEST, Contact, nearest, radii
from physim.graph import ModuleGraph, Port, Relations, added, builder, joined, receivers, senders, summed
from physim.interaction import check_relations, total
from physim.normalisers import Welford
from physim.relation_models import MLP, Measured, usual_change
from physim.scene_inputs import COLUMNS_READ, both_ways


@builder("particle_simulator")
def particle_simulator(
    columns: Sequence[str] = ("mass",),
    relations: Sequence[str] = ("pairs",),
    contact_dt: float | None = None,
    external: bool = False,
    rounds: int = 5,
    width: int = 64,
) -> ModuleGraph:
    """The encode-process-decode network of arXiv:2002.09405, on one velocity instead of its history of five.

    Encoder: h_i = f([v_i, attributes, external effects]), e_ij = f([relative position, its length, approach, ...]).
    Each of `rounds` rounds, with modules of its own: e'_ij = f(e_ij, h_i, h_j), h'_i = f(h_i, sum of e'_ij), added to
    what was. Decoder: the acceleration as a normalised change of velocity. All f are MLPs with 2 hidden layers of
    `width`, all but the decoder end in a LayerNorm; each kind of relations has its own. Output: "velocity_change".
    """
    scene = _Scene.of(relations, contact_dt)
    net = scene.net
    nodes = [scene.vel, net.input("columns"), scene.inverse_mass, *([net.input("external")] if external else [])]
    hidden = net.add("node_encoder", Encoder(3 + len(columns) + 2 * external, width), *nodes)
    edges = []
    for kind in relations:
        _, features, relative = scene.relative(kind, f"{kind}_geometry", scene.body, components=True)
        edges.append(net.add(f"{kind}_encoder", Encoder(relative.features, width), features))
    for number in range(1, rounds + 1):
        sums = []
        for place, kind in enumerate(relations):
            along, edge = scene.along[kind], edges[place]
            ends = senders(hidden, along), receivers(hidden, along)
            change = net.add(f"{kind}_edges_{number}", Block(3 * width, width), edge, *ends)
            edges[place] = added(edge, change)
            sums.append(summed(change))
        hidden = added(hidden, net.add(f"nodes_{number}", Block(2 * width, width), hidden, total(sums)))
    decoded = net.add("decoder", MLP(width, width, width, 2), hidden)
    net.returns(net.add("velocity_change", Scaled(), decoded, scene.inverse_mass))
    return net


@builder("equivariant_network")
def equivariant_network(
    columns: Sequence[str] = ("mass",),
    relations: Sequence[str] = ("pairs",),
    contact_dt: float | None = None,
    external: bool = False,
    layers: int = 3,
    width: int = 64,
) -> ModuleGraph:
    """The E(n)-equivariant network with velocities of arXiv:2102.09844, positions held within a step.

    Each layer: m_ij = f_e(h_i, h_j, invariants of relative position and velocity, relation attributes), v_i changes by
    f_v(h_i) v_i + f_g(h_i) g + the sum over j of f_x(m_ij) times the unit vector from j to i (g: external effects),
    h_i by f_h(h_i, sum of m_ij). Invariants see the velocities changed so far. Output: "velocity_change" [N, 2].
    """
    scene = _Scene.of(relations, contact_dt)
    net = scene.net
    vectors = [scene.vel, *([net.input("external")] if external else [])]
    hidden = net.add("encoder", Encoder(1 + len(columns), width), net.input("columns"), scene.inverse_mass)
    changes: list[Port] = []
    for number in range(1, layers + 1):
        sums, moved = [], [net.add(f"own_{number}", Combined(width, len(vectors)), hidden, *vectors)]
        body = scene.moving(changes)
        for kind in relations:
            along = scene.along[kind]
            direction, features, relative = scene.relative(kind, f"{kind}_geometry_{number}", body, components=False)
            block = Block(2 * width + relative.features, width)
            message = net.add(f"{kind}_{number}", block, senders(hidden, along), receivers(hidden, along), features)
            moved.append(summed(net.add(f"{kind}_vectors_{number}", Combined(width, 1), message, direction)))
            sums.append(summed(message))
        changes.append(net.add(f"change_{number}", Scaled(), total(moved), scene.inverse_mass))
        if number < layers:
            hidden = added(hidden, net.add(f"nodes_{number}", Block(2 * width, width), hidden, total(sums)))
    net.returns(net.add("velocity_change", nn.Identity(), total(changes)))
    return net


@final
@dataclass(frozen=True)
class _Scene:
    """The inputs of a graph, and its relations in both directions."""

    net: ModuleGraph
    pos: Port
    vel: Port
    inverse_mass: Port
    shape: tuple[Port, ...]
    along: dict[str, Relations]
    contact_dt: float | None

    @classmethod
    def of(cls, relations: Sequence[str], contact_dt: float | None) -> _Scene:
        check_relations(relations, contact_dt)
        net = ModuleGraph()
        pos, vel, inverse_mass = net.input("pos"), net.input("vel"), net.input("inverse_mass")
        shape = () if contact_dt is None else (net.input("extent"), net.input("radius"))
        along = {kind: net.relations(both_ways(kind)) for kind in relations}
        return cls(net, pos, vel, inverse_mass, shape, along, contact_dt)

    @property
    def body(self) -> Port:
        """Position, velocity and shape."""
        return joined(self.pos, self.vel, *self.shape)

    def moving(self, changes: Sequence[Port]) -> Port:
        """Bodies with their velocities changed."""
        return joined(self.pos, added(self.vel, *changes), *self.shape) if changes else self.body

    def relative(self, kind: str, name: str, body: Port, components: bool) -> tuple[Port, Port, Relative]:
        """Direction and features along one kind of relations, and the module that gives them."""
        along = self.along[kind]
        linked = kind in ("springs", "pins")
        dt = self.contact_dt if kind == "contacts" else None
        module = Relative(len(COLUMNS_READ) if linked else 0, dt, components)
        reads = [senders(body, along), receivers(body, along), *([along.attributes] if linked else [])]
        direction, features = self.net.add(name, module, *reads, outputs=2)
        return direction, features, module


@final
class Relative(nn.Module):
    """How two bodies lie and move to one another: unit vector to the receiver, and features.

    Features: the distance between surfaces, log of that between the points nearest to one another, how fast they
    approach and move at all; with `components`, relative position and velocity; the relations' attributes.
    Shapes: bodies at both ends [E, 4] or [E, 7], attributes [E, A] where there are any -> [E, 2], [E, features].
    """

    def __init__(self, attributes: int, dt: float | None, components: bool) -> None:
        super().__init__()
        self.components = components
        self.features = 4 + 4 * components + attributes
        self.normal = Welford(self.features)
        self.contact = None if dt is None else Contact(dt)  # says which contacts are near

    def forward(self, sender: Tensor, receiver: Tensor, *attributes: Tensor) -> tuple[Tensor, Tensor]:
        apart, moving = receiver[:, :2] - sender[:, :2], receiver[:, 2:4] - sender[:, 2:4]
        inside = torch.zeros_like(apart[:, :1])
        if self.contact is not None:
            apart, inside = nearest(sender, receiver, 0.0), radii(sender, receiver)
            if self.normal.measuring:
                self.contact(sender, receiver)
        distance = apart.norm(dim=-1, keepdim=True).clamp(min=SMALLEST)
        direction = apart / distance
        approach = -(moving * direction).sum(-1, keepdim=True)
        parts = [distance - inside, distance.log(), approach, (moving.square().sum(-1, keepdim=True) + SMALLEST).sqrt()]
        parts += [apart, moving] if self.components else []
        dtype = self.normal.scale.dtype
        return direction.to(dtype), self.normal(torch.cat([*parts, *attributes], dim=-1).to(dtype))


@final
class Block(nn.Module):
    """An MLP with 2 hidden layers and a LayerNorm, on values side by side.

    Shapes: [items, ...] of `inputs` features in all -> [items, width].
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.core = MLP(inputs, width, width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, *values: Tensor) -> Tensor:
        return self.norm(self.core(torch.cat(values, dim=-1)))


@final
class Encoder(nn.Module):
    """A block on normalised values.

    Shapes: [items, ...] of `inputs` features in all -> [items, width].
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.normal = Welford(inputs)
        self.block = Block(inputs, width)

    def forward(self, *values: Tensor) -> Tensor:
        return self.block(self.normal(torch.cat([value.to(self.normal.scale.dtype) for value in values], dim=-1)))


@final
class Combined(nn.Module):
    """Vectors, each times a number that an MLP of the hidden state gives, added: it turns as the vectors turn.

    Shapes: hidden [items, width], vectors [items, 2] each -> [items, 2].
    """

    def __init__(self, width: int, vectors: int) -> None:
        super().__init__()
        self.core = MLP(width, width, vectors)
        with torch.no_grad():
            for parameter in self.core[-1].parameters():
                parameter.mul_(0.01)  # vectors are in any unit: they begin small

    def forward(self, hidden: Tensor, *vectors: Tensor) -> Tensor:
        shares = self.core(hidden).split(1, dim=-1)
        return torch.stack([share * vector.to(share.dtype) for share, vector in zip(shares, vectors, strict=True)]).sum(
            0
        )


@final
class Scaled(Measured):
    """A change of velocity in the scale of those in the data; what cannot move stays.

    Shapes: [N, 2], inverse_mass [N, 1] -> [N, 2].
    """

    def forward(self, change: Tensor, inverse_mass: Tensor) -> Tensor:
        return change * self.log_scale.exp() * (inverse_mass > 0)

    def measure(self, change: Tensor, inverse_mass: Tensor) -> None:
        self.log_scale.copy_(usual_change(change, inverse_mass).log())
