"""Where the ticks of a plot stand, and what is written at them."""

from __future__ import annotations

import math
from typing import NamedTuple

from physim.viewer.bodies import Floats

DECADES = 6
"""The most powers of ten that a plot of errors shows."""
PREFIXES = ("n", "µ", "m", "", "k", "M", "G", "T")
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)


class Axis(NamedTuple):
    """What a plot shows from its lower to its upper end, in its own unit, and the places and labels of its ticks."""

    low: float
    high: float
    ticks: list[tuple[float, str]]


def linear(low: float, high: float, ticks: int, unit: str = "") -> Axis:
    """Round ends outside of both values, with about so many ticks."""
    step = _rounded((high - low) / max(ticks, 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    places = [number * step for number in range(first, max(last, first + 1) + 1)]
    return Axis(places[0], places[-1], [(place, f"{place:.6g}{unit}") for place in places])


def within(low: float, high: float, ticks: int) -> Axis:
    """These very ends, with ticks at round places between them."""
    step = _rounded((high - low) / max(ticks, 1))
    places = [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
    inside = [min(max(place, low), high) for place in places]  # products and quotients are rounded
    return Axis(low, high, [(place, f"{place:.6g}") for place in inside])


def powers(low: float, high: float, ticks: int) -> Axis:
    """Whole powers of ten outside of both values, as their logarithms; the largest `DECADES` where there are more."""
    last = math.ceil(math.log10(high) - 1e-9)
    first = max(min(math.floor(math.log10(low) + 1e-9), last - 1), last - DECADES)
    stride = math.ceil((last - first) / max(ticks, 1))
    places = range(last, first - 1, -stride)
    return Axis(first, last, [(place, _power(place)) for place in places])


def shares(values: Floats, axis: Axis) -> Floats:
    """How far along the axis values lie, 0 to 1."""
    return (values - axis.low) / (axis.high - axis.low)


def prefixed(size: float) -> tuple[float, str]:
    """How many units one of the prefix that fits a size is, and the prefix: 1000 and k for 25000."""
    place = min(max(math.floor(math.log10(size) / 3 + 1e-9), -3), 4) if size > 0 else 0
    return 1000.0**place, PREFIXES[place + 3]


def _power(exponent: int) -> str:
    """A power of ten in few letters."""
    return f"{10.0**exponent:g}" if -3 <= exponent <= 3 else f"1e{exponent}"


def _rounded(step: float) -> float:
    """The next larger 1, 2, 2.5, 5 or 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in NICE if factor * power >= step * (1 - 1e-9))
