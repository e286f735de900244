"""Strips of patterns: what is seen of a surface so far away, in what light."""

from __future__ import annotations

from physim.native import compiled
from worlds.maze.textures import HUES, LIGHTS, SHADES, SIDE

FAR = 1e6
"""From there on (m) nothing changes any more."""
SIDE_LIGHT = 0.82
"""How much of the light faces across y have of that of faces across x."""


@compiled
def lit(distance):  # type: ignore[no-untyped-def]
    """How lit (0 to LIGHTS - 1) a surface so far away is."""
    return (LIGHTS - 1) / (1 + 0.05 * distance + 0.006 * distance * distance)


@compiled
def level_of(texels):  # type: ignore[no-untyped-def]
    """The size of a pattern (0: the largest) of which a texel is about a pixel, where so many of the largest are."""
    level = 0
    while texels > 1.4 and SIDE >> level > 1:
        texels *= 0.5
        level += 1
    return level


@compiled
def strip_of(sheet, pattern, hue, light, along, pixel):  # type: ignore[no-untyped-def]
    """An upright strip of a pattern: where it starts, how many texels it has, and where its colours start.

    `along` is how far (m) it is from the left of the pattern, `pixel` how wide (m) a pixel is there.
    """
    level = level_of(SIDE * pixel)
    size = SIDE >> level
    texel = min(max(int(along * size), 0), size - 1)
    start = pattern * sheet.levels[-1] + sheet.levels[level] + texel * size
    return start, size, (light * HUES + hue) * SHADES
