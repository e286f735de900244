"""Mazes from above, and pictures for people."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from physim.arrays import Floats
from physim.raster import Shapes, draw
from worlds.maze.bodies import RADIUS
from worlds.maze.cameras import camera, drawn
from worlds.maze.episodes import Episodes
from worlds.maze.textures import HUES, SHADES, colours
from worlds.maze.things import BOX, HALF_X, HALF_Y, HUE, KIND, NO_THING, X, Y

FLOOR = (30, 34, 42)
WALKER = (240, 244, 252)
TRAIL = (120, 130, 150)
BRIGHT, DIM = SHADES - 1, SHADES // 3
SMALLEST = 3.5
"""The radius (pixels) that the walker has at the least, with which all that is round grows."""

Pixels = npt.NDArray[np.uint8]


def plan(episodes: Episodes, number: int, size: tuple[int, int], way: Floats | None = None) -> Pixels:
    """One maze from above [H, W, 3] in a picture of (W, H), with all that lies and moves in it, where the walker looks,
    and the `way` [K, 2] that it went, if given; x goes to the right and y up.
    """
    width, height = size
    walls = episodes.mazes.grids[number]
    rows, columns = walls.shape
    scale = min(width / columns, height / rows)
    left, low = (columns - width / scale) / 2, (rows - height / scale) / 2
    ys = np.floor(low + (np.arange(height) + 0.5) / scale).astype(int)
    xs = np.floor(left + (np.arange(width) + 0.5) / scale).astype(int)
    inside = ((ys >= 0) & (ys < rows))[:, None] & ((xs >= 0) & (xs < columns))
    cells = _cell_colours(walls)[ys.clip(0, rows - 1)[:, None], xs.clip(0, columns - 1)]
    picture = np.where(inside[..., None], cells, 0).astype(np.uint8)
    window = np.array([left, low, left + width / scale, low + height / scale])
    if way is not None and len(way):
        first, trail = np.arange(len(way) + 1), np.full((len(way), 3), TRAIL, float)
        draw(way[None], first, np.zeros(len(way)), trail, window, picture[None])
    draw(*_shapes(episodes, number, max(1.0, SMALLEST / (RADIUS * scale))), window, picture[None])
    return np.ascontiguousarray(picture[::-1])


def picture(episodes: Episodes, number: int, field_of_view: float, height: int = 360) -> Pixels:
    """What a walker sees, beside its maze from above [H, W, 3]."""
    view = camera(height * 4 // 3, height, field_of_view)
    which, rows = np.array([number]), episodes.mazes.grids.shape[1:]
    seen = drawn(episodes.mazes, which, episodes.poses[which], view).image[0]
    # no wider than twice its height, and even, as films want it
    above = plan(episodes, number, (2 * round(height * min(rows[1] / rows[0], 2.0) / 2), height))
    return np.concatenate([seen, above], axis=1)


def _cell_colours(walls: Pixels) -> Pixels:
    """The colours of all cells [H, W, 3]."""
    hues = (walls.astype(int) - 1) % HUES
    return np.where(walls[..., None] > 0, colours()[-1][hues, DIM], np.array(FLOOR, np.uint8))


def _shapes(episodes: Episodes, number: int, grown: float) -> Shapes:
    """What lies and moves in a maze, and the walker; what is round is so many times as large."""
    things = episodes.mazes.things[number]
    things = things[things[:, KIND] != NO_THING]
    hulls = [_hull(thing) for thing in things]
    x, y, heading = episodes.poses[number].tolist()
    reach = 2 * RADIUS * grown
    ahead = np.array([[x, y], [x + reach * math.cos(heading), y + reach * math.sin(heading)]])
    hulls += [np.array([[x, y]]), ahead]
    radius = [0.0 if thing[KIND] == BOX else thing[HALF_X] for thing in things] + [RADIUS, RADIUS / 4]
    colour = np.array([*colours()[-1][things[:, HUE].astype(int), BRIGHT].tolist(), WALKER, WALKER], float)
    first = np.cumsum([0, *map(len, hulls)])
    return Shapes(np.concatenate(hulls)[None], first, grown * np.array(radius), colour)


def _hull(thing: Floats) -> Floats:
    """The corners of a box, or the middle of what is round."""
    middle, half = thing[[X, Y]], thing[[HALF_X, HALF_Y]]
    return middle + half * [[-1, -1], [1, -1], [1, 1], [-1, 1]] if thing[KIND] == BOX else middle[None]
