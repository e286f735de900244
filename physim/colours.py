"""Colours that look equally light and equally strong, whatever their hue (Oklab)."""

from __future__ import annotations

import math
from functools import lru_cache

Colour = tuple[int, int, int]

GOLDEN_ANGLE = math.radians(137.508)
LIGHTNESS, CHROMA, FIRST_HUE = 0.79, 0.115, math.radians(70)


@lru_cache(maxsize=1024)
def body_colour(body: int) -> Colour:
    """The colour of a body: equally light for all, neighbours in number far apart in hue (Oklch)."""
    return oklch(LIGHTNESS - 0.05 * (body % 2), CHROMA, FIRST_HUE + body * GOLDEN_ANGLE)


def oklch(lightness: float, chroma: float, hue: float) -> Colour:
    """The sRGB colour of a lightness (0 to 1), a chroma (0: grey, 0.1: calm, 0.2: strong) and a hue (radians)."""
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _encoded(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _encoded(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _encoded(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _encoded(linear: float) -> int:
    """One linear channel with the sRGB curve, 0 to 255."""
    clipped = min(max(linear, 0.0), 1.0)
    curved = 12.92 * clipped if clipped <= 0.0031308 else 1.055 * clipped ** (1 / 2.4) - 0.055
    return round(255 * curved)
