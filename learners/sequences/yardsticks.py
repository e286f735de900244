"""What any sequence model should beat: tables of counts, and linear prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.optimize import minimize
from scipy.signal import lfilter
from scipy.stats import laplace, norm

from physim.arrays import Floats, Integers
from physim.errors import PhysimError
from physim.native import compiled

Shape = Literal["gaussian", "laplace"]
SHAPES = {"gaussian": norm, "laplace": laplace}
ORDER, HEARD = 16, 32
"""How many samples linear prediction sees, and by how many of its errors it knows how large the next one may be."""
FITTED = 200_000
"""By how many samples, evenly from the training part, the two numbers of the size of errors are found, about."""
KEPT, FIRST_DOUBT = 0.998, 0.1
"""How much less each sample counts for a filter that adapts than the next, 500 of them about; and how little it doubts
what it begins as: the smaller, the more.
"""
UNSEEN = 0.1
"""What is added to each count, so that nothing is impossible."""
LEAST = 1e-6
"""A share of equal chances that linear prediction leaves each level, for the same reason."""


def table_bits(train: Sequence[Integers], test: Sequence[Integers], classes: int, order: int) -> float:
    """Bits a symbol by counts of single symbols (order 0), or of pairs (1); a row's first follows symbol 0."""
    if order not in (0, 1):
        raise PhysimError(f"order is {order}, wanted 0 or 1")
    counts = np.full((classes, classes), 0.0)
    for symbols in train:
        np.add.at(counts, (_before(symbols), symbols), 1)
    if order == 0:
        counts = np.broadcast_to(counts.sum(0), counts.shape)
    chances = (counts + UNSEEN) / (counts + UNSEEN).sum(1, keepdims=True)
    surprises = [-np.log2(chances[_before(symbols), symbols]) for symbols in test]
    return float(np.concatenate(surprises).mean())


def linear_surprises(
    train: Sequence[Integers],
    test: Sequence[Integers],
    edges: Floats,
    middles: Floats,
    shape: Shape,
    adaptive: bool = False,
) -> Floats:
    """Bits of each symbol by linear prediction from the last ORDER samples, with errors of a shape, over levels' bins.

    The filter is the best of the training part or, if `adaptive`, goes on from that, sample by sample, by recursive
    least squares. Errors are as large as a + b times the mean size of the last HEARD ones, a and b as the training part
    likes them best: a voice is loud and still by turns.

    Shapes: edges [classes + 1], the sound between which each level lies, the outermost infinite; middles [classes].
    """
    known = (edges, middles, adaptive)
    products, sums = np.zeros((ORDER, ORDER)), np.zeros(ORDER)
    for symbols in train:  # row by row: all that is seen of all samples would not fit
        seen, wanted = _pairs(middles[symbols])
        products += seen.T @ seen
        sums += seen.T @ wanted
    weights = np.linalg.solve(products + 1e-9 * np.trace(products) * np.eye(ORDER), sums)
    step = max(1, sum(map(len, train)) // FITTED)
    parts = [_around(symbols, weights, *known)[:, ::step] for symbols in train]
    fitted = _fitted(np.concatenate(parts, axis=1), SHAPES[shape])
    around = np.concatenate([_around(symbols, weights, *known) for symbols in test], axis=1)
    return -np.log2((1 - LEAST) * _shares(around, *fitted, SHAPES[shape]) + LEAST / len(middles))


def linear_bits(
    train: Sequence[Integers],
    test: Sequence[Integers],
    edges: Floats,
    middles: Floats,
    shape: Shape,
    adaptive: bool = False,
) -> float:
    """Bits a symbol by linear prediction; see `linear_surprises`."""
    return float(linear_surprises(train, test, edges, middles, shape, adaptive).mean())


def _before(symbols: Integers) -> Integers:
    return np.concatenate([[0], symbols[:-1]])


def _pairs(sound: Floats) -> tuple[Floats, Floats]:
    """Of each sample the ORDER before it [T, ORDER] and itself [T]; there is silence before the first."""
    heard = np.concatenate([np.zeros(ORDER), sound])
    return sliding_window_view(heard, ORDER)[:-1], sound


def _around(symbols: Integers, weights: Floats, edges: Floats, middles: Floats, adaptive: bool) -> Floats:
    """From where to where levels lie about their predictions, and the mean size of the last errors [3, T]."""
    sound = middles[symbols]
    mean = _adapted(np.ascontiguousarray(_pairs(sound)[0]), sound, weights) if adaptive else _pairs(sound)[0] @ weights
    before = np.concatenate([[0.0], np.abs(sound - mean)[:-1]])
    heard = lfilter(np.full(HEARD, 1 / HEARD), [1.0], before)
    return np.stack([edges[symbols] - mean, edges[symbols + 1] - mean, heard])


@compiled
def _adapted(seen, sound, weights):  # type: ignore[no-untyped-def]
    """What filters foretell [T] that begin as `weights` [ORDER] and follow the sound by recursive least squares."""
    order = len(weights)
    weights, inverse = weights.copy(), np.eye(order) / FIRST_DOUBT
    found = np.empty(len(sound))
    for tick in range(len(sound)):
        found[tick] = seen[tick] @ weights
        gain = inverse @ seen[tick]
        gain /= KEPT + seen[tick] @ gain
        weights += gain * (sound[tick] - found[tick])
        inverse = (inverse - np.outer(gain, seen[tick] @ inverse)) / KEPT
        doubt = np.trace(inverse) * FIRST_DOUBT / order
        if doubt > 1:  # never more than at first: in long silence it would grow for ever
            inverse /= doubt
    return found


def _shares(around: Floats, least: float, slope: float, kind: Any) -> Floats:
    """How likely levels are [T] where errors are as large as `least` and `slope` times the last ones."""
    scale = least + slope * around[2]
    shares: Floats = kind.cdf(around[1] / scale) - kind.cdf(around[0] / scale)
    return shares


def _fitted(around: Floats, kind: Any) -> tuple[float, float]:
    """The least size of errors, and how much of the last ones' is added, with which levels are the likeliest."""
    usual = around[2].mean() + np.finfo(float).tiny

    def surprise(two: Floats) -> float:
        shares = _shares(around, two[0] * usual, two[1], kind)
        return -float(np.log((1 - LEAST) * shares + LEAST).mean())

    least, slope = minimize(surprise, (0.5, 0.5), method="Nelder-Mead", bounds=((1e-3, None), (0, None))).x
    return float(least * usual), float(slope)
