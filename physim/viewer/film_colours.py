"""Few colours for a GIF, chosen by hand: a GIF's own choice follows the dark ground and loses the bodies."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from physim.colours import Colour, body_colour
from physim.viewer import palette
from physim.viewer.palette import mixed

Pixels = npt.NDArray[np.uint8]

BITS, PAINTED_BITS = 7, 8
HUES = 16
"""Bodies beyond these take the nearest of their colours."""
CELL = 8


def reduced(frame: Pixels) -> Pixels:
    """The frame in at most 2^BITS colours.

    Shapes: [H, W, 3] -> [H, W, 3].
    """
    red, green, blue = np.moveaxis(frame // CELL, -1, 0)
    return film_colours()[_nearest()[red, green, blue]]


def painted(frame: Pixels) -> Pixels:
    """The frame in at most 2^PAINTED_BITS colours of its own, rare ones among them, which the usual cut would miss.

    Shapes: [H, W, 3] -> [H, W, 3].
    """
    from PIL.Image import Dither, Quantize, fromarray

    few = fromarray(frame).quantize(2**PAINTED_BITS, method=Quantize.FASTOCTREE, dither=Dither.NONE)
    return np.asarray(few.convert("RGB"))


@lru_cache(maxsize=1)
def film_colours() -> Pixels:
    """The ground's own colours, and ramps from the ground to text and bodies [C, 3]."""
    ground = [palette.GROUND, palette.PANEL, palette.GRID, palette.AXIS, palette.EDGE, palette.WALL, palette.WELL]
    ground += [palette.KINEMATIC, palette.RIM]
    text = [palette.TEXT, palette.MUTED, palette.GOOD, palette.WARNING, palette.STOPPED, *palette.TITLES]
    ramps: list[Colour] = [mixed(palette.PANEL, colour, share) for colour in text for share in (0.5, 1.0)]
    bodies = map(body_colour, range(HUES))
    ramps += [palette.stretch_colour(tenths) for tenths in (-10, -5, 0, 3, 6, 10)]
    ramps += [mixed(palette.PANEL, colour, share) for colour in bodies for share in (0.2, 0.36, 0.55, 0.77, 1.0)]
    return np.array(list(dict.fromkeys([*ground, *ramps])), dtype=np.uint8)


@lru_cache(maxsize=1)
def _nearest() -> npt.NDArray[np.intp]:
    """For each little cube of colours, the nearest of the film's, and those of the film exactly where they lie."""
    colours = film_colours().astype(float)
    cubes = np.stack(np.meshgrid(*[np.arange(256 // CELL)] * 3, indexing="ij"), axis=-1) * CELL + CELL / 2
    nearest = np.stack([((cubes - colour) ** 2).sum(axis=-1) for colour in colours]).argmin(axis=0)
    nearest[tuple(film_colours().T // CELL)] = np.arange(len(colours))
    return nearest
