"""Rounded convex shapes drawn into arrays, anti-aliased and without a window."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from physim.arrays import Floats, Integers
from physim.native import compiled

Pixels = npt.NDArray[np.uint8]

THINNEST = 0.75
"""Half the width (pixels) that points and lines are drawn with at least."""


class Shapes(NamedTuple):
    """What is drawn of a scene: hulls of points, made thicker and rounder all round.

    Shapes: points [T, P, 2]; first [K + 1], where the points of each shape begin; radius [K]; colour [K, C].
    """

    points: Floats
    first: Integers
    radius: Floats
    colour: Floats


@compiled
def draw(points, first, radius, colour, window, out):  # type: ignore[no-untyped-def]
    """Draw the shapes of every instant into out [T, H, W, C], y upwards from its first row."""
    left, bottom, right, top = window
    instants, height, width, channels = out.shape
    across, up = width / (right - left), height / (top - bottom)
    for instant in range(instants):
        for shape in range(len(radius)):
            hull = points[instant, first[shape] : first[shape + 1]].copy()
            for corner in range(len(hull)):
                hull[corner, 0] = (hull[corner, 0] - left) * across
                hull[corner, 1] = (hull[corner, 1] - bottom) * up
            thick = max(radius[shape] * across, THINNEST if len(hull) < 3 else 0.0)
            x0 = max(int(hull[:, 0].min() - thick - 1), 0)
            x1 = min(int(hull[:, 0].max() + thick + 2), width)
            y0 = max(int(hull[:, 1].min() - thick - 1), 0)
            y1 = min(int(hull[:, 1].max() + thick + 2), height)
            for y in range(y0, y1):
                for x in range(x0, x1):
                    cover = min(max(0.5 + thick - _distance(hull, x + 0.5, y + 0.5), 0.0), 1.0)
                    for channel in range(channels):
                        under = out[instant, y, x, channel]
                        out[instant, y, x, channel] = round(under + cover * (colour[shape, channel] - under))


@compiled
def _distance(hull, x, y):  # type: ignore[no-untyped-def]
    """How far a place is from a convex hull [P, 2] of counter-clockwise corners; below 0 inside."""
    nearest, deepest = math.inf, -math.inf
    for corner in range(len(hull)):
        ax, ay = hull[corner]
        bx, by = hull[(corner + 1) % len(hull)]
        dx, dy, px, py = bx - ax, by - ay, x - ax, y - ay
        square = dx * dx + dy * dy
        along = min(max((px * dx + py * dy) / square, 0.0), 1.0) if square > 0 else 0.0
        nearest = min(nearest, math.hypot(px - along * dx, py - along * dy))
        if square > 0:
            deepest = max(deepest, (py * dx - px * dy) / -math.sqrt(square))
    return deepest if len(hull) > 2 and deepest < 0 else nearest
