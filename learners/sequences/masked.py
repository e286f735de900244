"""Convolutions of pictures that see what was drawn before: above, to the left, and earlier colours of the same pixel.

A picture is drawn row by row, each pixel's colours in their order. Features are in as many groups as there are colours:
what is in a group may depend on the colours up to its own.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from learners.sequences.blocks import Block, Kind
from physim.errors import PhysimError


@final
class Masked(nn.Module):
    """A convolution of [B, in_features, H, W] of which no tap sees what comes later -> [B, features, H, W].

    Of the pixel itself a group of features sees earlier groups and, unless it is the `first` layer, its own. The taps
    are those of an odd `kernel_size`; of 1, the pixel alone.
    """

    mask: Tensor

    def __init__(
        self, in_features: int, features: int, kernel_size: int = 3, colours: int = 1, first: bool = False
    ) -> None:
        super().__init__()
        if in_features % colours or features % colours:
            raise PhysimError(f"features are {in_features} and {features}, wanted multiples of the {colours} colours")
        self.core = nn.Conv2d(in_features, features, kernel_size, padding="same")
        self.register_buffer("mask", _mask(in_features, features, kernel_size, colours, first), persistent=False)

    @property
    def weight(self) -> Tensor:
        """The weights, zero where later pixels would be seen."""
        return self.core.weight * self.mask

    def forward(self, value: Tensor) -> Tensor:
        """What is seen everywhere."""
        return functional.conv2d(value, self.weight, self.core.bias, padding="same")


def _mask(in_features: int, features: int, kernel_size: int, colours: int, first: bool) -> Tensor:
    centre = kernel_size // 2
    mask = torch.ones(features, in_features, kernel_size, kernel_size)
    mask[:, :, centre + 1 :] = 0
    mask[:, :, centre, centre + 1 :] = 0
    out = torch.arange(features) * colours // features
    into = torch.arange(in_features) * colours // in_features
    mask[:, :, centre, centre] = (into < out[:, None]) if first else (into <= out[:, None])
    return mask


@final
class MaskedDecoder(nn.Module):
    """Foretells each colour of each pixel from a context [B, 2 width, H, W] and what was drawn before in the frame.

    Frame [B, colours, H, W] -> logits [B, H, W, colours, classes]. The frame enters by one masked convolution, without
    the gates and sums that would let a pixel see itself; the context is added behind it.
    """

    def __init__(
        self, width: int, layers: int, colours: int = 1, classes: int = 2, blocks: Kind = "multiplicative"
    ) -> None:
        super().__init__()
        self.colours, self.classes = colours, classes
        self.entrance = Masked(colours, 2 * width, 3, colours, first=True)
        self.context = nn.Conv2d(2 * width, 2 * width, 1)

        def convolution(into: int, out: int, size: int) -> Masked:
            return Masked(into, out, size, colours)

        self.blocks = nn.ModuleList(Block(width, blocks, convolution) for _ in range(layers))
        self.hidden = Masked(2 * width, 2 * width, 1, colours)
        self.head = Masked(2 * width, colours * classes, 1, colours)

    def forward(self, context: Tensor, frame: Tensor) -> Tensor:
        """The logits of all pixels at once."""
        value = self.entrance(frame) + self.context(context)
        for block in self.blocks:
            value = block(value)
        return self.told(value)

    def told(self, value: Tensor) -> Tensor:
        """Logits, from the features behind the last block."""
        logits: Tensor = self.head(functional.relu(self.hidden(functional.relu(value))))
        return logits.unflatten(1, (self.colours, self.classes)).permute(0, 3, 4, 1, 2)
