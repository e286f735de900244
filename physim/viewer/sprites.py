"""Discs, thick lines and polygons without stairs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import hypot

import numpy as np
import pygame
import pygame.gfxdraw

from physim.colours import Colour

Point = Sequence[float]
"""A place in pixels: x and y."""

SHARES = 4
"""Sprites are kept for so many places within a pixel, so that slow bodies do not jump."""
FINE, LARGEST_SPRITE = 48.0, 200.0
"""Discs up to the first are placed to a share of a pixel; those beyond the second are plain, for want of memory."""
GLOW, LARGEST_GLOW, GLOW_STRENGTH = 1.2, 26.0, 0.20
"""How far the glow reaches, as a share of the radius, and in pixels at most."""
THIN = 0.75
"""A radius in pixels under which it is not seen."""
LARGEST = 20_000


def draw_disc(surface: pygame.Surface, centre: Point, radius: float, colour: Colour, glow: bool = True) -> None:
    """An anti-aliased disc, with a faint glow where that is wanted, placed to a quarter of a pixel where small."""
    if radius > LARGEST_SPRITE:
        draw_plate(surface, centre, radius, colour)
        return
    fine = radius <= FINE
    x, y = (round(place * SHARES) if fine else round(place) * SHARES for place in centre)
    (column, across), (row, down) = divmod(x, SHARES), divmod(y, SHARES)
    sprite = _sprite(round(radius * SHARES), across, down, colour, glow)
    half = sprite.get_width() // 2
    surface.blit(sprite, (column - half, row - half))


def draw_plate(surface: pygame.Surface, centre: Point, radius: float, colour: Colour) -> None:
    """An anti-aliased disc of one flat colour."""
    x, y, size = round(centre[0]), round(centre[1]), min(round(radius), LARGEST)
    pygame.gfxdraw.aacircle(surface, x, y, size, colour)
    pygame.gfxdraw.filled_circle(surface, x, y, size, colour)


def draw_ring(surface: pygame.Surface, centre: Point, radius: float, colour: Colour) -> None:
    """An anti-aliased circle, two pixels wide."""
    x, y, size = round(centre[0]), round(centre[1]), min(round(radius), LARGEST)
    for width in (0, 1):
        pygame.gfxdraw.aacircle(surface, x, y, size + width, colour)


def draw_bar(surface: pygame.Surface, first: Point, second: Point, radius: float, colour: Colour) -> None:
    """A line with round ends, `radius` pixels to either side."""
    if radius < THIN:
        pygame.draw.aaline(surface, colour, first, second)
        return
    (a, b), (c, d) = map(round, first), map(round, second)  # whole pixels, so that ends and sides are flush
    size = round(radius)
    length = hypot(c - a, d - b)
    if length > 0:
        x, y = (b - d) * size / length, (c - a) * size / length
        _fill(surface, [(a + x, b + y), (c + x, d + y), (c - x, d - y), (a - x, b - y)], colour, colour)
    for end in ((a, b), (c, d)):
        draw_plate(surface, end, size, colour)


def draw_polygon(
    surface: pygame.Surface, corners: Sequence[Point], radius: float, colour: Colour, rim: Colour | None = None
) -> None:
    """A filled convex polygon, `radius` pixels thicker and rounder all round, with a line of another colour."""
    if radius < THIN:
        _fill(surface, corners, colour, rim or colour)
        return
    outline: list[Point] = []
    turning = 1.0 if _area(corners) > 0 else -1.0
    for place, corner in enumerate(corners):
        before, after = corners[place - 1], corners[(place + 1) % len(corners)]
        for first, second in ((before, corner), (corner, after)):
            along = (second[0] - first[0], second[1] - first[1])
            share = turning * radius / max(hypot(*along), 1e-9)
            outline.append((corner[0] + share * along[1], corner[1] - share * along[0]))
    _fill(surface, outline, colour, rim or colour)
    for corner in corners if radius >= 2 else ():
        draw_plate(surface, corner, int(radius), colour)


def draw_outline(surface: pygame.Surface, corners: Sequence[Point], colour: Colour) -> None:
    """The sides of a polygon as thin lines."""
    pygame.draw.aalines(surface, colour, True, corners)


def _fill(surface: pygame.Surface, corners: Sequence[Point], colour: Colour, rim: Colour) -> None:
    points = [(round(x), round(y)) for x, y in corners]
    if rim != colour:  # the filling would cover the inner half of it
        pygame.gfxdraw.filled_polygon(surface, points, colour)
    pygame.gfxdraw.aapolygon(surface, points, rim)
    if rim == colour:
        pygame.gfxdraw.filled_polygon(surface, points, colour)


def _area(corners: Sequence[Point]) -> float:
    """Twice the area of a polygon, above 0 where its corners go from x to y."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, [*corners[1:], corners[0]], strict=True))


@lru_cache(maxsize=2048)
def _sprite(radius_shares: int, across: int, down: int, colour: Colour, glowing: bool) -> pygame.Surface:
    """A disc whose centre lies `across` and `down` shares of a pixel off the middle one."""
    radius = radius_shares / SHARES
    reach = min(radius * GLOW, LARGEST_GLOW) if glowing else 0.0
    half = int(np.ceil(radius + reach)) + 2
    place = np.arange(-half, half + 1)
    x, y = (place - across / SHARES)[:, None], (place - down / SHARES)[None, :]
    distance = np.hypot(x, y)
    disc = np.clip(radius + 0.5 - distance, 0, 1)
    glow = glowing * GLOW_STRENGTH * np.clip(1 - (distance - radius) / (reach + 1), 0, 1) ** 2
    light = 1.0 + 0.22 * np.clip(-(x + y) / (2 * radius + 1), -1, 1)
    sprite = pygame.Surface((2 * half + 1, 2 * half + 1), pygame.SRCALPHA, 32)
    pygame.surfarray.pixels3d(sprite)[:] = np.clip(light[..., None] * np.array(colour), 0, 255)
    pygame.surfarray.pixels_alpha(sprite)[:] = 255 * (disc + (1 - disc) * glow)
    return sprite
