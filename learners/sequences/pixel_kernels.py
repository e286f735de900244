"""The native loop that draws a frame, pixel by pixel."""

from __future__ import annotations

import numpy as np

from learners.sequences.kernels import add_product, affine, draw, exponential, native, rectify

# ruff: noqa: PLR0913, PLR0917 (a native loop is told all)


@native
def draw_frame(weights, context, frame, rooms, chances, options, made):  # type: ignore[no-untyped-def]
    """Draw a frame [H, W, C] into `made`, each colour of each pixel by its chance [H, W, C].

    Shapes: context [H, W, 2 F]; frame [H + 2, W + 2, C] and rooms [L, M, H + 2, W + 2, F], what each convolution saw,
    with a margin of zeros.
    """
    height, width, colours = made.shape
    classes = weights.head_bias.size // colours
    top = max(1, classes - 1)
    kind = context.dtype
    logits = np.zeros(max(2, classes), kind)
    told = np.zeros(weights.head_bias.size, kind)
    space = (
        np.zeros(max(4 * rooms.shape[4], logits.size), kind),
        np.zeros(max(4 * rooms.shape[4], logits.size), np.int32),
    )
    for row in range(height):
        for column in range(width):
            for colour in range(colours):
                foretell(weights, context, frame, rooms, row, column, told, space)
                if classes == 1:
                    logits[0], logits[1] = 0, told[colour]
                else:
                    for one in range(classes):
                        logits[one] = told[colour * classes + one]
                value = draw(logits, chances[row, column, colour], options, space)
                made[row, column, colour] = value
                frame[row + 1, column + 1, colour] = kind.type(2 * value) / kind.type(top) - kind.type(1)


@native
def foretell(weights, context, frame, rooms, row, column, told, space):  # type: ignore[no-untyped-def]
    """The logits [C K] of a pixel into `told`."""
    kind = context.dtype
    layers, convolutions, width = rooms.shape[0], rooms.shape[1], rooms.shape[4]
    value = np.zeros(2 * width, kind)
    inner, made = np.zeros(width, kind), np.zeros(weights.convolutions.shape[3], kind)
    patch, seen = np.zeros(5 * frame.shape[2], kind), np.zeros(5 * width, kind)
    _patch(frame, row, column, patch)
    affine(patch, weights.entrance, weights.entrance_bias, value)
    for unit in range(2 * width):
        value[unit] += context[row, column, unit]
    entered = np.zeros(2 * width, kind)
    for layer in range(layers):
        entered[:] = value
        if not weights.gated:
            rectify(entered)
        affine(entered, weights.narrow[layer], weights.narrow_bias[layer], inner)
        if not weights.gated:
            rectify(inner)
        for number in range(convolutions):
            room = rooms[layer, number]
            room[row + 1, column + 1] = inner
            _patch(room, row, column, seen)
            affine(seen, weights.convolutions[layer, number], weights.convolutions_bias[layer, number], made)
            if weights.gated:
                _multiply(made, inner, space)
            else:
                inner[:] = made
                rectify(inner)
        for unit in range(2 * width):
            value[unit] += weights.wide_bias[layer, unit]
        add_product(inner, weights.wide[layer], value)
    rectify(value)
    affine(value, weights.hidden, weights.hidden_bias, entered)
    rectify(entered)
    affine(entered, weights.head, weights.head_bias, told)


@native
def _patch(room, row, column, patch):  # type: ignore[no-untyped-def]
    """Three pixels above, the one to the left, and the pixel itself, one after the other."""
    features = room.shape[2]
    for tap in range(3):
        for unit in range(features):
            patch[tap * features + unit] = room[row, column + tap, unit]
    for tap in range(2):
        for unit in range(features):
            patch[(3 + tap) * features + unit] = room[row + 1, column + tap, unit]


@native
def _multiply(made, inner, space):  # type: ignore[no-untyped-def]
    """A multiplicative unit: three gates and an update, one after the other [4 F], on a value [F]."""
    width, one = len(inner), inner.dtype.type(1)
    powers, bits = space
    for unit in range(3 * width):
        made[unit] = -made[unit]
    for unit in range(3 * width, 4 * width):
        made[unit] = -(made[unit] + made[unit])
    exponential(made, powers, bits)  # type: ignore[no-untyped-call]
    for unit in range(width):
        update = (one - powers[3 * width + unit]) / (one + powers[3 * width + unit])
        mixed = inner[unit] / (one + powers[width + unit]) + update / (one + powers[2 * width + unit])
        made[width + unit] = one / (one + powers[unit])
        made[unit] = -(mixed + mixed)
    exponential(made[:width], powers, bits)  # type: ignore[no-untyped-call]
    for unit in range(width):
        inner[unit] = made[width + unit] * (one - powers[unit]) / (one + powers[unit])
