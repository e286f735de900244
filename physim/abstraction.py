"""Abstraction models: what a scene has as a whole, by a third module behind the relation and the object model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.geometry import SMALLEST, Geometry, Separation, turned
from physim.graph import ModuleGraph, Port, builder, joined, pooled, receivers, senders, summed
from physim.interaction import TRAITS
from physim.normalisers import Percentiles, Welford
from physim.relation_models import MLP, Traits

QUANTITIES = ("potential", "kinetic", "total", "momentum_x", "momentum_y")
"""The columns of what an abstraction graph gives: energies in joules, momentum in kg m/s."""
ENERGIES = 3
"""How many of the quantities are energies; they come first."""
AMOUNTS = 4
"""How many amounts each relation has, and each body by its place and by its motion."""
HELD = ("pairs", "springs")
"""The sets of relations that may hold energy."""


@builder("abstraction_network")
def abstraction_network(
    columns: Sequence[str] = ("mass",), relations: Sequence[str] = ("pairs",), external: bool = False
) -> ModuleGraph:
    """Our interaction network with an abstraction model: q = f_A(sum_j p_j) (arXiv:1612.00222, equation 5).

    A relation ("pairs", "springs") holds learned amounts, by how its ends lie; a body has some by how it moves and
    (`external`) some by where it lies along its scene's gravity. f_A is linear, so that a scene of two parts has the
    energies of both; the potential energy is made of places alone, the kinetic of motion alone, the total of all
    amounts. Positions are read only as differences, but for that place; momentum is made of vectors along and across
    the velocities. It runs for any number of bodies. Output: "quantities" [B, 5] (QUANTITIES), float64.
    """
    if not relations or set(relations) - set(HELD):
        raise PhysimError(f"relations: an abstraction network takes some of {HELD}, got {list(relations)}")
    net = ModuleGraph()
    pos, vel, inverse_mass = net.input("pos"), net.input("vel"), net.input("inverse_mass")
    traits = net.add("traits", Traits(len(columns), TRAITS, statics=True), net.input("columns"), inverse_mass)
    direction, speed = net.add("speed", Speed(), vel, inverse_mass, outputs=2)
    moving, momentum = net.add(
        "motion_model", Moving(TRAITS + Speed.features), joined(traits, speed), direction, inverse_mass, outputs=2
    )
    places = [_held(net, kind, pos, traits) for kind in HELD if kind in relations]
    if external:
        depth = net.add("depth", Depth(), pos, net.input("external"), inverse_mass)
        places.append(net.add("place_model", Placed(TRAITS + Depth.features), joined(traits, depth), inverse_mass))
    scene = pooled(joined(*places)), pooled(moving), pooled(momentum)
    net.returns(net.add("quantities", Abstraction(AMOUNTS * len(places)), *scene))
    return net


def _held(net: ModuleGraph, kind: str, pos: Port, traits: Port) -> Port:
    """The amounts [N, AMOUNTS] that one kind of relations holds, at their receivers."""
    along = net.relations(kind)
    geometry, attributes = (Separation(), ()) if kind == "pairs" else (Strain(), (along.attributes,))
    ends = senders(pos, along), receivers(pos, along)
    _, features = net.add(f"{kind}_geometry", geometry, *ends, *attributes, outputs=2)
    both = senders(traits, along), receivers(traits, along)
    return summed(net.add(f"{kind}_model", Held(geometry.features), features, *both))


@builder("abstraction_mlp")
def abstraction_mlp(bodies: int, columns: Sequence[str] = ("mass",), external: bool = False) -> ModuleGraph:
    """The paper's MLP on all objects at once: 2 hidden layers of 300 over the flattened scene of `bodies` bodies.

    Output: "quantities" [B, 5] (QUANTITIES), float64. It fits one number of bodies and knows no symmetry.
    """
    net = ModuleGraph()
    fields = [net.input(name) for name in ("pos", "vel", "columns", "inverse_mass")]
    if external:
        fields.append(net.input("external"))
    features = 5 + len(columns) + 2 * external
    net.returns(net.add("quantities", WholeScene(bodies, features), joined(*fields)))
    return net


@final
class Strain(Geometry):
    """How far a spring is from its rest: reads both positions [E, 2] and the relations' attributes [E, 3].

    Features: stretch and the logs of its size, of the distance, the rest length and the stiffness.
    """

    features = 5

    def __init__(self) -> None:
        super().__init__()
        self.normal = Welford(self.features)

    def forward(self, *ends: Tensor) -> tuple[Tensor, Tensor]:
        sender, receiver, attributes = ends
        apart = receiver - sender
        distance = apart.norm(dim=-1, keepdim=True).clamp(min=SMALLEST)
        stretch = distance - attributes[:, :1]
        sizes = torch.cat([stretch.abs(), distance, attributes[:, :2]], dim=-1).clamp(min=SMALLEST).log()
        dtype = self.normal.scale.dtype
        return (apart / distance).to(dtype), self.normal(torch.cat([stretch, sizes], dim=-1).to(dtype))


@final
class Speed(nn.Module):
    """How bodies move: the direction, a unit vector (0 at rest), and features, log speed and speed.

    Shapes: velocity [N, 2], inverse_mass [N, 1] -> [N, 2], [N, 2].
    """

    features = 2

    def __init__(self) -> None:
        super().__init__()
        self.normal = Welford(self.features)

    def forward(self, velocity: Tensor, inverse_mass: Tensor) -> tuple[Tensor, Tensor]:
        given = velocity.to(self.normal.scale.dtype)
        speed = given.norm(dim=-1, keepdim=True)
        least = speed.clamp(min=SMALLEST)
        return given / least, self.normal(torch.cat([least.log(), speed], dim=-1), inverse_mass[:, 0] > 0)


@final
class Depth(nn.Module):
    """How bodies lie in their scene's external effect: how far along it they are, its size, and the log of that.

    Shapes: position, external [N, 2], inverse_mass [N, 1] -> [N, 3].
    """

    features = 3

    def __init__(self) -> None:
        super().__init__()
        self.normal = Welford(self.features)

    def forward(self, position: Tensor, external: Tensor, inverse_mass: Tensor) -> Tensor:
        size = external.norm(dim=-1, keepdim=True)
        least = size.clamp(min=SMALLEST)
        depth = (position * (external / least)).sum(-1, keepdim=True)
        features = torch.cat([depth, size, least.log()], dim=-1)
        return self.normal(features.to(self.normal.scale.dtype), inverse_mass[:, 0] > 0)


class Amounts(nn.Module):
    """Learned amounts of either sign and of any order of size: exp(s(f)) a(f).

    s and a are an MLP plus a linear map of f: on logs of sizes, products of powers are where it starts from.
    Shapes: features [items, F] -> [items, amounts].
    """

    def __init__(self, features: int, amounts: int, width: int = 64) -> None:
        super().__init__()
        self.bend = MLP(features, width, width, 2 * amounts)
        self.line = nn.Linear(features, 2 * amounts)
        with torch.no_grad():
            for parameter in (*self.bend[-1].parameters(), *self.line.parameters()):
                parameter.mul_(0.1)

    def forward(self, features: Tensor) -> Tensor:
        size, share = (self.bend(features) + self.line(features)).chunk(2, dim=-1)
        return size.clamp(-40, 20).exp() * share


@final
class Held(nn.Module):
    """What a relation holds; the same seen from both of its ends.

    Shapes: geometry [E, G], traits of both ends [E, TRAITS] -> amounts [E, AMOUNTS].
    """

    def __init__(self, geometry: int) -> None:
        super().__init__()
        self.amounts = Amounts(geometry + 2 * TRAITS, AMOUNTS)

    def forward(self, geometry: Tensor, sender: Tensor, receiver: Tensor) -> Tensor:
        return self.amounts(torch.cat([sender + receiver, sender * receiver, geometry], dim=-1))


@final
class Placed(nn.Module):
    """What a body has by where it is; what cannot move has nothing.

    Shapes: features [N, F], inverse_mass [N, 1] -> amounts [N, AMOUNTS].
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.amounts = Amounts(features, AMOUNTS)

    def forward(self, features: Tensor, inverse_mass: Tensor) -> Tensor:
        return self.amounts(features) * (inverse_mass > 0)


@final
class Moving(nn.Module):
    """What a body has by how it moves: amounts, and a vector along and across; what cannot move has nothing.

    Shapes: features [N, F], direction [N, 2], inverse_mass [N, 1] -> amounts [N, AMOUNTS], vector [N, 2].
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.amounts = Amounts(features, AMOUNTS + 2)

    def forward(self, features: Tensor, direction: Tensor, inverse_mass: Tensor) -> tuple[Tensor, Tensor]:
        amounts = self.amounts(features) * (inverse_mass > 0)
        own, along, across = amounts.split([AMOUNTS, 1, 1], dim=-1)
        return own, along * direction + across * turned(direction)


class Abstract(nn.Module):
    """A module whose outputs are QUANTITIES in scales of their own, measured on data."""

    centre: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(len(QUANTITIES), dtype=torch.float64))
        self.register_buffer("scale", torch.ones(len(QUANTITIES), dtype=torch.float64))

    def measure(self, quantities: Tensor) -> None:
        """Set the scales from quantities [B, 5]; those of the momentum are one, so that no axis is another."""
        deviation = quantities.std(0)
        deviation[ENERGIES:] = deviation[ENERGIES:].square().mean().sqrt()
        self.scale.copy_(torch.where(deviation > 0, deviation, 1.0))


@final
class Abstraction(Abstract):
    """f_A: energies as linear maps of a scene's amounts, momentum as its pooled vector; nothing has none of either.

    What is potential and what is kinetic is told apart: energy is nearly kept, so in short trainings of one map of all
    amounts speeds came to stand for heights, and what springs hold was left at nothing.
    Shapes: places [B, P], moving [B, AMOUNTS], momentum [B, 2] -> [B, 5].
    """

    def __init__(self, places: int) -> None:
        super().__init__()
        sizes = places, AMOUNTS, places + AMOUNTS
        self.potential, self.kinetic, self.total = (nn.Linear(size, 1, bias=False) for size in sizes)

    def forward(self, places: Tensor, moving: Tensor, momentum: Tensor) -> Tensor:
        total = self.total(torch.cat([places, moving], dim=-1))
        energies = self.potential(places), self.kinetic(moving), total
        return torch.cat([*energies, momentum], dim=-1).double() * self.scale


@final
class WholeScene(Abstract):
    """An MLP over the objects of a scene in a row.

    Shapes: [B * bodies, F] -> [B, 5].
    """

    def __init__(self, bodies: int, features: int) -> None:
        super().__init__()
        self.row = bodies * features
        self.normal = Percentiles(features)
        self.core = MLP(self.row, 300, 300, len(QUANTITIES))

    def measure(self, quantities: Tensor) -> None:
        super().measure(quantities)
        self.centre.copy_(quantities.mean(0))

    def forward(self, objects: Tensor) -> Tensor:
        given = self.normal(objects.to(self.normal.scale.dtype))
        return self.core(given.reshape(-1, self.row)).double() * self.scale + self.centre
