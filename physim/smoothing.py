"""Paths and velocities from noisy positions, by local polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import final

import numpy as np
from scipy.signal import savgol_filter

from physim.arrays import Floats
from physim.errors import PhysimError

ORDER = 3
"""The order of the polynomials: uniform acceleration and its change are kept whole."""
SHORTEST = ORDER + 2
"""The fewest instants that say something about noise."""
GROWTH = 1.4
"""From one window that is tried to the next."""
ROUNDING = 64 * float(np.finfo(float).eps)
"""What rounding may leave of positions, as a share of the largest."""


@final
@dataclass(frozen=True)
class Smoothing:
    """Local polynomials of ORDER over `window` instants (odd), and the `noise` that they left of some paths.

    `noise` is the standard deviation of one coordinate of one position.
    """

    window: int
    noise: float

    def paths(self, positions: Floats) -> Floats:
        """The smoothed positions.

        Shapes: [T, ...] -> [T, ...].
        """
        return savgol_filter(positions, self._fitting(positions), ORDER, axis=0, mode="interp")

    def slopes(self, positions: Floats, dt: float) -> Floats:
        """Their derivatives by time, at the same instants.

        Shapes: [T, ...] -> [T, ...].
        """
        return savgol_filter(positions, self._fitting(positions), ORDER, deriv=1, delta=dt, axis=0, mode="interp")

    def _fitting(self, positions: Floats) -> int:
        return min(self.window, _odd(len(positions)))


def fitted_smoothing(segments: Sequence[Floats]) -> Smoothing:
    """The window that predicts positions left out one by one best (cross-validation), and the noise seen with it.

    This takes the noise for independent from instant to instant. Of windows that are as good, the smallest is taken.
    Shapes: segments of [T, ...], T of their own each.
    Raises: PhysimError where no segment has SHORTEST instants.
    """
    known = [segment for segment in segments if len(segment) >= SHORTEST]
    if not known:
        raise PhysimError(f"tracks: smoothing wants {SHORTEST} instants in a row, no segment is so long")
    scores = {window: _scores(known, window) for window in _windows(max(map(len, known)))}
    # where there is no noise, all windows are as good but for rounding
    least = min(left_out for left_out, _ in scores.values()) + ROUNDING**2 * _largest(known)
    window = next(window for window, (left_out, _) in scores.items() if left_out <= least)
    return Smoothing(window, scores[window][1] ** 0.5)


def _scores(segments: Sequence[Floats], window: int) -> tuple[float, float]:
    """The mean square by which each position is missed where it is left out, and the variance of the noise."""
    left_out, squares, count, freedom = 0.0, 0.0, 0.0, 0.0
    for segment in segments:
        rest = (segment - Smoothing(window, inf).paths(segment)).reshape(len(segment), -1)
        free = 1 - leverage(len(segment), min(window, _odd(len(segment))))
        left_out += float(np.square(rest / free[:, None]).sum())
        squares += float(np.square(rest).sum())
        count += rest.size
        freedom += float(free.sum()) * rest.shape[1]
    return left_out / count, squares / freedom


def leverage(instants: int, window: int) -> Floats:
    """By how much each smoothed position follows the measured one [instants]."""
    basis, _ = np.linalg.qr(np.polynomial.legendre.legvander(np.linspace(-1, 1, window), ORDER))
    share: Floats = np.square(basis).sum(axis=1)
    half = window // 2
    return np.concatenate([share[:half], np.full(instants - 2 * half, share[half]), share[half + 1 :]])


def _windows(longest: int) -> list[int]:
    """Odd windows that grow by about GROWTH, up to the longest segment."""
    sizes = [SHORTEST]
    while (size := _odd(round(GROWTH * sizes[-1]) + 1)) <= longest:
        sizes.append(size)
    return sizes


def _odd(size: int) -> int:
    return size - 1 + size % 2


def _largest(segments: Sequence[Floats]) -> float:
    """The square of the largest coordinate."""
    return max(float(np.square(segment).max(initial=0.0)) for segment in segments)
