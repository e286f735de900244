"""The colours: a calm dark ground, and one colour for each body that never changes."""

from __future__ import annotations

import math
from functools import lru_cache

Colour = tuple[int, int, int]

GROUND: Colour = (13, 16, 22)
PANEL: Colour = (19, 23, 31)
GRID: Colour = (27, 32, 42)
AXIS: Colour = (36, 42, 54)
EDGE: Colour = (44, 51, 65)
WALL: Colour = (84, 94, 112)
WELL: Colour = (52, 60, 75)
KINEMATIC: Colour = (58, 92, 132)
RIM: Colour = (150, 190, 236)
"""Bodies that are moved from outside are blue, with a bright rim."""
LINK: Colour = (104, 115, 135)
STRETCHED: Colour = (255, 138, 101)
PRESSED: Colour = (92, 158, 255)
TEXT: Colour = (226, 231, 240)
MUTED: Colour = (142, 152, 170)
GOOD: Colour = (139, 205, 160)
WARNING: Colour = (240, 178, 108)
STOPPED: Colour = (240, 128, 120)
TITLES: tuple[Colour, ...] = (
    (136, 190, 245),
    (245, 190, 125),
    (150, 215, 150),
    (226, 160, 226),
    (240, 226, 130),
    (120, 214, 214),
    (240, 150, 150),
    (180, 170, 250),
)
"""The colours of runs, the truth's first."""

GOLDEN_ANGLE = math.radians(137.508)
LIGHTNESS, CHROMA, FIRST_HUE = 0.79, 0.115, math.radians(70)


def title_colour(place: int) -> Colour:
    """The colour of a run by its number in the simulation."""
    return TITLES[place % len(TITLES)]


@lru_cache(maxsize=1024)
def body_colour(body: int) -> Colour:
    """The colour of a body: equally light for all, neighbours in number far apart in hue (Oklch)."""
    hue = FIRST_HUE + body * GOLDEN_ANGLE
    return _from_oklab(LIGHTNESS - 0.05 * (body % 2), CHROMA * math.cos(hue), CHROMA * math.sin(hue))


@lru_cache(maxsize=4096)
def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """The colour that lies at a share of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


@lru_cache(maxsize=64)
def stretch_colour(tenths: int) -> Colour:
    """The colour of a link that is so many tenths longer (or, below 0, shorter) than at rest."""
    share = min(abs(tenths) / 10, 1.0)
    return mixed(LINK, STRETCHED if tenths > 0 else PRESSED, share)


def _from_oklab(lightness: float, a: float, b: float) -> Colour:
    """A colour of the Oklab space as sRGB."""
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
