"""Message passing for agents: what the objects around a walker are to one another, and to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from physim.errors import PhysimError

KINDS = 10
"""How many kinds of objects there are."""
UNITS = 32


@final
class Messages(nn.Module):
    """An interaction network over the objects around a walker (arXiv:1612.00222): objects [B, N, C] -> [B, UNITS].

    e_ij = f_R(o_i, o_j), p_i = f_O(o_i, mean of e_ij over j), and what the walker is told is the mean of p_i. The first
    column of o says whether an object is there, the last one its kind, from 0 on; the others are numbers, as the walker
    sees them, which stands at 0. Those that are not there tell nothing.
    """

    def __init__(self, objects: Sequence[int]) -> None:
        super().__init__()
        if len(objects) != 2 or objects[1] < 3:
            raise PhysimError(f"objects have the shape {list(objects)}, wanted a number of objects and of columns")
        self.object = nn.Linear(objects[1] - 2 + KINDS, UNITS)
        self.sender, self.receiver = nn.Linear(UNITS, UNITS), nn.Linear(UNITS, UNITS, bias=False)
        self.effect = nn.Linear(UNITS, UNITS)
        self.update = nn.Linear(2 * UNITS, UNITS)

    def forward(self, objects: Tensor) -> Tensor:
        """What the walker is told."""
        kind = objects[..., -1].long()
        if bool(((kind < 0) | (kind >= KINDS)).any()):
            raise PhysimError(
                f"objects are of the kinds {int(kind.min())} to {int(kind.max())}, wanted 0 to {KINDS - 1}"
            )
        there, kinds = objects[..., :1], functional.one_hot(kind, KINDS)
        share = there / there.sum(-2, keepdim=True).clamp(min=1)
        known = torch.cat([objects[..., 1:-1], kinds.to(objects.dtype)], dim=-1)
        own = functional.relu(self.object(known))
        # f_R has one hidden layer: what that takes of each object is found once, not once for each pair, and the layer
        # behind it is linear, so it comes after the mean
        pairs = functional.relu(self.receiver(own)[..., :, None, :] + self.sender(own)[..., None, :, :])
        effects = self.effect((share.mT[..., None, :, :] @ pairs)[..., 0, :])
        told = functional.relu(self.update(torch.cat([own, effects], dim=-1)))
        return (told * share).sum(-2)
