"""How mazes and things look: the numbers that the ray-caster draws with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from physim.arrays import Floats
from worlds.maze.bodies import BLOCK_HALF, OBSTACLE_RADIUS, Bodies, Door
from worlds.maze.layout import Cell, Layout, middle
from worlds.maze.raycaster import material
from worlds.maze.textures import GOLD, GREY, PATTERNS, WALL_PATTERNS
from worlds.maze.things import BALL, BOX, COLUMN, X, Y

DISTRICT = 4
"""Walls look alike in squares of so many cells, by which a walker can know where it is."""
RED, YELLOW, GREEN, CYAN, BLUE, PINK = 2, 4, 6, 8, 10, 12
HAIR = 0.002
_NUMBERS = {name: number for number, name in enumerate(PATTERNS)}


class Look(NamedTuple):
    """A kind of thing: its kind for the ray-caster, half its widths, where it begins and ends above the floor (m)."""

    kind: int
    half: tuple[float, float]
    bottom: float
    top: float
    pattern: str
    hue: int


ITEMS = {
    "G": Look(BALL, (0.28, 0.28), 0.15, 0.71, "plain", GOLD),
    "A": Look(BALL, (0.15, 0.15), 0.05, 0.35, "plain", RED),
    "S": Look(BALL, (0.12, 0.12), 0.05, 0.37, "plain", PINK),
    "L": Look(BALL, (0.17, 0.17), 0.05, 0.33, "plain", YELLOW),
    "K": Look(BALL, (0.14, 0.14), 0.25, 0.53, "plain", CYAN),
}
BLOCK = Look(BOX, (BLOCK_HALF, BLOCK_HALF), 0.0, 0.6, "panels", GREEN)
OBSTACLE = Look(COLUMN, (OBSTACLE_RADIUS, OBSTACLE_RADIUS), 0.0, 0.85, "bands", BLUE)


def walls_of(layout: Layout, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """How the walls of a layout look [H, W]; 0 where a cell is free."""
    height, width = layout.shape
    rows, columns = np.indices((height, width)) // DISTRICT
    districts = rng.integers(WALL_PATTERNS, size=(rows.max() + 1, columns.max() + 1))
    hues = rng.integers(GREY, PINK + 1, size=districts.shape)
    looks = np.array([[material(pattern, hue) for hue in range(PINK + 1)] for pattern in range(WALL_PATTERNS)])
    found = looks[districts, hues][rows, columns]
    return np.where(layout.walls, found, 0).astype(np.uint8)


def thing(look: Look, place: tuple[float, float]) -> Floats:
    """A thing [9] for the ray-caster."""
    return np.array([look.kind, *place, *look.half, look.bottom, look.top, _NUMBERS[look.pattern], look.hue], float)


def item(symbol: str, cell: Cell) -> Floats:
    """An item [9] in the middle of a cell."""
    return thing(ITEMS[symbol], middle(cell))


def furniture(bodies: Bodies) -> Floats:
    """The doors, blocks and obstacles of a maze [K, 9], in this order."""
    doors = [thing(_door(door), door.body.position) for door in bodies.doors]
    blocks = [thing(BLOCK, body.position) for body in bodies.blocks]
    obstacles = [thing(OBSTACLE, each.body.position) for each in bodies.obstacles]
    return np.array([*doors, *blocks, *obstacles]).reshape(-1, 9)


def _door(door: Door) -> Look:
    """Thinner by a hair, so that an open one does not shine through the wall it is in."""
    return Look(BOX, (door.half[0] - HAIR, door.half[1] - HAIR), 0.0, 1.0, "planks", YELLOW)


def move_furniture(things: Floats, bodies: Bodies) -> None:
    """Bring the places of `furniture` up to date, in place."""
    moving = [*(door.body for door in bodies.doors), *bodies.blocks, *(each.body for each in bodies.obstacles)]
    for row, body in zip(things, moving, strict=True):
        row[X], row[Y] = body.position
