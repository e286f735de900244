"""Attention with memory: what a Transformer's decoder is made of."""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from physim.errors import PhysimError
from physim.graph import Memory


@final
class CausalAttention(Memory):
    """Each tick looks at itself and at as many as `reach` before it, in each of `heads` parts of its features.

    Shapes: inputs [B, T, features] -> [B, T, features]; memory: keys and values [B, K, 2 features], of which the last
    are what it may still look at, and how many there are [B]. It grows up to `reach` and begins with one that counts
    nothing, so that what starts anew has room in what has grown.
    """

    def __init__(self, features: int, heads: int = 4, reach: int = 511) -> None:
        super().__init__()
        if features % heads:
            raise PhysimError(f"features are {features}, wanted a multiple of the {heads} heads")
        self.features, self.heads, self.reach = features, heads, reach
        self.asked, self.known = nn.Linear(features, features), nn.Linear(features, 2 * features)
        self.told = nn.Linear(features, features)

    def initial_state(self, items: int, like: Tensor) -> tuple[Tensor, Tensor]:
        kept = like.new_zeros(items, 1, 2 * self.features)
        return kept, torch.zeros(items, dtype=torch.int64, device=like.device)

    def scan(self, inputs: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        kept, count = state
        before, ticks = kept.shape[1], inputs.shape[1]
        every = torch.cat([kept, self.known(inputs)], 1)
        places = torch.arange(before + ticks, device=inputs.device)
        ages = places[before:, None] - places
        seen = (ages >= 0) & (ages <= self.reach)
        there = places >= (before - count)[:, None]
        keys, values = (self._split(part) for part in every.chunk(2, dim=2))
        mask = seen[None, None] & there[:, None, None]
        found = functional.scaled_dot_product_attention(self._split(self.asked(inputs)), keys, values, mask)
        return self.told(found.transpose(1, 2).flatten(2)), (every[:, -self.reach :], count + ticks)

    def tick(self, inputs: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        output, state = self.scan(inputs[:, None], state)
        return output[:, 0], state

    def _split(self, value: Tensor) -> Tensor:
        """[B, T, F] -> [B, heads, T, F / heads]."""
        return value.unflatten(2, (self.heads, -1)).transpose(1, 2)


@final
class Places(Memory):
    """Adds to each tick sines and cosines of how many went before it (arXiv:1706.03762, section 3.5).

    Shapes: inputs [B, T, F] -> the same; memory: the count [B].
    """

    def initial_state(self, items: int, like: Tensor) -> Tensor:
        return torch.zeros(items, dtype=torch.int64, device=like.device)

    def scan(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        ticks = inputs.shape[1]
        places = state[:, None] + torch.arange(ticks, device=inputs.device)
        return inputs + waves(places, inputs.shape[2]).to(inputs.dtype), state + ticks

    def tick(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return inputs + waves(state, inputs.shape[1]).to(inputs.dtype), state + 1


def waves(places: Tensor, features: int) -> Tensor:
    """Sines and cosines [..., F] of places [...], of wavelengths from 2 pi to 10,000 times that."""
    half = (features + 1) // 2
    rates = torch.exp(torch.arange(half, device=places.device) * (-math.log(10_000.0) / max(1, half - 1)))
    angles = places[..., None] * rates
    return torch.cat([angles.sin(), angles.cos()], -1)[..., :features]
