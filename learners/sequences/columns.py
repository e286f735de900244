"""A masked decoder, a pixel at a time: what a pixel costs is a column of it, not the frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import torch
from torch import Tensor
from torch.nn import functional

from learners.sequences.blocks import Block
from learners.sequences.masked import Masked, MaskedDecoder


@final
class Columns:
    """A masked decoder, a pixel at a time: what its convolutions saw of pixels drawn before is kept.

    Tensors lie pixel by pixel, features last, with a margin of zeros around: a patch is a slice.
    """

    def __init__(self, decoder: MaskedDecoder, context: Tensor) -> None:
        self.decoder, self.blocks = decoder, [block for block in decoder.blocks if isinstance(block, Block)]
        batch, _, self.height, self.width = context.shape
        self.context = decoder.context(context).permute(0, 2, 3, 1)
        self.frame = self._room(batch, decoder.colours, context)
        self.seen = [
            self._room(batch, convolution.core.in_channels, context)  # type: ignore[union-attr, arg-type]
            for block in self.blocks
            for convolution in block.convolutions
        ]
        self.taps = {layer: layer.taps for layer in decoder.modules() if isinstance(layer, Masked)}  # masked once
        self.above = RowsAbove(decoder, self.frame, self.context) if decoder.rows is not None else None

    def logits(self, row: int, column: int) -> Tensor:
        """The logits [B, colours, classes] of a pixel, of whose own colours those that were put count."""
        value = self._convolved(self.decoder.entrance, self.frame, row, column) + self.context[:, row, column]
        seen = iter(self.seen)
        links = None if self.above is None else iter(self.above.links(row))
        for block in self.blocks:
            if links is not None:
                value = value + next(links)[:, column]
            inner = block.begun(self._pointwise(block.narrow, block.entered(value)))
            for convolution in block.convolutions:
                kept = next(seen)
                kept[:, row + 1, column + 1] = inner
                made = self._convolved(convolution, kept, row, column)
                inner = block.joined(made, inner)
            value = value + self._pointwise(block.wide, inner)
        hidden = functional.relu(self._pointwise(self.decoder.hidden, functional.relu(value)))
        return self._pointwise(self.decoder.head, hidden).unflatten(1, (self.decoder.colours, self.decoder.classes))

    def put(self, row: int, column: int, colour: int, value: Tensor) -> None:
        """Say what a colour of a pixel is [B], in -1 to 1."""
        self.frame[:, row + 1, column + 1, colour] = value

    def _room(self, batch: int, features: int, like: Tensor) -> Tensor:
        return like.new_zeros(batch, self.height + 2, self.width + 2, features)

    def _convolved(self, layer: Any, kept: Tensor, row: int, column: int) -> Tensor:
        """A 3 x 3 convolution's value at a pixel: three taps above, one to the left, and the pixel."""
        above = kept[:, row, column : column + 3].flatten(1)
        here = kept[:, row + 1, column : column + 2].flatten(1)
        return functional.linear(torch.cat([above, here], 1), self.taps[layer], layer.core.bias)

    def _pointwise(self, layer: Any, value: Tensor) -> Tensor:
        return functional.linear(value, self.taps[layer], layer.core.bias)


@final
class RowsAbove:
    """What a decoder of two stacks tells of all rows above, a row at a time: what its convolutions saw of the last row
    is kept.
    """

    def __init__(self, decoder: MaskedDecoder, frame: Tensor, context: Tensor) -> None:
        self.decoder, self.frame, self.context = decoder, frame, context
        self.blocks = [block for block in decoder.above if isinstance(block, Block)]
        self.last = [
            context.new_zeros(len(context), context.shape[2] + 2, convolution.core.in_channels)  # type: ignore[union-attr, arg-type]
            for block in self.blocks
            for convolution in block.convolutions
        ]
        self.row, self._links = -1, list[Tensor]()

    def links(self, row: int) -> list[Tensor]:
        """What each block is told at a row, once all above it are drawn [B, W, F]."""
        if row != self.row:
            self.row, self._links = row, list(self._told(row))
        return self._links

    def _told(self, row: int) -> Iterator[Tensor]:
        value = _seen_along(self.decoder.rows, self.frame[:, row]) + self.context[:, row]
        last = iter(range(len(self.last)))
        for block, link in zip(self.blocks, self.decoder.links, strict=True):
            inner = block.begun(_pointwise(block.narrow, block.entered(value)))
            for convolution in block.convolutions:
                number = next(last)
                here = functional.pad(inner, (0, 0, 1, 1))
                made = _seen_along(convolution, self.last[number], here)
                self.last[number] = here
                inner = block.joined(made.flatten(0, 1), inner.flatten(0, 1)).unflatten(0, inner.shape[:2])
            value = value + _pointwise(block.wide, inner)
            yield _pointwise(link, value)


def _seen_along(layer: Any, *rows: Tensor) -> Tensor:
    """What Rows see along rows [B, W + 2, F], the upper one first -> [B, W, F]."""
    taps = [row[:, shift : row.shape[1] - 2 + shift] for row in rows for shift in range(3)]
    return functional.linear(torch.cat(taps, 2), layer.core.weight.permute(0, 2, 3, 1).flatten(1), layer.core.bias)


def _pointwise(layer: Any, value: Tensor) -> Tensor:
    return functional.linear(value, layer.weight[:, :, 0, 0], layer.bias)
