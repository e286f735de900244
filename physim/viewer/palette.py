"""The colours: a calm dark ground, and one colour for each body that never changes."""

from __future__ import annotations

from functools import lru_cache

from physim.colours import Colour

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


def title_colour(place: int) -> Colour:
    """The colour of a run by its number in the simulation."""
    return TITLES[place % len(TITLES)]


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
