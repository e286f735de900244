"""Drawing frames pixel by pixel, at the cost of a column of the decoder for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor
from torch.nn import functional

from learners.sequences.blocks import Block
from learners.sequences.masked import Masked, MaskedDecoder
from learners.sequences.video_pixels import ACTION, CONTEXT, DECODER, FRAME, PlainDecoder
from physim.errors import PhysimError
from physim.graph import ModuleGraph, State

Draw = Callable[[Tensor], Tensor]
"""Makes values [B] of logits [B, classes]."""


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
        self.taps = {id(layer): _taps(layer) for layer in decoder.modules() if isinstance(layer, Masked)}

    def logits(self, row: int, column: int) -> Tensor:
        """The logits [B, colours, classes] of a pixel, of whose own colours those that were put count."""
        value = self._convolved(self.decoder.entrance, self.frame, row, column) + self.context[:, row, column]
        seen = iter(self.seen)
        for block in self.blocks:
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
        return functional.linear(torch.cat([above, here], 1), self.taps[id(layer)], layer.core.bias)

    def _pointwise(self, layer: Any, value: Tensor) -> Tensor:
        return functional.linear(value, self.taps[id(layer)], layer.core.bias)


def _taps(layer: Masked) -> Tensor:
    """The weights that see something [out, taps * in]."""
    weight = layer.weight
    if weight.shape[-1] == 1:
        return weight[:, :, 0, 0]
    several = [weight[:, :, 0, k] for k in range(3)] + [weight[:, :, 1, k] for k in range(2)]
    return torch.cat(several, 1)


@torch.no_grad()
def drawn_frame(decoder: MaskedDecoder | PlainDecoder, context: Tensor, draw: Draw) -> Tensor:
    """A frame [B, H, W, colours] int64 (float, of one class) that a decoder draws for a context [B, F, H, W]."""
    batch, _, height, width = context.shape
    classes, colours = decoder.classes, decoder.colours
    if isinstance(decoder, PlainDecoder):
        return draw(decoder(context).flatten(0, 3)).reshape(batch, height, width, colours)
    columns, top = Columns(decoder, context), max(1, classes - 1)
    made = torch.zeros(batch, height, width, colours, dtype=torch.int64, device=context.device)
    for row in range(height):
        for column in range(width):
            for colour in range(colours):
                value = draw(columns.logits(row, column)[:, colour])
                made[:, row, column, colour] = value
                columns.put(row, column, colour, 2 * value.to(context.dtype) / top - 1)
    return made


@torch.no_grad()
def continued(net: ModuleGraph, before: Tensor, count: int, seed: int = 0, actions: Tensor | None = None) -> Tensor:
    """Frames [B, count, H, W, C] that a `video_pixel_network` draws after others [B, T, H, W, C], each from its own.

    Values of one class are drawn as 0 or 1. `actions` [B, T + count, A] lead to all of these frames.
    """
    decoder = net.get_submodule(DECODER)
    if not isinstance(decoder, MaskedDecoder | PlainDecoder):
        raise PhysimError("frames are drawn by graphs that video_pixel_network(...) builds")
    random = torch.Generator(device=before.device).manual_seed(seed)

    def draw(logits: Tensor) -> Tensor:
        both = torch.cat([torch.zeros_like(logits), logits], 1) if logits.shape[1] == 1 else logits
        chances = both.softmax(1)
        return torch.multinomial(chances, 1, generator=random)[:, 0]

    def told(start: int, frame: Tensor) -> dict[str, Tensor]:
        return {FRAME: frame} if actions is None else {FRAME: frame, ACTION: actions[:, start : start + frame.shape[1]]}

    state: State
    _, state = net.window(told(0, before), None, outputs=net[CONTEXT])
    made = []
    for number in range(count):
        blank = torch.zeros_like(before[:, :1])
        context, _ = net.window(told(before.shape[1] + number, blank), state, outputs=net[CONTEXT])
        frame = drawn_frame(decoder, context[:, 0], draw)[:, None].to(before.dtype)
        _, state = net.window(told(before.shape[1] + number, frame), state, outputs=net[CONTEXT])
        made.append(frame)
    return torch.cat(made, 1)
