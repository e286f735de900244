"""Drawing frames pixel by pixel, by a native loop where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from learners.sequences.blocks import Block
from learners.sequences.columns import Columns
from learners.sequences.kernels import Options
from learners.sequences.masked import Masked, MaskedDecoder
from learners.sequences.pixel_kernels import draw_frame
from learners.sequences.video_pixels import ACTION, CONTEXT, DECODER, FRAME, PlainDecoder, check_films
from learners.sequences.ways import Sampling
from physim.checks import check_whole
from physim.errors import PhysimError
from physim.graph import ModuleGraph, State

Array = npt.NDArray[Any]


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
    if not bool(context.isfinite().all()):
        raise PhysimError("what frames are drawn by is no number: has the training diverged?")
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
    return np.ascontiguousarray(_numbers(layer.taps).T)


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
    check_whole(1, count=count)
    check_films(net, before, actions, before.shape[1] + count if before.dim() == 5 else 0)
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
