"""What the interaction networks are made of beside geometry: traits of objects, messages, motion."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn

from physim.geometry import SMALLEST, idle, turned
from physim.normalisers import Percentiles, Welford


class MLP(nn.Sequential):
    """A multilayer perceptron with ReLU between its layers and a linear output.

    Shapes: [items, sizes[0]] -> [items, sizes[-1]].
    """

    def __init__(self, *sizes: int) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU(inplace=True)]
        super().__init__(*layers[:-1])


class Traits(nn.Module):
    """A linear code of each object's attributes and of the logs of their sizes, to be combined symmetrically.

    Among objects that cannot move (`statics`), an attribute that is 0 stands at the mean, and a mark says that they
    cannot.
    Shapes: columns [N, C], inverse_mass [N, 1] -> traits [N, F].
    """

    def __init__(self, columns: int, features: int, statics: bool = False) -> None:
        super().__init__()
        self.statics = statics
        self.normal = Welford(2 * columns)
        self.code = nn.Linear(2 * columns + statics, features)

    def forward(self, columns: Tensor, inverse_mass: Tensor) -> Tensor:
        sizes = columns.abs().clamp(min=SMALLEST).log()
        moves = inverse_mass > 0
        given = self.normal(torch.cat([columns, sizes], dim=-1), moves[:, 0])
        if self.statics:
            absent = (columns == 0) & ~moves
            given = given.masked_fill(absent.repeat(1, 2), 0.0)
            given = torch.cat([given, (~moves).to(given.dtype)], dim=-1)
        return self.code(given)


class SymmetricMessage(nn.Module):
    """A message that is the same for both ends of a pair, but for its sign: a vector of learned size and direction.

    With f = [z_i + z_j, z_i * z_j, geometry] it is exp(s(f)) (a(f) u + b(f) u'), u the direction and u' across it;
    s, a, b are an MLP plus a linear map of f. Exchanged between the ends, it keeps the momentum by construction.
    Shapes: direction [E, 2], geometry [E, G], traits of both ends [E, F] -> message [E, 2].
    """

    def __init__(self, geometry: int, traits: int, width: int = 64, depth: int = 2) -> None:
        super().__init__()
        inputs = geometry + 2 * traits
        self.bend = MLP(inputs, *[width] * depth, 3)
        self.line = nn.Linear(inputs, 3)
        with torch.no_grad():
            for parameter in (*self.bend[-1].parameters(), *self.line.parameters()):
                parameter.mul_(0.1)

    def forward(self, direction: Tensor, geometry: Tensor, sender: Tensor, receiver: Tensor) -> Tensor:
        if idle(direction):
            return direction
        features = torch.cat([sender + receiver, sender * receiver, geometry], dim=-1)
        size, along, across = (self.bend(features) + self.line(features)).split(1, dim=-1)
        return size.clamp(-40, 20).exp() * (along * direction + across * turned(direction))


class Measured(nn.Module, ABC):
    """A module whose output has a scale of its own, measured on the changes of velocity in the data."""

    log_scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("log_scale", torch.zeros(()))

    @abstractmethod
    def measure(self, change: Tensor, inverse_mass: Tensor) -> None:
        """Set the scale from changes of velocity [N, 2] in one step, of bodies with inverse_mass [N, 1]."""


@final
class Motion(Measured):
    """The change of velocity of a body that received `impulse`: by its inverse mass, in a scale measured on data.

    The scale is the typical (geometric mean) impulse; with `sudden`, that behind the typical momentum exchanged, which
    rare collisions own.
    Shapes: impulse [N, 2], inverse_mass [N, 1] -> [N, 2].
    """

    def __init__(self, sudden: bool = False) -> None:
        super().__init__()
        self.sudden = sudden

    def forward(self, impulse: Tensor, inverse_mass: Tensor) -> Tensor:
        return impulse * inverse_mass * self.log_scale.exp()

    def measure(self, change: Tensor, inverse_mass: Tensor) -> None:
        moving = inverse_mass[:, 0] > 0
        impulse = change[moving].norm(dim=-1) / inverse_mass[moving, 0]
        felt = impulse[impulse > 1e-6 * impulse.square().mean().sqrt()]
        if len(felt):
            weight = felt if self.sudden else torch.ones_like(felt)
            self.log_scale.copy_((weight * felt.log()).sum() / weight.sum())


@final
class Drift(Measured):
    """The change of velocity that a body undergoes alone: from the scene's external effects and, where the scene damps
    its motion, the body's velocity.

    Shapes: external [N, 2], inverse_mass [N, 1], velocity [N, 2] (where damped) -> [N, 2]; what cannot move stays.
    """

    def __init__(self, width: int, damped: bool) -> None:
        super().__init__()
        inputs = 4 if damped else 2
        self.normal = Welford(inputs)
        self.bend = MLP(inputs, width, 2)
        self.line = nn.Linear(inputs, 2)
        with torch.no_grad():
            for parameter in (*self.bend[-1].parameters(), *self.line.parameters()):
                parameter.zero_()

    def forward(self, external: Tensor, inverse_mass: Tensor, *velocity: Tensor) -> Tensor:
        features = self.normal(torch.cat([external, *(value.to(external.dtype) for value in velocity)], dim=-1))
        return (self.bend(features) + self.line(features)) * self.log_scale.exp() * (inverse_mass > 0)

    def measure(self, change: Tensor, inverse_mass: Tensor) -> None:
        size = change[inverse_mass[:, 0] > 0].norm(dim=-1)
        felt = size[size > 1e-6 * size.square().mean().sqrt()]
        if len(felt):
            self.log_scale.copy_(felt.log().mean())


class Differences(nn.Module):
    """The paper's relation input b_k: receiver minus sender, position and velocity, then both ends' attributes, then
    the relation's own, normalised.

    Shapes: state [E, 4] of sender and receiver, `attributes` [E, A] of both (inverse mass first) and `relations` [E, R]
    where there are any -> [E, 4 + 2 A + R].
    """

    def __init__(self, attributes: int = 1, relations: int = 0) -> None:
        super().__init__()
        self.features = 4 + 2 * attributes + relations
        self.normal = Percentiles(self.features)

    def forward(
        self, sender: Tensor, receiver: Tensor, of_sender: Tensor, of_receiver: Tensor, *relations: Tensor
    ) -> Tensor:
        apart = (receiver - sender).to(of_sender.dtype)
        return self.normal(torch.cat([apart, of_receiver, of_sender, *relations], dim=-1))


class Velocity(nn.Module):
    """The paper's object model on c_j: it gives the next velocity itself, in the scale of those it was measured on.

    With `external`, the objects' external effects come first among the rest, and are normalised too.
    Shapes: velocity [N, 2], external [N, 2] and anything else [N, F] -> next velocity [N, 2].
    """

    def __init__(self, others: int, width: int, external: bool = False) -> None:
        super().__init__()
        self.normal = Percentiles(2)
        self.outside = Percentiles(2) if external else None
        self.core = MLP(2 + 2 * external + others, width, 2)

    def forward(self, velocity: Tensor, *others: Tensor) -> Tensor:
        return self.core(self.given(velocity, *others)) * self.normal.scale + self.normal.centre

    def given(self, velocity: Tensor, *others: Tensor) -> Tensor:
        """What the network reads, normalised."""
        seen = self.normal(velocity.to(self.normal.scale.dtype))
        if self.outside is not None:
            others = self.outside(others[0]), *others[1:]
        return torch.cat([seen, *others], dim=-1)


@final
class VelocityChange(Measured):
    """The paper's object model with another target: the change of velocity, in the scale of those in the data.

    Shapes: velocity [N, 2], external [N, 2] and anything else [N, F] -> change of velocity [N, 2].
    """

    def __init__(self, others: int, width: int, external: bool = False) -> None:
        super().__init__()
        self.model = Velocity(others, width, external)

    def forward(self, velocity: Tensor, *others: Tensor) -> Tensor:
        return self.model.core(self.model.given(velocity, *others)) * self.log_scale.exp()

    def measure(self, change: Tensor, inverse_mass: Tensor) -> None:
        self.log_scale.copy_(usual_change(change, inverse_mass).log())


def usual_change(change: Tensor, inverse_mass: Tensor) -> Tensor:
    """The root of the mean square of the changes of velocity [N, 2] of what can move; 1 where nothing changes."""
    size = change[inverse_mass[:, 0] > 0].square().mean().sqrt()
    return torch.where(size > 0, size, 1.0)
