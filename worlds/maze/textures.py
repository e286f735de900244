"""Surfaces made by code: patterns in sixteen shades, at every size down to one texel, and colours for the shades."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from physim.arrays import Floats
from physim.colours import oklch

Bytes = npt.NDArray[np.uint8]

SIDE = 64
"""Texels along a metre of a pattern; a power of two."""
SHADES, HUES, LIGHTS = 16, 16, 64
GREY, GROUND, SKY, GOLD = 0, 13, 14, 15
"""Hues with a use of their own; 1 to 12 go round the circle."""
DARK = (13, 16, 22)
"""What far surfaces fade into."""


class Sheet(NamedTuple):
    """What a ray-caster draws with.

    Shapes: texels [patterns * texels of a pattern], each a shade; levels: where each size of a pattern starts in it,
    from SIDE texels a metre down to one, and how many texels a pattern has; colours [LIGHTS * HUES * SHADES] uint32,
    red in the lowest byte.
    """

    texels: Bytes
    levels: npt.NDArray[np.int64]
    colours: npt.NDArray[np.uint32]


def _noise(columns: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], salt: int) -> Floats:
    """Numbers from 0 to 1 that belong to places, the same for ever."""
    mixed = (columns * 73856093 ^ rows * 19349663 ^ salt * 83492791) & 0x7FFFFFFF
    mixed = (mixed * 1103515245 + 12345) & 0x7FFFFFFF
    return np.asarray(((mixed ^ mixed >> 13) * 1103515245 & 0x7FFFFFFF) / 0x7FFFFFFF)


COLUMNS, ROWS = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
GRAIN = 0.12 * (_noise(COLUMNS, ROWS, 0) - 0.5)


def _laid(width: int, height: int, joint: int, shifted: bool) -> Floats:
    """Stones of one size in rows, each a little lighter or darker than its neighbours, and dark joints."""
    row = ROWS // height
    column = (COLUMNS + (width // 2) * (row % 2) * shifted) % SIDE
    tone = 0.68 + 0.25 * _noise(column // width, row, 1)
    return np.where((column % width < joint) | (ROWS % height < joint), 0.34, tone) + GRAIN


def _bricks() -> Floats:
    return _laid(16, 8, 1, shifted=True)


def _blocks() -> Floats:
    return _laid(32, 16, 2, shifted=True)


def _tiles() -> Floats:
    return _laid(16, 16, 1, shifted=False)


def _planks() -> Floats:
    """Upright boards with their grain."""
    board = COLUMNS // 8
    fibre = 0.1 * np.sin(ROWS * 2 * math.pi / SIDE * (1 + board % 3) + board)
    return np.where(COLUMNS % 8 < 1, 0.35, 0.62 + 0.22 * _noise(board, 0 * ROWS, 2) + fibre) + 0.6 * GRAIN


def _panels() -> Floats:
    """One framed panel a metre."""
    edge = np.minimum(np.minimum(COLUMNS, SIDE - 1 - COLUMNS), np.minimum(ROWS, SIDE - 1 - ROWS))
    return np.select([edge < 2, edge < 8, edge < 10], [0.4, 0.85, 0.45], 0.7) + GRAIN


def _bands() -> Floats:
    """Stripes along the ground."""
    return np.where(ROWS // 8 % 2 == 0, 0.85, 0.55) + GRAIN


def _checks() -> Floats:
    return np.where((COLUMNS // 16 + ROWS // 16) % 2 == 0, 0.85, 0.5) + GRAIN


def _plaster() -> Floats:
    """Patches of several sizes."""
    patches = sum(_noise(COLUMNS // size, ROWS // size, size) for size in (4, 8, 16)) / 3
    return np.asarray(0.6 + 0.3 * patches + GRAIN)


def _slabs() -> Floats:
    """The floor: two by two slabs a metre."""
    return _laid(32, 32, 1, shifted=False)


def _boards() -> Floats:
    """The ceiling: wide boards with soft joints."""
    return np.where(COLUMNS % 32 < 1, 0.5, 0.72 + 0.1 * _noise(COLUMNS // 32, 0 * ROWS, 3)) + 0.5 * GRAIN


def _plain() -> Floats:
    return np.full((SIDE, SIDE), 0.9)


PATTERNS: dict[str, Callable[[], Floats]] = {
    "bricks": _bricks,
    "blocks": _blocks,
    "tiles": _tiles,
    "planks": _planks,
    "panels": _panels,
    "bands": _bands,
    "checks": _checks,
    "plaster": _plaster,
    "slabs": _slabs,
    "boards": _boards,
    "plain": _plain,
}
"""Patterns [SIDE, SIDE] by name, from 0 (dark) to 1, in the order of their numbers."""
WALL_PATTERNS = 8
"""How many of them, from the first on, are for walls."""


@lru_cache
def sheet() -> Sheet:
    """All patterns and colours."""
    sizes = [SIDE >> level for level in range(int(math.log2(SIDE)) + 1)]
    starts = np.cumsum([0, *(size**2 for size in sizes)])
    texels = np.concatenate([_shades(pattern()) for pattern in PATTERNS.values()])
    red, green, blue = colours().reshape(-1, 3).astype(np.uint32).T
    return Sheet(texels, starts.astype(np.int64), (red | green << 8 | blue << 16).astype(np.uint32))


def _shades(pattern: Floats) -> Bytes:
    """A pattern at every size: each texel of a smaller one is the mean of four."""
    sizes = []
    while True:
        sizes.append(np.clip(np.round(pattern * (SHADES - 1)), 0, SHADES - 1).astype(np.uint8).ravel())
        if len(pattern) == 1:
            return np.concatenate(sizes)
        half = len(pattern) // 2
        pattern = pattern.reshape(half, 2, half, 2).mean(axis=(1, 3))


@lru_cache
def colours() -> Bytes:
    """Every hue in every shade [LIGHTS, HUES, SHADES, 3], from no light to the full one."""
    tones = [(0.80, 0.015, 1.5)] + [(0.78, 0.13, math.radians(30 * hue)) for hue in range(12)]
    tones += [(0.66, 0.03, 1.2), (0.72, 0.035, 4.3), (0.88, 0.16, 1.6)]
    full = np.array(
        [[oklch(light * (0.3 + 0.7 * s / (SHADES - 1)), c, h) for s in range(SHADES)] for light, c, h in tones], float
    )
    share = (np.arange(LIGHTS) / (LIGHTS - 1))[:, None, None, None]
    return np.round(np.array(DARK) + share * (full - DARK)).astype(np.uint8)
