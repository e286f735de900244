"""What the interaction networks are made of beside geometry: traits of objects, messages, motion."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn

from physim.geometry import SMALLEST, turned
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
    """The paper's relation input: receiver minus sender, position and velocity, then both inverse masses, normalised.

    Shapes: state [E, 4] and inverse_mass [E, 1] of sender and receiver -> [E, 6].
    """

    features = 6

    def __init__(self) -> None:
        super().__init__()
        self.normal = Percentiles(self.features)

    def forward(self, sender: Tensor, receiver: Tensor, mass_of_sender: Tensor, mass_of_receiver: Tensor) -> Tensor:
        apart = (receiver - sender).to(mass_of_sender.dtype)
        return self.normal(torch.cat([apart, mass_of_receiver, mass_of_sender], dim=-1))


class Velocity(nn.Module):
    """An object model that gives the next velocity itself, in the scale of the velocities it was measured on.

    Shapes: velocity [N, 2] and anything else [N, F] -> next velocity [N, 2].
    """

    def __init__(self, others: int, width: int) -> None:
        super().__init__()
        self.normal = Percentiles(2)
        self.core = MLP(2 + others, width, 2)

    def forward(self, velocity: Tensor, *others: Tensor) -> Tensor:
        given = self.normal(velocity.to(self.normal.scale.dtype))
        return self.core(torch.cat([given, *others], dim=-1)) * self.normal.scale + self.normal.centre
