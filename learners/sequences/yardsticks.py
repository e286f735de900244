"""What any sequence model should beat: tables of counts, and linear prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.stats import laplace, norm

from physim.arrays import Floats, Integers
from physim.errors import PhysimError

Shape = Literal["gaussian", "laplace"]
SHAPES = {"gaussian": norm, "laplace": laplace}
ORDER = 16
"""How many samples linear prediction sees."""
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
    train: Sequence[Integers], test: Sequence[Integers], edges: Floats, middles: Floats, shape: Shape
) -> Floats:
    """Bits of each symbol by linear prediction from the last ORDER samples, with errors of a shape, over levels' bins.

    Shapes: edges [classes + 1], the sound between which each level lies, the outermost infinite; middles [classes].
    """
    products, sums = np.zeros((ORDER, ORDER)), np.zeros(ORDER)
    for symbols in train:  # row by row: all that is seen of all samples would not fit
        seen, wanted = _pairs(middles[symbols])
        products += seen.T @ seen
        sums += seen.T @ wanted
    weights = np.linalg.solve(products + 1e-9 * np.trace(products) * np.eye(ORDER), sums)
    errors = np.concatenate([middles[symbols] - _pairs(middles[symbols])[0] @ weights for symbols in train])
    kind = SHAPES[shape](scale=errors.std() if shape == "gaussian" else np.abs(errors).mean())
    surprises = []
    for symbols in test:
        inputs, _ = _pairs(middles[symbols])
        mean = inputs @ weights
        share = kind.cdf(edges[symbols + 1] - mean) - kind.cdf(edges[symbols] - mean)
        surprises.append(-np.log2((1 - LEAST) * share + LEAST / len(middles)))
    return np.concatenate(surprises)


def linear_bits(
    train: Sequence[Integers], test: Sequence[Integers], edges: Floats, middles: Floats, shape: Shape
) -> float:
    """Bits a symbol by linear prediction; see `linear_surprises`."""
    return float(linear_surprises(train, test, edges, middles, shape).mean())


def _before(symbols: Integers) -> Integers:
    return np.concatenate([[0], symbols[:-1]])


def _pairs(sound: Floats) -> tuple[Floats, Floats]:
    """Of each sample the ORDER before it [T, ORDER] and itself [T]; there is silence before the first."""
    heard = np.concatenate([np.zeros(ORDER), sound])
    return sliding_window_view(heard, ORDER)[:-1], sound
