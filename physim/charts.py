"""Small charts as pixels, without a window or a library of plots: bars, and a line over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from physim.arrays import Floats
from physim.colours import Colour, body_colour
from physim.raster import Pixels, Shapes, draw

GROUND, BASE = (22, 26, 34), (84, 94, 112)
PAD = 0.06
"""How much of a chart is left free all round."""


def bars(shares: Sequence[float], size: tuple[int, int]) -> Pixels:
    """A bar for each share, 0 to 1, of a colour of its own: a picture [H, W, 3] of (W, H)."""
    each = (1 - 2 * PAD) / len(shares)
    hulls = [
        _box(PAD + each * (place + 0.1), PAD, each * 0.8, max(share, 0.004) * (1 - 2 * PAD))
        for place, share in enumerate(shares)
    ]
    return _drawn(hulls, [body_colour(place) for place in range(len(shares))], size)


def line(values: Sequence[float], size: tuple[int, int], colour: Colour | None = None) -> Pixels:
    """The last values over time, from the left to the right, between the smallest and the largest, or 0 and 1."""
    low, high = min((0.0, *values)), max((1.0, *values))
    across = np.linspace(PAD, 1 - PAD, max(len(values), 2))
    up = PAD + (1 - 2 * PAD) * (np.asarray(values, float) - low) / (high - low)
    zero = PAD - (1 - 2 * PAD) * low / (high - low)
    points = np.column_stack([across[: len(up)], up])
    hulls = [np.array([[PAD, zero], [1 - PAD, zero]]), *(points[k : k + 2] for k in range(len(points) - 1))]
    return _drawn(hulls, [BASE] + [colour or body_colour(0)] * (len(hulls) - 1), size)


def _box(left: float, low: float, width: float, height: float) -> Floats:
    return np.array([[left, low], [left + width, low], [left + width, low + height], [left, low + height]])


def _drawn(hulls: Sequence[Floats], colours: Sequence[Colour], size: tuple[int, int]) -> Pixels:
    picture = np.empty((1, size[1], size[0], 3), np.uint8)
    picture[:] = GROUND
    first = np.cumsum([0, *map(len, hulls)])
    shapes = Shapes(np.concatenate(hulls)[None], first, np.zeros(len(hulls)), np.array(colours, float))
    draw(*shapes, np.array([0.0, 0.0, 1.0, 1.0]), picture)
    return np.ascontiguousarray(picture[0, ::-1])
