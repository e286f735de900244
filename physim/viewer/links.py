"""Springs as zigzags, pins as lines, slides as dashes, pivots as dots; colours show how far from rest they are."""

from __future__ import annotations

import numpy as np
import pygame

from physim.scenes.scene import PIVOT, POLYGON, SLIDE, SPRING
from physim.viewer.bodies import Bodies, Floats
from physim.viewer.camera import Camera
from physim.viewer.palette import GROUND, LINK, TEXT, stretch_colour
from physim.viewer.sprites import draw_plate

WINDINGS = 4
STRAIGHT = 26.0
"""A spring that has less room than so many pixels at rest is a line: its windings could not be told apart."""
WIDTH, SLIMMEST = 0.16, 1.2
"""How far windings stand out, as a share of the length at rest, and in pixels at least."""
FULL = 0.8
"""The stretch, as a share of the length at rest, that has the full colour."""
DASH = 5.0
"""The length of a dash, and of the gap after it, in pixels."""
PIVOT_DOT, ANCHOR_DOT = 4.0, 2.0
"""The radius of a pivot, and of where links hold bodies elsewhere than at their centres, in pixels."""


def draw_links(surface: pygame.Surface, bodies: Bodies, anchors: Floats, sizes: Floats, camera: Camera) -> None:
    """Draw all springs, pins and slides: from rim to rim where they hold centres, else from anchor to anchor.

    Shapes: anchors [2, L, 2] (m), sizes [N], the bodies' radii in pixels.
    """
    tenths = _stretch_tenths(bodies, anchors)
    ends = camera.pixels(anchors.transpose(1, 0, 2))
    to_centre = bodies.off_centre | (bodies.shape[bodies.links] == POLYGON)
    rims = np.where(to_centre, 0.0, sizes[bodies.links]).T
    for place, kind in enumerate(bodies.kind.tolist()):
        if kind == PIVOT:
            continue
        path = _path(ends[place], rims[place], bodies.rest[place] * camera.scale if kind == SPRING else 0.0)
        pieces = _dashes(path) if kind == SLIDE else [path]
        for piece in pieces:
            for shift in (0.0, 0.7):  # twice, for a line of more than one pixel
                pygame.draw.aalines(surface, stretch_colour(tenths[place]), False, (piece + shift).tolist())


def draw_holds(surface: pygame.Surface, bodies: Bodies, anchors: Floats, camera: Camera) -> None:
    """Draw where pivots are, and where other links hold bodies elsewhere than at their centres.

    Shapes: anchors [2, L, 2] (m).
    """
    for side, places in enumerate(camera.pixels(anchors)):
        for link in np.flatnonzero(bodies.off_centre[side] & (bodies.kind != PIVOT)).tolist():
            draw_plate(surface, places[link], ANCHOR_DOT, LINK)
    for place in camera.pixels(anchors.mean(axis=0))[bodies.kind == PIVOT]:
        draw_plate(surface, place, PIVOT_DOT, GROUND)
        draw_plate(surface, place, PIVOT_DOT - 2, TEXT)


def _stretch_tenths(bodies: Bodies, anchors: Floats) -> list[int]:
    """How many tenths of the full stretch each link is longer, or below 0 shorter, than the nearest length at rest."""
    length = np.hypot(*(anchors[1] - anchors[0]).T)
    rest = np.clip(length, bodies.rest, bodies.longest)
    stretch = np.divide(length - rest, rest, out=np.zeros_like(length), where=rest > 0)
    return np.clip(np.rint(10 * stretch / FULL), -10, 10).astype(int).tolist()


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


def _dashes(line: Floats) -> Floats:
    """Dashes along a line, of which one begins and one ends it.

    Shapes: line [2, 2] -> [D, 2, 2], all in pixels.
    """
    count = max(1, round((float(np.hypot(*(line[1] - line[0]))) / DASH + 1) / 2))
    shares = np.arange(2 * count).reshape(-1, 2, 1) / (2 * count - 1)
    return line[0] + shares * (line[1] - line[0])
