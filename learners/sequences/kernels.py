"""The native loop of WaveNet's step."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numba
import numpy as np
from numba.extending import overload

from physim.native import compiled

# products may be fused with the sums that they stand in; nothing is reordered
native = partial(compiled, fastmath={"contract"})


class Options(NamedTuple):
    """How symbols are drawn (`top_k` 0: from all), and whether layers are gated or rectified."""

    temperature: float
    top_k: int
    gated: bool


@native
def run(weights, dilations, known, ring, stem, last, chances, options, made):  # type: ignore[no-untyped-def] # noqa: PLR0913, PLR0917
    """Make symbols [T] into `made`, one for each of chances [T], after the `last` one.

    Shapes: known [T or 1, L, W], what is added to what each layer sees; ring [sum of reaches, C], what the layers saw,
    one after the other, the oldest first, which turns with the ticks; stem [K - 1, C], likewise.
    """
    layers, seen, width = weights.taps.shape
    channels = weights.embedding.shape[1]
    kernel = seen // channels
    kind = weights.embedding.dtype
    value, both = np.zeros(channels, kind), np.zeros(seen, kind)
    sums, gate = np.zeros(width, kind), np.zeros(channels, kind)
    skips, hidden = np.zeros(weights.skips_bias.size, kind), np.zeros(weights.hidden_bias.size, kind)
    logits = np.zeros(weights.logits_bias.size, kind)
    space = (np.zeros(max(width, logits.size), kind), np.zeros(max(width, logits.size), np.int32))
    for tick in range(len(chances)):
        told = known[tick % len(known)]
        _gather(weights.embedding[last], stem, 0, (kernel - 1), 1, tick, both)
        affine(both, weights.stem, weights.stem_bias, value)
        skips[:] = weights.skips_bias
        start = 0
        for layer in range(layers):
            reach = (kernel - 1) * dilations[layer]
            _gather(value, ring, start, reach, dilations[layer], tick, both)
            for unit in range(width):
                sums[unit] = weights.taps_bias[layer, unit] + told[layer, unit]
            add_product(both, weights.taps[layer], sums)
            _gated(sums, gate, options.gated, space)
            add_product(gate, weights.skips[layer], skips)
            if layer < layers - 1:
                for unit in range(channels):
                    value[unit] += weights.residual_bias[layer, unit]
                add_product(gate, weights.residual[layer], value)
            start += reach
        rectify(skips)
        affine(skips, weights.hidden, weights.hidden_bias, hidden)
        rectify(hidden)
        affine(hidden, weights.logits, weights.logits_bias, logits)
        last = draw(logits, chances[tick], options, space)
        made[tick] = last


@native
def _gather(value, ring, start, reach, dilation, tick, both):  # type: ignore[no-untyped-def]
    """What a convolution sees [K C], the oldest first, from a ring that it takes the newest value into."""
    channels = len(value)
    for back in range(0, reach, dilation):
        row = start + (tick + back) % reach
        place = back // dilation * channels
        for unit in range(channels):
            both[place + unit] = ring[row, unit]
    place = len(both) - channels
    for unit in range(channels):
        both[place + unit] = value[unit]
    if reach:
        row = start + tick % reach
        for unit in range(channels):
            ring[row, unit] = value[unit]


@native
def affine(x, weight, bias, y):  # type: ignore[no-untyped-def]
    """y = x W + b."""
    for unit in range(len(y)):
        y[unit] = bias[unit]
    add_product(x, weight, y)


@native
def add_product(x, weight, y):  # type: ignore[no-untyped-def]
    """y += x W, eight rows of W [in, out] at a time: along a row all units at once."""
    rows, units = weight.shape
    whole = rows // 8 * 8
    for row in range(0, whole, 8):
        a, b, c, d = x[row], x[row + 1], x[row + 2], x[row + 3]
        e, f, g, h = x[row + 4], x[row + 5], x[row + 6], x[row + 7]
        for unit in range(units):
            first = (weight[row, unit] * a + weight[row + 1, unit] * b) + (
                weight[row + 2, unit] * c + weight[row + 3, unit] * d
            )
            second = (weight[row + 4, unit] * e + weight[row + 5, unit] * f) + (
                weight[row + 6, unit] * g + weight[row + 7, unit] * h
            )
            y[unit] += first + second
    for row in range(whole, rows):
        for unit in range(units):
            y[unit] += weight[row, unit] * x[row]


@native
def rectify(value):  # type: ignore[no-untyped-def]
    """What is under 0 becomes 0."""
    for unit in range(len(value)):
        value[unit] = max(value[unit], value.dtype.type(0))


@native
def _gated(sums, gate, gated, space):  # type: ignore[no-untyped-def]
    """tanh of the first half times sigmoid of the second: (1 - e^-2f) / (1 + e^-2f) / (1 + e^-g); or sums rectified."""
    channels, one = len(gate), gate.dtype.type(1)
    if not gated:
        for unit in range(channels):
            gate[unit] = max(sums[unit], gate.dtype.type(0))
        return
    for unit in range(channels):
        sums[unit] = -(sums[unit] + sums[unit])
        sums[channels + unit] = -sums[channels + unit]
    powers, bits = space
    exponential(sums, powers, bits)  # type: ignore[no-untyped-call]
    for unit in range(channels):
        gate[unit] = (one - powers[unit]) / (one + powers[unit]) / (one + powers[channels + unit])


@native
def _largest(powers, count):  # type: ignore[no-untyped-def]
    """The largest number but count - 1 others, by so many looks."""
    bound, found, seen = powers[0], 0, False
    while found < count:
        best, times = powers[0], 0
        for power in powers:
            if seen and power >= bound:
                continue
            if times == 0 or power > best:
                best, times = power, 1
            elif power == best:
                times += 1
        bound, found, seen = best, found + times, True
    return bound


@native
def draw(logits, chance, options, space):  # type: ignore[no-untyped-def]
    """A symbol by logits; see `Sampling`."""
    best = 0
    for kind in range(len(logits)):
        if logits[kind] > logits[best]:
            best = kind
    if options.temperature == 0:
        return best
    largest, scale = logits[best], logits.dtype.type(options.temperature)
    for kind in range(len(logits)):
        logits[kind] = (logits[kind] - largest) / scale
    powers, bits = space
    exponential(logits, powers, bits)  # type: ignore[no-untyped-call]
    least = logits.dtype.type(0)
    if 0 < options.top_k < len(logits):
        least = _largest(powers[: len(logits)], options.top_k)
    total = 0.0
    for kind in range(len(logits)):
        if powers[kind] >= least:
            total += powers[kind]
    wanted, summed = chance * total, 0.0
    for kind in range(len(logits)):
        if powers[kind] >= least and powers[kind] > 0:
            best, summed = kind, summed + powers[kind]
            if summed > wanted:
                return kind
    return best


def exponential(x, powers, bits):  # type: ignore[no-untyped-def]
    """e^x of each number, into `powers`; `bits` is space."""
    raise NotImplementedError  # it is compiled, for each precision another way


@overload(exponential)
def _exp_of(x, powers, bits):  # type: ignore[no-untyped-def]
    return _exp_32 if x.dtype == numba.float32 else _exp_64


def _exp_64(x, powers, bits):  # type: ignore[no-untyped-def]
    for place in range(len(x)):
        powers[place] = np.exp(min(max(x[place], -700.0), 700.0))


def _exp_32(x, powers, bits):  # type: ignore[no-untyped-def]
    """2^n times e^r, n whole and r small, of which a polynomial makes all numbers at once (Cephes' expf)."""
    for place in range(len(x)):
        value = min(max(x[place], np.float32(-87)), np.float32(87))
        whole = np.floor(value * np.float32(1.44269504) + np.float32(0.5))
        rest = value - whole * np.float32(0.693359375) + whole * np.float32(2.12194440e-4)
        power = np.float32(1.9875691500e-4)
        power = power * rest + np.float32(1.3981999507e-3)
        power = power * rest + np.float32(8.3334519073e-3)
        power = power * rest + np.float32(4.1665795894e-2)
        power = power * rest + np.float32(1.6666665459e-1)
        power = power * rest + np.float32(5.0000001201e-1)
        powers[place] = power * rest * rest + rest + np.float32(1)
        bits[place] = (np.int32(whole) + np.int32(127)) << np.int32(23)
    scales = bits.view(np.float32)
    for place in range(len(x)):
        powers[place] *= scales[place]
