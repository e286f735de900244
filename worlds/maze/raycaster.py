"""Drawing what cameras see of mazes: colour, depth, hit cells and object ids, natively."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from physim.arrays import Floats
from physim.native import compiled
from worlds.maze.rays import NOTHING, walk
from worlds.maze.surfaces import FAR, SIDE_LIGHT, level_of, lit, strip_of
from worlds.maze.textures import GROUND, HUES, PATTERNS, SHADES, SIDE, SKY
from worlds.maze.things import CEILING, EYE, FIRST_THING, FLOOR, KIND, NO_THING, WALL, put

_SLABS, _BOARDS = list(PATTERNS).index("slabs"), list(PATTERNS).index("boards")


class Mazes(NamedTuple):
    """What cameras look at.

    Shapes: grids [M, H, W] uint8, 0 where a cell is free and else what its walls look like (see `material`); things
    [M, K, 9] float64, in the columns that `things` names.
    """

    grids: npt.NDArray[np.uint8]
    things: Floats


def material(pattern: int, hue: int) -> int:
    """The number of walls of a pattern and a hue."""
    return 1 + pattern * HUES + hue


@compiled
def render(mazes, which, poses, view, sheet, out):  # type: ignore[no-untyped-def]
    """Draw what the cameras at poses [B, 3] (x, y, heading) in the mazes of these numbers [B] see into `out`.

    `view` is a Camera, `sheet` a Sheet, `out` Frames. A picture is painted in whole colours first, and taken apart into
    bytes at the end: that way all loops over pixels are ones that processors do many of at a time.
    """
    height, width = out.depth.shape[1:]
    columns = _columns(width)
    picture = np.empty((height, width), np.uint32)
    across = view.across.astype(np.float32)
    for number in range(len(poses)):
        x, y, heading = poses[number]
        pose = (x, y, math.cos(heading), math.sin(heading))
        depth, ids = out.depth[number], out.ids[number]
        things = mazes.things[which[number]]
        _cast(mazes.grids[which[number]], pose, view, sheet, columns, out.cells[number])
        _paint(picture, pose, view, across, sheet, columns)
        _deepen(depth, view, columns[0])
        if ids.shape[0]:
            _tell(ids, view, columns[0])
        for thing in range(len(things)):
            if things[thing, KIND] != NO_THING:
                put(things[thing], FIRST_THING + thing, pose, view, sheet, (picture, depth, ids))
        _unpack(picture.reshape(height * width), out.image[number].reshape(3 * height * width))


@compiled
def _columns(width):  # type: ignore[no-untyped-def]
    """Of each column: the wall's depth; where its strip of texels starts, their number, where its colours start."""
    whole = np.empty((2, width), np.int32)
    return np.empty(width, np.float32), whole[0], whole[1], np.empty(width, np.uint32)


@compiled
def _cast(grid, pose, view, sheet, columns, cells):  # type: ignore[no-untyped-def]
    """Find the wall behind every column."""
    x, y, ahead_x, ahead_y = pose
    depths, starts, sizes, colours = columns
    for column in range(len(depths)):
        dx = ahead_x + ahead_y * view.across[column]
        dy = ahead_y - ahead_x * view.across[column]
        t, cell_x, cell_y, face = walk(grid, x, y, dx, dy)
        cells[column, 0], cells[column, 1] = cell_x, cell_y
        depths[column] = t
        along = y + t * dy - cell_y if face == 0 else x + t * dx - cell_x
        look = grid[cell_y, cell_x] - 1
        light = int(lit(t) * (1.0 if face == 0 else SIDE_LIGHT))
        strip = strip_of(sheet, look // HUES, look % HUES, light, along, t / view.focal)
        starts[column], sizes[column], colours[column] = strip


@compiled
def _ground(down):  # type: ignore[no-untyped-def]
    """How far away the floor is in a row of this tangent below the horizon."""
    return np.float32(EYE / down) if down > 0 else np.float32(NOTHING)


@compiled
def _paint(picture, pose, view, across, sheet, columns):  # type: ignore[no-untyped-def]
    """Colour walls, floor and ceiling, a row below the horizon together with its mirror above."""
    x, y, ahead_x, ahead_y = pose
    last, width = picture.shape[0] - 1, picture.shape[1]
    low_texels, high_texels = np.empty(width, np.int32), np.empty(width, np.int32)
    low_colours, high_colours = np.empty(width, np.uint32), np.empty(width, np.uint32)
    for row in range(len(view.down)):
        ground = _ground(view.down[row])
        level = level_of(SIDE * min(ground, FAR) / view.focal)
        size = np.float32(SIDE >> level)
        far, light = np.float32(min(ground, FAR)) * size, int(lit(min(ground, FAR))) * HUES
        floor = (
            np.float32(x * size + far * ahead_x),
            np.float32(far * ahead_y),
            np.float32(y * size + far * ahead_y),
            np.float32(-far * ahead_x),
            np.int32(SIDE >> level),
        )
        starts = (
            np.int32(_SLABS * sheet.levels[-1] + sheet.levels[level]),
            np.int32(_BOARDS * sheet.levels[-1] + sheet.levels[level]),
            np.uint32((light + GROUND) * SHADES),
            np.uint32((light + SKY) * SHADES),
        )
        rows = (low_texels, high_texels, low_colours, high_colours)
        _choose(columns, across, (np.float32(view.down[row]), ground), floor, starts, rows)
        _look_up(rows, sheet, picture[last - row], picture[row])


@compiled
def _choose(columns, across, steepness, floor, starts, rows):  # type: ignore[no-untyped-def]
    """Which texels, of which colours, the columns of a row and of its mirror show.

    `floor` is where a row meets it, in texels: u and v at the middle and how they change to the right, and how many
    there are in a metre; `starts` where the texels of floor and ceiling start, and their colours.
    """
    depths, strips, sizes, colours = columns
    down, ground = steepness
    u_middle, u_across, v_middle, v_across, size = floor
    slabs, boards, slab_colours, board_colours = starts
    low_texels, high_texels, low_colours, high_colours = rows
    half, one = np.float32(EYE), np.int32(1)
    for column in range(len(depths)):
        wall = depths[column] <= ground
        height = min(down * depths[column], half)
        strip, texels = strips[column], sizes[column]
        under = min(np.int32((half + height) * np.float32(texels)), texels - one)
        over = np.int32((half - height) * np.float32(texels))
        u = np.int32(u_middle + u_across * across[column]) & (size - one)
        v = np.int32(v_middle + v_across * across[column]) & (size - one)
        low_texels[column] = strip + under if wall else slabs + u * size + v
        high_texels[column] = strip + over if wall else boards + u * size + v
        low_colours[column] = colours[column] if wall else slab_colours
        high_colours[column] = colours[column] if wall else board_colours


@compiled
def _look_up(rows, sheet, low, high):  # type: ignore[no-untyped-def]
    """The colours of a row and of its mirror."""
    low_texels, high_texels, low_colours, high_colours = rows
    texels, colours = sheet.texels, sheet.colours
    for column in range(len(low)):
        low[column] = colours[low_colours[column] + np.uint32(texels[np.uint32(low_texels[column])])]
        high[column] = colours[high_colours[column] + np.uint32(texels[np.uint32(high_texels[column])])]


@compiled
def _unpack(picture, image):  # type: ignore[no-untyped-def]
    """Take colours apart into bytes."""
    for pixel in range(len(picture)):
        colour = picture[pixel]
        image[3 * pixel] = np.uint8(colour)
        image[3 * pixel + 1] = np.uint8(colour >> np.uint32(8))
        image[3 * pixel + 2] = np.uint8(colour >> np.uint32(16))


@compiled
def _deepen(depth, view, depths):  # type: ignore[no-untyped-def]
    """Write the depth of walls, or of the floor and the ceiling where these are nearer."""
    last = depth.shape[0] - 1
    for row in range(len(view.down)):
        ground = _ground(view.down[row])
        for column in range(len(depths)):
            depth[row, column] = min(depths[column], ground)
            depth[last - row, column] = min(depths[column], ground)


@compiled
def _tell(ids, view, depths):  # type: ignore[no-untyped-def]
    """Write what is a wall, the floor or the ceiling."""
    last = ids.shape[0] - 1
    for row in range(len(view.down)):
        ground = _ground(view.down[row])
        for column in range(len(depths)):
            wall = depths[column] <= ground
            ids[last - row, column] = WALL if wall else FLOOR
            ids[row, column] = WALL if wall else CEILING
