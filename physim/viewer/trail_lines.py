"""Trails as lines that fade into the ground the older they are."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pygame

from physim.colours import Colour, body_colour
from physim.viewer.bodies import Bodies, Floats, Integers
from physim.viewer.camera import Camera
from physim.viewer.palette import PANEL, mixed
from physim.viewer.trail import Trail

BANDS, LEAST_BANDS, PIECES = 12, 2, 240
"""A trail fades in so many bands, or fewer where all trails together would have more than so many pieces."""
FEW = 20
"""Trails of more bodies than these are shorter."""
PIECE = 4.0
"""The least length of a piece of a line in pixels, where it is not the last: pygame's lines are smooth where long."""


def draw_trails(
    surface: pygame.Surface, trail: Trail, bodies: Bodies, pos: Floats, camera: Camera, thick: bool
) -> None:
    """Draw the trails of all bodies that move, which are now at `pos` [N, 2] (m)."""
    points = trail.points(pos)
    kept = max(2, round(len(points) * min(1.0, FEW / bodies.count)))
    first = trail.first + len(points) - kept
    points = camera.pixels(points[-kept:]).transpose(1, 0, 2)
    lengths = np.abs(np.diff(points, axis=1)).sum(axis=(1, 2))
    shown = np.flatnonzero(~bodies.static & (lengths > 2))
    strides = _strides(kept, lengths[shown])
    bands = max(LEAST_BANDS, min(BANDS, PIECES // max(len(shown), 1)))
    for stride in np.unique(strides).tolist():
        alike = shown[strides == stride]
        paths = np.concatenate([points[alike, -first % stride : -1 : stride], points[alike, -1:]], axis=1)
        edges = np.linspace(0, paths.shape[1] - 1, min(bands, paths.shape[1] - 1) + 1).astype(int).tolist()
        for label, path in zip(bodies.label[alike].tolist(), paths.tolist(), strict=True):
            _draw_trail(surface, path, edges, _colours(label), thick)


def _draw_trail(
    surface: pygame.Surface, path: list[list[float]], edges: list[int], colours: list[Colour], thick: bool
) -> None:
    """Draw one path in bands between some of its points, each in a colour that fits its age."""
    for start, end in pairwise(edges):
        colour, piece = colours[end * (BANDS - 1) // (len(path) - 1)], path[start : end + 1]
        pygame.draw.aalines(surface, colour, False, piece)
        if thick:
            pygame.draw.aalines(surface, colour, False, [(x + 0.7, y + 0.7) for x, y in piece])


@lru_cache(maxsize=1024)
def _colours(label: int) -> list[Colour]:
    """The colours of a trail, band by band, the oldest first."""
    return [mixed(PANEL, body_colour(label), 0.9 * ((band + 1) / BANDS) ** 1.5) for band in range(BANDS)]


def _strides(points: int, pixels: Floats) -> Integers:
    """Every which point of a trail to draw: a power of two, so that the same points are drawn in frame after frame.

    Shapes: pixels, the lengths of trails [N] -> [N].
    """
    return (2 ** np.ceil(np.log2(np.maximum(1.0, PIECE * points / pixels)))).astype(np.int64)
