"""A maze as a pymunk.Space: walls, a walker, and doors, blocks and obstacles that move."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from typing import final

import numpy as np
import pymunk

from physim.arrays import Floats, Truths
from physim.errors import PhysimError
from worlds.maze.layout import Cell, Layout, middle

RADIUS = 0.2
"""Of a walker (m)."""
SLOP = 0.001
"""How deep (m) bodies may stay in one another."""
RESTORED = 1e-12
"""The share of an overlap that would be left after a second."""
ITERATIONS = 10
DAMPING = 0.02
"""The share of a velocity that is left after a second."""
MASS, BLOCK_MASS = 1.0, 0.5
DOOR_HALF, DOOR_SPEED = (0.5, 0.1), 1.5
"""Half of a door's length and thickness (m), and how fast it slides (m / s)."""
DOOR_SECONDS = 4.0
"""How long a door stays open, or closed."""
BLOCK_HALF, OBSTACLE_RADIUS, OBSTACLE_SPEED = 0.25, 0.22, 0.8
WALKER, DOOR, BLOCK, OBSTACLE = 1.0, 2.0, 3.0, 4.0
"""What bodies say they are, in the column `thing` of scenes; walls say 0."""
ITEM_NUMBERS = {"G": 5.0, "A": 6.0, "S": 7.0, "L": 8.0, "K": 9.0}
"""What items say they are."""

Line = tuple[tuple[float, float], tuple[float, float]]


def faces(walls: Truths) -> list[Line]:
    """The faces of walls [H, W] towards free cells, each as long as it goes on straight."""
    upright = [((float(x), float(a)), (float(x), float(b))) for x, a, b in _runs(walls.T)]
    level = [((float(a), float(y)), (float(b), float(y))) for y, a, b in _runs(walls)]
    return upright + level


def _runs(walls: Truths) -> Iterator[tuple[int, int, int]]:
    """Between which columns rows of cells change from wall to free, or back, in one direction: row, first, behind."""
    for row in range(1, len(walls)):
        change = walls[row].astype(int) - walls[row - 1]
        place = 0
        for kind, run in groupby(change.tolist()):
            length = len(list(run))
            if kind:
                yield row, place, place + length
            place += length


def empty_space(layout: Layout) -> pymunk.Space:
    """The walls of a layout, and how bodies slow down and touch."""
    space = pymunk.Space()
    space.damping, space.iterations = DAMPING, ITERATIONS
    space.collision_slop, space.collision_bias = SLOP, RESTORED
    space.add(*(pymunk.Segment(space.static_body, *line, 0.0) for line in faces(layout.walls)))
    return space


@final
class Door:
    """A slab that closes a corridor, and slides along itself into the wall."""

    def __init__(self, space: pymunk.Space, layout: Layout, cell: Cell, number: int) -> None:
        x, y = cell
        framed = layout.walls[y, x - 1] and layout.walls[y, x + 1], layout.walls[y - 1, x] and layout.walls[y + 1, x]
        if framed[0] == framed[1]:
            raise PhysimError(
                f"layout: got a door in cell {cell}, wanted a wall on either side of it, and free cells ahead"
            )
        self.upright = not (layout.walls[y, x - 1] or layout.walls[y, x + 1])  # it stands across a corridor along x
        self.middle, self.locked = middle(cell), "K" in layout.things.values()
        self.wanted = self.share = 0.0 if self.locked or number % 2 == 0 else 1.0
        self._until = DOOR_SECONDS
        self.half = DOOR_HALF[::-1] if self.upright else DOOR_HALF
        self.body = _box(space, pymunk.Body(body_type=pymunk.Body.KINEMATIC), self.half, DOOR)
        self._settle()

    def start(self, dt: float, bodies: list[pymunk.Body]) -> None:
        """Want to be open or closed for the next dt, and slide; what stands in the way keeps a door open."""
        self._until -= dt
        if not self.locked and self._until <= 0:
            self.wanted, self._until = 1.0 - self.wanted, DOOR_SECONDS
        goal = 1.0 if self.wanted == 0.0 and self.share > 0.0 and any(map(self._in_the_way, bodies)) else self.wanted
        moved = max(min(goal - self.share, DOOR_SPEED * dt), -DOOR_SPEED * dt)
        self.share += moved
        self.body.velocity = (0.0, moved / dt) if self.upright else (moved / dt, 0.0)

    def unlock(self) -> None:
        """Open for good."""
        self.locked, self.wanted, self._until = False, 1.0, math.inf

    def stop(self) -> None:
        """Stand where the door should be, whatever was rounded on the way."""
        self.body.velocity = 0.0, 0.0
        self._settle()

    def _settle(self) -> None:
        x, y = self.middle
        self.body.position = (x, y + self.share) if self.upright else (x + self.share, y)

    def _in_the_way(self, body: pymunk.Body) -> bool:
        away = body.position - self.middle
        return body is not self.body and bool(max(abs(away.x), abs(away.y)) < 0.5 + RADIUS + 0.1)


@final
class Obstacle:
    """A column that goes to and fro in its corridor, and turns round where it meets something."""

    def __init__(self, space: pymunk.Space, layout: Layout, cell: Cell) -> None:
        self.body = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
        self.body.position = middle(cell)
        _say(self.body, OBSTACLE)
        space.add(self.body, pymunk.Circle(self.body, OBSTACLE_RADIUS))
        spans = {along: _straight(layout, cell, along) for along in ((1, 0), (0, 1))}
        self._along = max(spans, key=lambda along: spans[along][1] - spans[along][0])
        self._span, self._way = spans[self._along], 1

    def start(self, dt: float, bodies: list[pymunk.Body]) -> None:
        """Go on for the next dt, or turn."""
        place = self.body.position.dot(self._along)
        ahead = place + self._way * OBSTACLE_SPEED * dt
        if not self._span[0] <= ahead <= self._span[1] or any(self._meets(body) for body in bodies):
            self._way = -self._way
            ahead = place + self._way * OBSTACLE_SPEED * dt
        blocked = not self._span[0] <= ahead <= self._span[1] or any(self._meets(body) for body in bodies)
        speed = 0.0 if blocked else self._way * OBSTACLE_SPEED
        self.body.velocity = self._along[0] * speed, self._along[1] * speed

    def stop(self) -> None:
        """Nothing rests on it."""

    def _meets(self, body: pymunk.Body) -> bool:
        if body is self.body or (body.position - self.body.position).dot(self._along) * self._way <= 0:
            return False
        gap = next(iter(body.shapes)).point_query(self.body.position).distance
        return bool(gap < OBSTACLE_RADIUS + RADIUS)


@final
class Bodies:
    """What moves in one maze: a walker that is driven, and all else."""

    def __init__(self, layout: Layout) -> None:
        self.space = empty_space(layout)
        self.walker = pymunk.Body(MASS, math.inf)
        _say(self.walker, WALKER)
        self.space.add(self.walker, pymunk.Circle(self.walker, RADIUS))
        self.doors = [Door(self.space, layout, cell, k) for k, cell in enumerate(layout.of("D"))]
        self.blocks = [_block(self.space, cell) for cell in layout.of("B")]
        self.obstacles = [Obstacle(self.space, layout, cell) for cell in layout.of("O")]

    def move(self, drive: Floats, dt: float, steps: int) -> None:
        """Drive the walker by an acceleration [2] (m / s^2) for so many steps of dt."""
        movers: list[Door | Obstacle] = [*self.doors, *self.obstacles]
        solid = [self.walker, *self.blocks, *(each.body for each in movers)]
        for each in movers:
            each.start(dt * steps, solid)
        force = float(drive[0]) * MASS, float(drive[1]) * MASS
        for _ in range(steps):
            self.walker.force = force
            self.space.step(dt)
        for each in movers:
            each.stop()

    @property
    def motion(self) -> Floats:
        """Where the walker is and how it moves [4]."""
        return np.array([*self.walker.position, *self.walker.velocity])

    def place(self, motion: Floats) -> None:
        """Put the walker elsewhere, in motion [4]."""
        x, y, vx, vy = motion.tolist()
        self.walker.position, self.walker.velocity = (x, y), (vx, vy)


def _box(space: pymunk.Space, body: pymunk.Body, half: tuple[float, float], thing: float) -> pymunk.Body:
    _say(body, thing)
    space.add(body, pymunk.Poly.create_box(body, (2 * half[0], 2 * half[1])))
    return body


def _block(space: pymunk.Space, cell: Cell) -> pymunk.Body:
    body = _box(space, pymunk.Body(BLOCK_MASS, math.inf), (BLOCK_HALF, BLOCK_HALF), BLOCK)
    body.position = middle(cell)
    return body


def _say(body: pymunk.Body, thing: float) -> None:
    body.thing = thing  # a column of scenes


def _straight(layout: Layout, cell: Cell, along: Cell) -> tuple[float, float]:
    """From where to where the middle of an obstacle can go straight from a cell."""
    ends = []
    for way in (-1, 1):
        x, y = cell
        while not layout.walls[y + way * along[1], x + way * along[0]]:
            x, y = x + way * along[0], y + way * along[1]
        ends.append(middle((x, y))[along[1]])
    return ends[0], ends[1]
