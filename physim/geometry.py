"""How two objects lie and move to one another: what messages along relations may depend on, and no law."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn

from physim.normalisers import Welford

SMALLEST = 1e-4  # keeps logarithms of distances, speeds and traits finite
SHARPNESS = (1.0, 10.0, 100.0, 1e3, 1e4)
"""The scales at which a gap is seen, in parts of what two bodies come closer in a step: contacts begin suddenly."""


class Geometry(nn.Module, ABC):
    """Gives the direction [E, 2] from the sender to the receiver, a unit vector, and features [E, `features`].

    Swapping the two ends turns the direction round and leaves the features as they are; so does shifting the scene, and
    turning it turns the direction. Reads what the sender and the receiver are [E, ...] and perhaps the relations'
    attributes [E, F], positions and velocities in float64, which keeps small separations exact.
    """

    features: int

    @abstractmethod
    def forward(self, *ends: Tensor) -> tuple[Tensor, Tensor]:
        """The direction and the features."""


@final
class Separation(Geometry):
    """How far apart two points are: reads both positions [E, 2]; features: log distance and distance."""

    features = 2

    def __init__(self) -> None:
        super().__init__()
        self.normal = Welford(self.features)

    def forward(self, *ends: Tensor) -> tuple[Tensor, Tensor]:
        sender, receiver = ends
        apart = (receiver - sender).to(self.normal.scale.dtype)
        distance = apart.norm(dim=-1, keepdim=True).clamp(min=SMALLEST)
        return apart / distance, self.normal(torch.cat([distance.log(), distance], dim=-1))


@final
class Link(Geometry):
    """A spring or pin between two points: reads position and velocity of its ends [E, 4] and the relations' attributes.

    Features: how much longer it is than at rest; how fast its ends come closer and slide by; distance, rest length and
    stiffness and damping with their logs.
    Shapes: attributes [E, 3] (scene_inputs.COLUMNS_READ).
    """

    features = 9

    def __init__(self) -> None:
        super().__init__()
        self.normal = Welford(self.features)

    def forward(self, *ends: Tensor) -> tuple[Tensor, Tensor]:
        sender, receiver, attributes = ends
        apart, moving = (receiver - sender).split(2, dim=-1)
        distance = apart.norm(dim=-1, keepdim=True).clamp(min=SMALLEST)
        direction = apart / distance
        stretch = distance - attributes[:, :1]
        speeds = [_along(moving, direction), _along(moving, turned(direction))]
        sizes = attributes.clamp(min=SMALLEST).log()
        features = torch.cat([stretch, *speeds, attributes, sizes], dim=-1)
        dtype = self.normal.scale.dtype
        return direction.to(dtype), self.normal(features.to(dtype))


class Touching(Geometry):
    """Two shapes that may touch in this step: says which of all that may are near enough.

    They are near where the gap between their surfaces after a free step of `ahead` is under `limit`.
    """

    @property
    @abstractmethod
    def ahead(self) -> float:
        """How far ahead it looks, in seconds."""

    @property
    @abstractmethod
    def limit(self) -> Tensor:
        """The gap in metres under which bodies are near; infinite until it is measured."""

    def near(self, sender: Tensor, receiver: Tensor) -> Tensor:
        """Whether two bodies may touch in this step [E] bool.

        Shapes: sender, receiver [E, 7]: position, velocity, half extent, radius.
        """
        return _free_step(sender, receiver, self.ahead)[1][:, 0] < self.limit


@final
class Contact(Touching):
    """Two shapes that may touch in this step: circles and segments with radii, moving.

    Reads, for both ends, body [E, 7 or 9]: position, velocity, half extent, radius, and how the velocity has changed in
    this step so far, where it has. The direction is that between the nearest points after a free step of `dt`.
    Features: the gap between the surfaces after the free step, squashed at five scales, and before it; how fast they
    approach before and after the change of velocity, as shares and as the log of both; how obliquely they meet.
    """

    features = len(SHARPNESS) + 5
    reach: Tensor

    def __init__(self, dt: float) -> None:
        super().__init__()
        self.dt = dt
        self.normal = Welford(2)
        self.register_buffer("reach", torch.tensor(torch.inf, dtype=torch.float64))

    def forward(self, *ends: Tensor) -> tuple[Tensor, Tensor]:
        sender, receiver = ends
        dtype = self.normal.scale.dtype
        if idle(sender):
            return sender.new_empty(0, 2, dtype=dtype), sender.new_empty(0, self.features, dtype=dtype)
        apart, gap = _free_step(sender, receiver, self.dt)
        now = nearest(sender, receiver, 0.0).norm(dim=-1, keepdim=True) - radii(sender, receiver)
        direction = apart / apart.norm(dim=-1, keepdim=True).clamp(min=SMALLEST)
        moving = receiver[:, 2:4] - sender[:, 2:4]
        changed = moving + receiver[:, 7:9] - sender[:, 7:9] if sender.shape[1] > 7 else moving
        before, after = -_along(moving, direction), -_along(changed, direction)
        slide = _along(changed, turned(direction))
        speed = (before.square() + after.square() + SMALLEST**2).sqrt()
        sizes = self.normal(torch.cat([speed.log(), before], dim=-1).to(dtype))[:, :1]
        slant = slide / (speed.square() + slide.square()).sqrt()
        step = self.normal.scale[1].double() * self.dt  # how much closer two bodies usually come in one step
        gaps = [torch.tanh(sharp * gap / step) for sharp in SHARPNESS]
        plain = torch.cat([*gaps, torch.tanh(now / step), before / speed, after / speed, slant], dim=-1)
        return direction.to(dtype), torch.cat([plain.to(dtype), sizes], dim=-1)

    @property
    def ahead(self) -> float:
        return self.dt

    @property
    def limit(self) -> Tensor:
        return self.reach

    def measure_reach(self) -> None:
        """Set the reach to what two bodies usually come closer in a step, once that is measured."""
        self.reach.copy_(self.normal.scale[1] * self.dt)


def idle(ends: Tensor) -> bool:
    """Whether there is nothing to compute along relations: most steps of a scene have no contact.

    Where gradients are taken, everything runs, so that every parameter has one.
    """
    return not len(ends) and not torch.is_grad_enabled()


def turned(direction: Tensor) -> Tensor:
    """A quarter turn to the left."""
    return torch.stack([-direction[:, 1], direction[:, 0]], dim=-1)


def _along(vector: Tensor, direction: Tensor) -> Tensor:
    return (vector * direction).sum(-1, keepdim=True)


def radii(sender: Tensor, receiver: Tensor) -> Tensor:
    """The sum of the radii [E, 1] of bodies [E, 7]."""
    return sender[:, 6:7] + receiver[:, 6:7]


def _free_step(sender: Tensor, receiver: Tensor, dt: float) -> tuple[Tensor, Tensor]:
    """From nearest point to nearest point `dt` from now [E, 2], and the gap between the surfaces then [E, 1]."""
    apart = nearest(sender, receiver, dt)
    return apart, apart.norm(dim=-1, keepdim=True) - radii(sender, receiver)


def nearest(sender: Tensor, receiver: Tensor, dt: float) -> Tensor:
    """From the sender's point nearest to the receiver to the receiver's nearest to the sender, `dt` from now."""
    first, second = (body[:, :2] + dt * body[:, 2:4] for body in (sender, receiver))
    return _toward(second, receiver[:, 4:6], first) - _toward(first, sender[:, 4:6], second)


def _toward(centre: Tensor, half: Tensor, other: Tensor) -> Tensor:
    """The point of the segment centre +- half that is nearest to `other`."""
    length = half.square().sum(-1, keepdim=True).clamp(min=SMALLEST**2)
    share = (((other - centre) * half).sum(-1, keepdim=True) / length).clamp(-1, 1)
    return centre + share * half
