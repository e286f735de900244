"""What the interaction networks are made of: geometry of pairs, traits of objects, messages, motion."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from physim.normalisers import Percentiles, Welford

SMALLEST = 1e-4  # keeps logarithms of distances and traits finite


class MLP(nn.Sequential):
    """A multilayer perceptron with ReLU between its layers and a linear output.

    Shapes: [items, sizes[0]] -> [items, sizes[-1]].
    """

    def __init__(self, *sizes: int) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU(inplace=True)]
        super().__init__(*layers[:-1])


class Separation(nn.Module):
    """How far apart two points are, and in which direction.

    Shapes: sender and receiver positions [E, 2] (float64 keeps small separations exact) -> direction [E, 2] from the
    sender to the receiver, and features [E, 2]: log distance and distance, normalised.
    """

    features = 2

    def __init__(self) -> None:
        super().__init__()
        self.normal = Welford(self.features)

    def forward(self, sender: Tensor, receiver: Tensor) -> tuple[Tensor, Tensor]:
        apart = (receiver - sender).to(self.normal.scale.dtype)
        distance = apart.norm(dim=-1, keepdim=True).clamp(min=SMALLEST)
        return apart / distance, self.normal(torch.cat([distance.log(), distance], dim=-1))


class Contact(nn.Module):
    """The geometry of two shapes that may touch: circles and segments with radii, moving.

    Reads, for sender and receiver each, body [E, 7]: position, velocity, half extent, radius. Gives the direction
    [E, 2] from the sender's nearest point to the receiver's after a free step of `dt`, and features [E, 8]: log
    distance and distance; the gap between the surfaces now and after the free step, squashed at two scales; approach
    and sliding speed.
    """

    features = 8

    def __init__(self, dt: float) -> None:
        super().__init__()
        self.dt = dt
        self.normal = Welford(4)

    def forward(self, sender: Tensor, receiver: Tensor) -> tuple[Tensor, Tensor]:
        radii = sender[:, 6:] + receiver[:, 6:]
        now = _nearest(sender, receiver, 0.0).norm(dim=-1, keepdim=True) - radii
        apart = _nearest(sender, receiver, self.dt)
        distance = apart.norm(dim=-1, keepdim=True).clamp(min=SMALLEST)
        direction = apart / distance
        moving = receiver[:, 2:4] - sender[:, 2:4]
        speeds = torch.stack([(moving * direction).sum(-1), (moving * _turned(direction)).sum(-1)], dim=-1)
        dtype = self.normal.scale.dtype
        plain = self.normal(torch.cat([distance.log(), distance, speeds], dim=-1).to(dtype))
        step = self.normal.scale[2] * self.dt  # how far two bodies usually come closer in one step
        gaps = torch.cat([now, distance - radii], dim=-1).to(dtype) / step
        gaps = torch.cat([torch.tanh(gaps / 3), torch.tanh(gaps / 0.3)], dim=-1)
        return direction.to(dtype), torch.cat([plain, gaps], dim=-1)


class Traits(nn.Module):
    """A linear code of each object's attributes and of the logs of their sizes, to be combined symmetrically.

    Shapes: columns [N, C] -> traits [N, F].
    """

    def __init__(self, columns: int, features: int) -> None:
        super().__init__()
        self.normal = Welford(2 * columns)
        self.code = nn.Linear(2 * columns, features)

    def forward(self, columns: Tensor) -> Tensor:
        sizes = columns.abs().clamp(min=SMALLEST).log()
        return self.code(self.normal(torch.cat([columns, sizes], dim=-1)))


class SymmetricMessage(nn.Module):
    """A message that is the same for both ends of a pair, but for its sign: a vector of learned size and direction.

    With f = [z_i + z_j, z_i * z_j, geometry] it is exp(s(f)) (a(f) u + b(f) u'), u the direction and u' across it;
    s, a, b are an MLP plus a linear map of f. Exchanged between the ends, it keeps the momentum by construction.
    Shapes: direction [E, 2], geometry [E, G], traits of both ends [E, F] -> message [E, 2].
    """

    def __init__(self, geometry: int, traits: int, width: int, depth: int) -> None:
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
        return size.clamp(-40, 20).exp() * (along * direction + across * _turned(direction))


class Motion(nn.Module):
    """The change of velocity of a body that received `impulse`: by its inverse mass, in a scale measured on data.

    Shapes: impulse [N, 2], inverse_mass [N, 1] -> [N, 2].
    """

    log_scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("log_scale", torch.zeros(()))

    def forward(self, impulse: Tensor, inverse_mass: Tensor) -> Tensor:
        return impulse * inverse_mass * self.log_scale.exp()

    def measure(self, change: Tensor, inverse_mass: Tensor) -> None:
        """Set the scale to the typical (geometric mean) impulse behind changes of velocity [N, 2] of moving bodies."""
        moving = inverse_mass[:, 0] > 0
        impulse = change[moving].norm(dim=-1) / inverse_mass[moving, 0]
        felt = impulse[impulse > 1e-6 * impulse.square().mean().sqrt()]
        self.log_scale.copy_(felt.log().mean() if len(felt) else self.log_scale)


class Drift(nn.Module):
    """The change of velocity that a body undergoes alone: from its velocity and the scene's external effects.

    Shapes: velocity [N, 2], external [N, 2], inverse_mass [N, 1] -> [N, 2]; bodies that cannot move stay.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.normal = Welford(4)
        self.bend = MLP(4, width, 2)
        self.line = nn.Linear(4, 2)
        with torch.no_grad():
            for parameter in (*self.bend[-1].parameters(), *self.line.parameters()):
                parameter.zero_()

    def forward(self, velocity: Tensor, external: Tensor, inverse_mass: Tensor) -> Tensor:
        given = torch.cat([velocity.to(external.dtype), external], dim=-1)
        features = self.normal(given)
        return (self.bend(features) + self.line(features)) * self.normal.scale[:2] * (inverse_mass > 0)


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


def _turned(direction: Tensor) -> Tensor:
    """A quarter turn to the left."""
    return torch.stack([-direction[:, 1], direction[:, 0]], dim=-1)


def _nearest(sender: Tensor, receiver: Tensor, dt: float) -> Tensor:
    """From the sender's point nearest to the receiver to the receiver's nearest to the sender, `dt` from now."""
    first, second = (body[:, :2] + dt * body[:, 2:4] for body in (sender, receiver))
    return _toward(second, receiver[:, 4:6], first) - _toward(first, sender[:, 4:6], second)


def _toward(centre: Tensor, half: Tensor, other: Tensor) -> Tensor:
    """The point of the segment centre +- half that is nearest to `other`."""
    length = half.square().sum(-1, keepdim=True).clamp(min=SMALLEST**2)
    share = (((other - centre) * half).sum(-1, keepdim=True) / length).clamp(-1, 1)
    return centre + share * half
