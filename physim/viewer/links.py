"""Springs as zigzags, pins as lines; the colour shows how far they are from their length at rest."""

from __future__ import annotations

import numpy as np
import pygame

from physim.viewer.bodies import Bodies, Floats
from physim.viewer.camera import Camera
from physim.viewer.palette import stretch_colour

WINDINGS = 4
STRAIGHT = 26.0
"""A spring that has less room than so many pixels at rest is a line: its windings could not be told apart."""
WIDTH, SLIMMEST = 0.16, 1.2
"""How far windings stand out, as a share of the length at rest, and in pixels at least."""
FULL = 0.8
"""The stretch, as a share of the length at rest, that has the full colour."""


def draw_links(surface: pygame.Surface, bodies: Bodies, pos: Floats, sizes: Floats, camera: Camera) -> None:
    """Draw all springs and pins from rim to rim.

    Shapes: pos [N, 2] (m), sizes [N], the bodies' radii in pixels.
    """
    first, second = pos[bodies.links]
    length = np.hypot(*(second - first).T)
    stretch = np.divide(length - bodies.rest, bodies.rest, out=np.zeros_like(length), where=bodies.rest > 0)
    tenths = np.clip(np.rint(10 * stretch / FULL), -10, 10).astype(int).tolist()
    ends = camera.pixels(np.stack([first, second], axis=1))
    rims = sizes[bodies.links].T
    for place, spring in enumerate(bodies.springs.tolist()):
        path = _path(ends[place], rims[place], bodies.rest[place] * camera.scale if spring else 0.0)
        colour = stretch_colour(tenths[place])
        for shift in (0.0, 0.7):  # twice, for a line of more than one pixel
            pygame.draw.aalines(surface, colour, False, (path + shift).tolist())


def _path(ends: Floats, rims: Floats, rest: float) -> Floats:
    """The corners of a zigzag whose wire keeps its length, so that it grows slimmer the longer it is; or a line.

    Shapes: ends [2, 2], rims [2] -> [K, 2], all in pixels.
    """
    way = ends[1] - ends[0]
    length = float(np.hypot(*way))
    room = length - float(rims.sum())
    if room <= 0:
        return ends
    along, across = way / length, np.array([-way[1], way[0]]) / length
    if rest - rims.sum() < STRAIGHT:
        return np.stack([ends[0] + rims[0] * along, ends[1] - rims[1] * along])
    lead = 0.12 * room
    places = np.concatenate([[0.0], lead + (room - 2 * lead) * np.arange(0.25, WINDINGS, 0.5) / WINDINGS, [room]])
    width = max(WIDTH * rest * min(1.0, rest / length), SLIMMEST)
    sides = np.concatenate([[0.0], np.tile([width, -width], WINDINGS), [0.0]])
    return ends[0] + (rims[0] + places)[:, None] * along + sides[:, None] * across
