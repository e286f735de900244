"""Discs, thick lines and polygons without stairs."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pygame
import pygame.gfxdraw

from physim.viewer.bodies import Floats
from physim.viewer.palette import Colour

SHARES = 4
"""Sprites are kept for so many places within a pixel, so that slow bodies do not jump."""
FINE, LARGEST_SPRITE = 48.0, 200.0
"""Discs up to the first are placed to a share of a pixel; those beyond the second are plain, for want of memory."""
GLOW, LARGEST_GLOW, GLOW_STRENGTH = 1.2, 26.0, 0.20
"""How far the glow reaches, as a share of the radius, and in pixels at most."""


def draw_disc(surface: pygame.Surface, centre: Floats, radius: float, colour: Colour) -> None:
    """An anti-aliased disc with a faint glow, placed to a quarter of a pixel where it is small."""
    if radius > LARGEST_SPRITE:
        draw_plate(surface, centre, radius, colour)
        return
    shifted = np.round(centre * SHARES).astype(int)
    if radius > FINE:
        shifted = np.round(centre).astype(int) * SHARES
    (column, across), (row, down) = (divmod(int(value), SHARES) for value in shifted)
    sprite = _sprite(round(radius * SHARES), across, down, colour)
    half = sprite.get_width() // 2
    surface.blit(sprite, (column - half, row - half))


def draw_plate(surface: pygame.Surface, centre: Floats, radius: float, colour: Colour) -> None:
    """An anti-aliased disc of one flat colour."""
    x, y, size = round(centre[0]), round(centre[1]), min(round(radius), 20_000)
    pygame.gfxdraw.aacircle(surface, x, y, size, colour)
    pygame.gfxdraw.filled_circle(surface, x, y, size, colour)


def draw_ring(surface: pygame.Surface, centre: Floats, radius: float, colour: Colour) -> None:
    """An anti-aliased circle, two pixels wide."""
    x, y, size = round(centre[0]), round(centre[1]), min(round(radius), 20_000)
    for width in (0, 1):
        pygame.gfxdraw.aacircle(surface, x, y, size + width, colour)


def draw_bar(surface: pygame.Surface, first: Floats, second: Floats, radius: float, colour: Colour) -> None:
    """A line with round ends, `radius` pixels to either side."""
    if radius >= 0.75:  # whole pixels, so that ends and sides are flush
        first, second, radius = np.rint(first), np.rint(second), round(radius)
    along = second - first
    length = float(np.hypot(*along))
    if radius < 0.75 or length == 0:
        pygame.draw.aaline(surface, colour, first.tolist(), second.tolist())
        return
    across = np.array([-along[1], along[0]]) * (radius / length)
    corners = [first + across, second + across, second - across, first - across]
    points = [(round(x), round(y)) for x, y in corners]
    pygame.gfxdraw.aapolygon(surface, points, colour)
    pygame.gfxdraw.filled_polygon(surface, points, colour)
    for end in (first, second):
        pygame.gfxdraw.aacircle(surface, round(end[0]), round(end[1]), round(radius), colour)
        pygame.gfxdraw.filled_circle(surface, round(end[0]), round(end[1]), round(radius), colour)


def draw_polygon(surface: pygame.Surface, corners: Floats, radius: float, colour: Colour) -> None:
    """A filled polygon, `radius` pixels thicker and rounder all round.

    Shapes: corners [K, 2] in pixels.
    """
    points = np.rint(corners).astype(int).tolist()
    pygame.gfxdraw.aapolygon(surface, points, colour)
    pygame.gfxdraw.filled_polygon(surface, points, colour)
    if radius >= 0.75:
        for first, second in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            draw_bar(surface, first, second, radius, colour)


@lru_cache(maxsize=2048)
def _sprite(radius_shares: int, across: int, down: int, colour: Colour) -> pygame.Surface:
    """A disc whose centre lies `across` and `down` shares of a pixel off the middle one."""
    radius = radius_shares / SHARES
    reach = min(radius * GLOW, LARGEST_GLOW)
    half = int(np.ceil(radius + reach)) + 2
    place = np.arange(-half, half + 1)
    x, y = (place - across / SHARES)[:, None], (place - down / SHARES)[None, :]
    distance = np.hypot(x, y)
    disc = np.clip(radius + 0.5 - distance, 0, 1)
    glow = GLOW_STRENGTH * np.clip(1 - (distance - radius) / (reach + 1), 0, 1) ** 2
    light = 1.0 + 0.22 * np.clip(-(x + y) / (2 * radius + 1), -1, 1)
    sprite = pygame.Surface((2 * half + 1, 2 * half + 1), pygame.SRCALPHA, 32)
    pygame.surfarray.pixels3d(sprite)[:] = np.clip(light[..., None] * np.array(colour), 0, 255)
    pygame.surfarray.pixels_alpha(sprite)[:] = 255 * (disc + (1 - disc) * glow)
    return sprite
