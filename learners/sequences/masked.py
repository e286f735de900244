"""Convolutions of pictures that see what was drawn before: above, to the left, and earlier colours of the same pixel.

A picture is drawn row by row, each pixel's colours in their order. Features are in as many groups as there are colours:
what is in a group may depend on the colours up to its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from learners.sequences.blocks import Block
from learners.sequences.layers import Blocks
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

    @property
    def taps(self) -> Tensor:
        """The weights that see something [features, taps * in_features] of a kernel of 1 or 3: the row above, to the
        left, the pixel.
        """
        weight = self.weight
        if weight.shape[-1] == 1:
            return weight[:, :, 0, 0]
        return torch.cat([weight[:, :, 0, k] for k in range(3)] + [weight[:, :, 1, k] for k in range(2)], 1)

    def forward(self, value: Tensor) -> Tensor:
        """What is seen everywhere."""
        return functional.conv2d(value, self.weight, self.core.bias, padding="same")


@final
class Rows(nn.Module):
    """A convolution of [B, in_features, H, W] that sees whole rows -> [B, features, H, W].

    Each pixel sees the row above it, three pixels wide, and its own unless it is the `first` layer: then nothing of its
    own row is in it, and later layers may see all of theirs.
    """

    def __init__(self, in_features: int, features: int, first: bool = False) -> None:
        super().__init__()
        self.first = first
        self.core = nn.Conv2d(in_features, features, (1 if first else 2, 3))

    def forward(self, value: Tensor) -> Tensor:
        """What is seen everywhere."""
        seen: Tensor = self.core(functional.pad(value[:, :, :-1] if self.first else value, (1, 1, 1, 0)))
        return seen


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

    Masks of squares leave a wedge of earlier pixels to the right that is never seen. With `two_stacks` there are as
    many blocks of Rows beside, which see all rows above, and each masked block sees one of them (arXiv:1606.05328).
    """

    def __init__(
        self,
        width: int,
        layers: int,
        colours: int = 1,
        classes: int = 2,
        blocks: Blocks = "multiplicative",
        *,
        two_stacks: bool = False,
    ) -> None:
        super().__init__()
        self.colours, self.classes = colours, classes
        self.entrance = Masked(colours, 2 * width, 3, colours, first=True)
        self.context = nn.Conv2d(2 * width, 2 * width, 1)

        def convolution(into: int, out: int, size: int) -> Masked:
            return Masked(into, out, size, colours)

        def rows(into: int, out: int, size: int) -> nn.Module:
            return Rows(into, out) if size > 1 else nn.Conv2d(into, out, 1)

        above = layers if two_stacks else 0
        self.rows = Rows(colours, 2 * width, first=True) if two_stacks else None
        self.above = nn.ModuleList(Block(width, blocks, rows) for _ in range(above))
        self.links = nn.ModuleList(nn.Conv2d(2 * width, 2 * width, 1) for _ in range(above))
        self.blocks = nn.ModuleList(Block(width, blocks, convolution) for _ in range(layers))
        self.hidden = Masked(2 * width, 2 * width, 1, colours)
        self.head = Masked(2 * width, colours * classes, 1, colours)

    def forward(self, context: Tensor, frame: Tensor) -> Tensor:
        """The logits of all pixels at once."""
        known = self.context(context)
        value = self.entrance(frame) + known
        links = iter(self._linked(frame, known))
        for block in self.blocks:
            value = block(value if self.rows is None else value + next(links))
        return self.told(value)

    def _linked(self, frame: Tensor, known: Tensor) -> Iterator[Tensor]:
        """What each block is told of all rows above."""
        if self.rows is not None:
            value = self.rows(frame) + known
            for block, link in zip(self.above, self.links, strict=True):
                value = block(value)
                yield link(value)

    def told(self, value: Tensor) -> Tensor:
        """Logits, from the features behind the last block."""
        logits: Tensor = self.head(functional.relu(self.hidden(functional.relu(value))))
        return logits.unflatten(1, (self.colours, self.classes)).permute(0, 3, 4, 1, 2)
