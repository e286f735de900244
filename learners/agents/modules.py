"""The modules that agents are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from physim.errors import PhysimError

DEVIATION, TRIES = 0.3, 6
"""How far numbers spread about their means, and how many are tried to tell their worth: one to compare, five to average
(arXiv:1611.01224, section 6).
"""
KERNELS = ((16, 8, 4), (32, 4, 2))
"""Planes, size and stride of the convolutions of A3C (arXiv:1602.01783), which the mazes' agents share."""


@final
class Convolutions(nn.Module):
    """The two convolutions of A3C: an image [B, H, W, C] of bytes, and depth [B, H, W] where seen -> [B, 32 h w]."""

    def __init__(self, image: Sequence[int], depth: bool = False) -> None:
        super().__init__()
        if len(image) != 3:
            raise PhysimError(f"an image has the shape {list(image)}, wanted rows, columns and channels")
        height, width, channels = self.image = tuple(image)
        channels += depth
        layers = []
        for planes, size, stride in KERNELS:
            height, width = ((side - size) // stride + 1 for side in (height, width))
            if min(height, width) < 1:
                raise PhysimError(
                    f"images are {list(image)}, wanted [rows, columns, channels] of at least 20 x 20 pixels"
                )
            layers.append(nn.Conv2d(channels, planes, size, stride))
            channels = planes
        self.first, self.second = layers
        self.map = (channels, height, width)
        self.features = math.prod(self.map)

    def forward(self, image: Tensor, depth: Tensor | None = None) -> Tensor:
        """The features; planes first, then rows."""
        weight, kind = self.first.weight, image.device.type
        mixed = torch.is_autocast_enabled(kind)
        dtype = torch.get_autocast_dtype(kind) if mixed else weight.dtype  # bytes are whole in bfloat16, too
        seen = image.to(dtype)  # not divided by 255, nor moved: the weights are far smaller, and scaled instead
        if depth is not None:
            near = 255 / (1 + depth)  # from 255 at the eye through half of it a metre away
            seen = torch.cat([seen, near[..., None].to(dtype)], dim=-1)
        found = functional.conv2d(seen.permute(0, 3, 1, 2), weight / 255, self.first.bias, self.first.stride)
        return functional.relu(self.second(functional.relu(found))).flatten(1)


def chance(count: int, actions: int, random: torch.Generator) -> Tensor:
    """What agents choose by: uniform between 0 and 1, neither of them [B, A]."""
    return torch.rand(count, actions, generator=random).clamp(1e-7, 1 - 1e-7)


@final
class Sample(nn.Module):
    """A choice [B, A], one-hot, by the probabilities of logits [B, A], where `chance` [B, A] is uniform in (0, 1)."""

    def forward(self, logits: Tensor, chance: Tensor) -> Tensor:
        """The choice: Gumbel's trick makes it a function of chance."""
        chosen = (logits - (-chance.log()).log()).argmax(-1)
        return functional.one_hot(chosen, logits.shape[-1]).to(logits.dtype)


FIRST = 0.01
"""What the first weights of means are multiplied by, as PPO's are."""


@final
class Means(nn.Linear):
    """The means of numbers [B, F] -> [B, A], from -1 to 1: a linear layer's, bent by tanh.

    Actions are cut off there: means beyond would change nothing that is done, and worths of actions that are never
    carried out would let them run away. They begin near 0: an agent whose first means are large tries little else.
    """

    def __init__(self, features: int, actions: int) -> None:
        super().__init__(features, actions)
        with torch.no_grad():
            self.weight.mul_(FIRST)
            self.bias.zero_()

    def forward(self, core: Tensor) -> Tensor:
        """The means."""
        return super().forward(core).tanh()


@final
class GaussianSample(nn.Module):
    """Numbers [B, A] about their means [B, A], normally distributed, where `chance` [B, A] is uniform in (0, 1)."""

    def forward(self, means: Tensor, chance: Tensor) -> Tensor:
        """The numbers."""
        return means + DEVIATION * torch.special.ndtri(chance)


@final
class StochasticDuelling(nn.Module):
    """The worth of actions that are numbers: Q(x, a) = V(x) + A(x, a) - mean of A(x, u), u drawn from the policy.

    arXiv:1611.01224, section 4.1. Shapes: core [B, F], value [B, 1], means and action [B, A], normal chances `tried`
    [B, TRIES, A] -> the worths of the action and of the first that is tried [B, 1], and that one [B, A].
    """

    def __init__(self, features: int, actions: int) -> None:
        super().__init__()
        self.advantage = perceptron(features + actions, 64, 1)

    def forward(
        self, core: Tensor, value: Tensor, means: Tensor, action: Tensor, tried: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The worths."""
        drawn = means.detach()[:, None] + DEVIATION * tried
        advantage = _judged(self.advantage, core, action, drawn)
        worth = value + advantage[:, :2] - advantage[:, 2:].mean(1, keepdim=True)
        return worth[:, :1], worth[:, 1:], drawn[:, 0]


@final
class PlainWorths(nn.Module):
    """The worth of actions that are numbers, by a network of its own, which V does not enter: Q(x, a).

    What stochastic duelling is measured against; the same shapes.
    """

    def __init__(self, features: int, actions: int) -> None:
        super().__init__()
        self.worth = perceptron(features + actions, 64, 1)

    def forward(
        self, core: Tensor, value: Tensor, means: Tensor, action: Tensor, tried: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The worths."""
        drawn = means.detach() + DEVIATION * tried[:, 0]
        worth = _judged(self.worth, core, action, drawn[:, None])
        return worth[:, :1], worth[:, 1:], drawn


def _judged(network: nn.Module, core: Tensor, action: Tensor, others: Tensor) -> Tensor:
    """What a network says [B, 1 + N] of an action [B, A] and others [B, N, A], beside the core [B, F]."""
    actions = torch.cat([action[:, None], others], dim=1)
    told = torch.cat([core[:, None].expand(-1, actions.shape[1], -1), actions], dim=-1)
    judged: Tensor = network(told)[..., 0]
    return judged


@final
class DuellingMaps(nn.Module):
    """The worth of each action in each cell of a map: features [B, F] -> [B, A, rows, columns].

    Q = V + A - mean of A over actions, V and A by transposed convolutions of 32 planes (arXiv:1611.05397, section 3.1),
    4 x 4 with stride 2, or 3 x 3 with stride 1 where the map is odd.
    """

    def __init__(self, features: int, actions: int, cells: tuple[int, int]) -> None:
        super().__init__()
        size, stride = (3, 1) if any(side % 2 for side in cells) else (4, 2)
        small = [(side - size) // stride + 1 for side in cells]
        if min(small) < 1:
            raise PhysimError(f"maps of {cells[0]} x {cells[1]} cells are too small, wanted at least {size} x {size}")
        self.spread = nn.Sequential(
            nn.Linear(features, 32 * math.prod(small)), nn.ReLU(), nn.Unflatten(1, (32, *small))
        )
        self.maps = nn.ConvTranspose2d(32, 1 + actions, size, stride)

    def forward(self, features: Tensor) -> Tensor:
        """The maps."""
        value, advantage = self.maps(self.spread(features)).split([1, self.maps.out_channels - 1], dim=1)
        worth: Tensor = value + advantage - advantage.mean(1, keepdim=True)
        return worth


def perceptron(features: int, hidden: int, outputs: int) -> nn.Sequential:
    """A perceptron of one hidden layer."""
    return nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
