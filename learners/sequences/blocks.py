"""Residual blocks of pictures, whatever their convolutions see."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from torch import Tensor, nn
from torch.nn import functional

from learners.sequences.layers import Blocks, multiplied

Convolution = Callable[[int, int, int], nn.Module]
"""Makes a convolution of that resolution: by its features in and out, and its kernel's size."""


@final
class Block(nn.Module):
    """A residual block on [B, 2 width, H, W] (arXiv:1610.00527, section 4.1).

    Multiplicative: 1x1 to the width, two multiplicative units, 1x1 back. Rectified: 1x1, 3x3 and 1x1 behind ReLUs.
    Gates stand beside the feature that they are of.
    """

    def __init__(self, width: int, kind: Blocks, convolution: Convolution) -> None:
        super().__init__()
        self.multiplicative = kind == "multiplicative"
        taps = 4 * width if self.multiplicative else width
        self.narrow = convolution(2 * width, width, 1)
        self.convolutions = nn.ModuleList(convolution(width, taps, 3) for _ in range(1 + self.multiplicative))
        self.wide = convolution(width, 2 * width, 1)

    def forward(self, value: Tensor) -> Tensor:
        """The value, and what the block adds to it."""
        inner = self.begun(self.narrow(self.entered(value)))
        for convolution in self.convolutions:
            inner = self.joined(convolution(inner), inner)
        added: Tensor = value + self.wide(inner)
        return added

    def entered(self, value: Tensor) -> Tensor:
        """What the first 1x1 convolution sees."""
        return value if self.multiplicative else functional.relu(value)

    def begun(self, inner: Tensor) -> Tensor:
        """What the first 3x3 convolution sees."""
        return inner if self.multiplicative else functional.relu(inner)

    def joined(self, made: Tensor, inner: Tensor) -> Tensor:
        """What a convolution made, with what it saw of the pixel itself."""
        if not self.multiplicative:
            return functional.relu(made)
        return multiplied(made.unflatten(1, (-1, 4)).unbind(2), inner)
