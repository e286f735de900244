"""The modules that sequence models are made of, beside those with memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, final

from torch import Tensor, nn

from physim.errors import PhysimError

Blocks = Literal["rectified", "multiplicative"]
"""The residual blocks of ByteNet and of Video Pixel Networks."""


@final
class Gate(nn.Module):
    """tanh(f) sigmoid(g) of values [..., 2 F] that stand side by side (arXiv:1609.03499, equation 2) -> [..., F]."""

    def forward(self, both: Tensor) -> Tensor:
        """The gated value."""
        value, gate = both.chunk(2, dim=-1)
        return value.tanh() * gate.contiguous().sigmoid()  # what lies apart takes up to ten times as long


@final
class Multiplication(nn.Module):
    """A multiplicative unit of a value h [..., F] and what convolutions make of it, side by side [..., 4 F].

    g1 tanh(g2 h + g3 u), with gates g1, g2, g3 and an update u (arXiv:1610.10099, section 3.5).
    """

    def forward(self, made: Tensor, value: Tensor) -> Tensor:
        """The value, updated."""
        return multiplied([part.contiguous() for part in made.chunk(4, dim=-1)], value)  # far faster than apart


def multiplied(made: Sequence[Tensor], value: Tensor) -> Tensor:
    """A multiplicative unit of a value and of what convolutions make of it: three gates and an update, before they are
    bent.
    """
    *gates, update = made
    first, second, third = (gate.sigmoid() for gate in gates)
    return first * (second * value + third * update.tanh()).tanh()


@final
class Centred(nn.Module):
    """A dilated convolution of whole sequences [B, S, in_features] that sees as far back as ahead -> [B, S, features].

    Elements that `there` [B, S, 1] says are not there count as zero.
    """

    def __init__(self, in_features: int, features: int, kernel_size: int, dilation: int = 1) -> None:
        super().__init__()
        if not kernel_size % 2:
            raise PhysimError(f"kernel_size is {kernel_size}, wanted an odd number: as much behind as ahead")
        self.core = nn.Conv1d(in_features, features, kernel_size, dilation=dilation, padding="same")

    def forward(self, value: Tensor, there: Tensor) -> Tensor:
        """What it sees at each place."""
        seen: Tensor = self.core((value * there).transpose(1, 2))
        return seen.transpose(1, 2)


@final
class Upsampling(nn.Module):
    """Frames [B, S, F] to as many samples as `strides` multiply to [B, S * samples, F], by learned transposed
    convolutions (arXiv:1609.03499, section 2.5).

    They begin as the frames repeated, blended over a frame's length.
    """

    def __init__(self, features: int, strides: Sequence[int]) -> None:
        super().__init__()
        if not strides or min(strides) < 1:
            raise PhysimError(f"strides are {list(strides)}, wanted at least one, all positive")
        self.features, self.samples = features, math.prod(strides)
        self.cores = nn.ModuleList(
            nn.ConvTranspose1d(features, features, 2 * stride, stride, (stride + 1) // 2, stride % 2)
            for stride in strides
        )
        for core in self.cores:
            _repeating(core)  # type: ignore[arg-type]

    def forward(self, frames: Tensor) -> Tensor:
        """The samples."""
        value = frames.transpose(1, 2)
        for core in self.cores:
            value = core(value)
        return value.transpose(1, 2)


def _repeating(core: nn.ConvTranspose1d) -> None:
    """Let a transposed convolution begin as the mean of the two frames that reach each sample."""
    nn.init.zeros_(core.bias)  # type: ignore[arg-type]
    nn.init.zeros_(core.weight)
    for feature in range(core.in_channels):
        nn.init.constant_(core.weight[feature, feature], 0.5)
