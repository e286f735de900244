"""What designs beside our interaction network's own are made of, to be measured against it."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from physim.geometry import Contact, Touching
from physim.relation_models import MLP, SymmetricMessage

REACHES = 4.0
"""How far two bodies may be apart before a step, in reaches of `Contact`, to touch in it."""


@final
class ContactNow(Touching):
    """As `Contact`, but blind to what comes: the gaps and the direction are those now, not after a free step.

    Shapes: as `Contact`'s.
    """

    features = Contact.features

    def __init__(self, dt: float) -> None:
        super().__init__()
        self.contact = Contact(dt)

    def forward(self, *ends: Tensor) -> tuple[Tensor, Tensor]:
        return self.contact(*(self._before(body) for body in ends))

    @property
    def ahead(self) -> float:
        return 0.0

    @property
    def limit(self) -> Tensor:
        return REACHES * self.contact.reach

    def _before(self, body: Tensor) -> Tensor:
        """Where a body was one free step ago, from where a free step leads to now."""
        return torch.cat([body[:, :2] - self.contact.dt * body[:, 2:4], body[:, 2:]], dim=1)


@final
class OneWayMessage(nn.Module):
    """A message of the form of `SymmetricMessage` that knows its sender from its receiver: exp(s) (a u + b u').

    Shapes: direction [E, 2], geometry [E, G], traits of both ends [E, F] -> message [E, 2].
    """

    def __init__(self, geometry: int, traits: int) -> None:
        super().__init__()
        self.form = SymmetricMessage(geometry + 2 * traits, 0)

    def forward(self, direction: Tensor, geometry: Tensor, sender: Tensor, receiver: Tensor) -> Tensor:
        nothing = sender[:, :0]
        return self.form(direction, torch.cat([geometry, sender, receiver], dim=-1), nothing, nothing)


@final
class PlainMessage(nn.Module):
    """A message whose two components come from an MLP that reads those of the direction among the rest.

    Shapes: direction [E, 2], geometry [E, G], traits of both ends [E, F] -> message [E, 2].
    """

    def __init__(self, geometry: int, traits: int, width: int = 64) -> None:
        super().__init__()
        self.core = MLP(2 + geometry + 2 * traits, width, width, 2)

    def forward(self, direction: Tensor, geometry: Tensor, sender: Tensor, receiver: Tensor) -> Tensor:
        return self.core(torch.cat([direction, geometry, sender, receiver], dim=-1))
