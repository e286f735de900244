"""Drawing frames pixel by pixel, at the cost of a column of the decoder for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from learners.sequences.blocks import Block
from learners.sequences.generation import Sampling
from learners.sequences.kernels import Options
from learners.sequences.masked import Masked, MaskedDecoder
from learners.sequences.pixel_kernels import draw_frame
from learners.sequences.video_pixels import ACTION, CONTEXT, DECODER, FRAME, PlainDecoder
from physim.checks import check_positive
from physim.errors import PhysimError
from physim.graph import ModuleGraph, State

Array = npt.NDArray[Any]


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
        self.rising = Rising(decoder, self.frame, self.context) if decoder.rows is not None else None

    def logits(self, row: int, column: int) -> Tensor:
        """The logits [B, colours, classes] of a pixel, of whose own colours those that were put count."""
        value = self._convolved(self.decoder.entrance, self.frame, row, column) + self.context[:, row, column]
        seen = iter(self.seen)
        links = None if self.rising is None else iter(self.rising.links(row))
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
        return functional.linear(torch.cat([above, here], 1), self.taps[id(layer)], layer.core.bias)

    def _pointwise(self, layer: Any, value: Tensor) -> Tensor:
        return functional.linear(value, self.taps[id(layer)], layer.core.bias)


@final
class Rising:
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
            self.row, self._links = row, list(self._risen(row))
        return self._links

    def _risen(self, row: int) -> Iterator[Tensor]:
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


def _taps(layer: Masked) -> Tensor:
    """The weights that see something [out, taps * in]."""
    weight = layer.weight
    if weight.shape[-1] == 1:
        return weight[:, :, 0, 0]
    several = [weight[:, :, 0, k] for k in range(3)] + [weight[:, :, 1, k] for k in range(2)]
    return torch.cat(several, 1)


class Weights(NamedTuple):
    """All that a pixel is drawn by; matrices stand [in, out], gates one kind after the other.

    Shapes: entrance [5 C, 2 F]; narrow [L, 2 F, F]; convolutions [L, M, 5 F, 4 F or F]; wide [L, F, 2 F]; hidden
    [2 F, 2 F]; head [2 F, C K].
    """

    entrance: Array
    entrance_bias: Array
    narrow: Array
    narrow_bias: Array
    convolutions: Array
    convolutions_bias: Array
    wide: Array
    wide_bias: Array
    hidden: Array
    hidden_bias: Array
    head: Array
    head_bias: Array
    gated: bool


def native_weights(decoder: MaskedDecoder) -> Weights:
    """The weights of a decoder as the native loop reads them."""
    blocks = [block for block in decoder.blocks if isinstance(block, Block)]
    gated = blocks[0].multiplicative

    def stacked(layers: Sequence[Any]) -> tuple[Array, Array]:
        return np.stack([_matrix(layer) for layer in layers]), np.stack([_numbers(layer.core.bias) for layer in layers])

    convolutions = [convolution for block in blocks for convolution in block.convolutions]
    taps, biases = stacked(convolutions)
    if gated:  # features have their four gates side by side
        kinds = np.arange(taps.shape[2]).reshape(-1, 4).T.flatten()
        taps, biases = taps[:, :, kinds], biases[:, kinds]
    several = (len(blocks), -1)
    return Weights(
        _matrix(decoder.entrance),
        _numbers(decoder.entrance.core.bias),
        *stacked([block.narrow for block in blocks]),
        np.ascontiguousarray(taps.reshape(*several, *taps.shape[1:])),
        np.ascontiguousarray(biases.reshape(*several, biases.shape[1])),
        *stacked([block.wide for block in blocks]),
        _matrix(decoder.hidden),
        _numbers(decoder.hidden.core.bias),
        _matrix(decoder.head),
        _numbers(decoder.head.core.bias),
        gated,
    )


@torch.no_grad()
def drawn_frame(decoder: MaskedDecoder | PlainDecoder, context: Tensor, random: torch.Generator) -> Tensor:
    """A frame [B, H, W, colours] int64 that a decoder draws for a context [B, F, H, W]; of one class, 0 or 1.

    On the processor by a native loop, elsewhere, and by two stacks, by Columns: the same but for rounding.
    """
    batch, _, height, width = context.shape
    chances = torch.rand(batch, height, width, decoder.colours, generator=random, dtype=torch.float64)
    if isinstance(decoder, PlainDecoder):
        told = _both(decoder(context)).flatten(0, 3)
        return Sampling().draw(told, chances.flatten().to(context.device)).reshape(chances.shape)
    if context.device.type == "cpu" and decoder.rows is None:
        return _natively(decoder, context, chances)
    return by_columns(decoder, context, chances)


@torch.no_grad()
def by_columns(decoder: MaskedDecoder, context: Tensor, chances: Tensor) -> Tensor:
    """A frame [B, H, W, colours] that Columns draw by chances of that shape."""
    columns, top, sampling = Columns(decoder, context), max(1, decoder.classes - 1), Sampling()
    made = torch.zeros(chances.shape, dtype=torch.int64, device=context.device)
    for row, column, colour in product(*map(range, chances.shape[1:])):
        logits = _both(columns.logits(row, column)[:, colour])
        value = sampling.draw(logits, chances[:, row, column, colour].to(context.device))
        made[:, row, column, colour] = value
        columns.put(row, column, colour, 2 * value.to(context.dtype) / top - 1)
    return made


def _natively(decoder: MaskedDecoder, context: Tensor, chances: Tensor) -> Tensor:
    weights = native_weights(decoder)
    places = _numbers(decoder.context(context).permute(0, 2, 3, 1))
    batch, height, width, features = places.shape
    made = np.empty(chances.shape, np.int64)
    layers, several = weights.convolutions.shape[:2]
    for item in range(batch):
        frame = np.zeros((height + 2, width + 2, decoder.colours), places.dtype)
        rooms = np.zeros((layers, several, height + 2, width + 2, features // 2), places.dtype)
        options = Options(1.0, 0, weights.gated)
        draw_frame(weights, places[item], frame, rooms, chances[item].numpy(), options, made[item])
    return torch.from_numpy(made)


def _both(logits: Tensor) -> Tensor:
    """Logits of classes [..., K]; of one class, of 0 and 1."""
    return torch.cat([torch.zeros_like(logits), logits], -1) if logits.shape[-1] == 1 else logits


def _matrix(layer: Masked) -> Array:
    return np.ascontiguousarray(_numbers(_taps(layer)).T)


def _numbers(value: Any) -> Array:
    return np.ascontiguousarray(value.detach().numpy())


@torch.no_grad()
def continued(net: ModuleGraph, before: Tensor, count: int, seed: int = 0, actions: Tensor | None = None) -> Tensor:
    """Frames [B, count, H, W, C] that a `video_pixel_network` draws after others [B, T, H, W, C], each from its own.

    Values of one class are drawn as 0 or 1. `actions` [B, T + count, A] lead to all of these frames.
    """
    decoder = dict(net.named_children()).get(DECODER)
    if not isinstance(decoder, MaskedDecoder | PlainDecoder):
        raise PhysimError("frames are drawn by graphs that video_pixel_network(...) builds")
    check_positive(count=count)
    random = torch.Generator().manual_seed(seed)

    def told(start: int, frame: Tensor) -> dict[str, Tensor]:
        return {FRAME: frame} if actions is None else {FRAME: frame, ACTION: actions[:, start : start + frame.shape[1]]}

    state: State
    _, state = net.window(told(0, before), None, outputs=net[CONTEXT])
    made = []
    for number in range(count):
        blank = torch.zeros_like(before[:, :1])
        context, _ = net.window(told(before.shape[1] + number, blank), state, outputs=net[CONTEXT])
        frame = drawn_frame(decoder, context[:, 0], random)[:, None].to(before.dtype)
        _, state = net.window(told(before.shape[1] + number, frame), state, outputs=net[CONTEXT])
        made.append(frame)
    return torch.cat(made, 1)
