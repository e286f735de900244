"""The rooms that scenes stand in: static segments around an area of pixels, and ledges and paddles in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, final

import numpy as np
import pymunk

from worlds.toys import ToyBox

Closed = Literal["box", "tub", "floor", "none"]
"""What is closed: all around, all but the top, only below, nothing."""
MARGIN = 200.0
"""How far a floor without walls goes on, in pixels."""
RADII = (0.0, 5.0)
LEDGES, PADDLES = (30.0, 160.0), (40.0, 120.0)
SPIN = 3.0
"""The fastest that a paddle turns, in rad/s."""
DRIFT = 50.0
"""The fastest that a paddle flies where there are no walls, in pixels a second."""


@final
@dataclass(frozen=True)
class Room:
    """An area [0, width] x [0, height] in which `at` turns what is above the floor to where pygame's y points."""

    width: float
    height: float
    gravity: float
    closed: Closed
    slope: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """How high the floor is at its left, in its middle and at its right."""

    def at(self, x: float, up: float) -> tuple[float, float]:
        """A place by its height above the floor."""
        return x, self.height - up if self.gravity > 0 else up

    @property
    def base(self) -> float:
        """The height above which nothing is in the floor's way."""
        return max(self.slope)

    def build(self, space: pymunk.Space, toys: ToyBox, headroom: float) -> None:
        """Add the walls, which go on for `headroom` above a tub."""
        space.gravity = 0.0, self.gravity
        radius = 0.0 if toys.rng.random() < 0.3 else float(toys.rng.uniform(*RADII))
        for start, end in self._lines(radius, headroom):
            wall = pymunk.Segment(space.static_body, self.at(*start), self.at(*end), radius)
            toys.polish(wall)
            space.add(wall)

    def _lines(self, radius: float, headroom: float) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        """The ends of the walls, whose faces lie around the area."""
        if self.closed == "none":
            return []
        left, right, low = -radius, self.width + radius, -radius
        if self.closed == "floor":
            return [((left - MARGIN, low), (right + MARGIN, low))]
        high = self.height + (radius if self.closed == "box" else headroom)
        floor = [(left, low + self.slope[0]), (right, low + self.slope[2])]
        if self.slope[1] != (self.slope[0] + self.slope[2]) / 2:
            floor.insert(1, (self.width / 2, low + self.slope[1]))
        path = [(left, high), *floor, (right, high)]
        lines = list(pairwise(path))
        return [*lines, (path[-1], path[0])] if self.closed == "box" else lines


@final
@dataclass(frozen=True)
class Fixture:
    """A static ledge, or a kinematic paddle that turns around its centre; bodies stay `reach` away at the start."""

    body: pymunk.Body | None
    half: float
    radius: float
    reach: float

    def put(self, space: pymunk.Space, toys: ToyBox, place: tuple[float, float], direction: float) -> None:
        """Add it to a Space."""
        x, y = self.half * math.cos(direction), self.half * math.sin(direction)
        if self.body is None:
            shape = pymunk.Segment(
                space.static_body, (place[0] - x, place[1] - y), (place[0] + x, place[1] + y), self.radius
            )
        else:
            self.body.position = place
            space.add(self.body)
            shape = pymunk.Segment(self.body, (-x, -y), (x, y), self.radius)
        toys.polish(shape)
        space.add(shape)


def ledge(rng: np.random.Generator) -> Fixture:
    """A static segment."""
    half, radius = rng.uniform(*LEDGES) / 2, rng.uniform(*RADII)
    return Fixture(None, half, radius, half + radius)


def paddle(toys: ToyBox, flies: bool) -> Fixture:
    """A kinematic segment, which leaves the largest body room to pass between it and a wall."""
    rng = toys.rng
    body = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
    body.angular_velocity = rng.uniform(-SPIN, SPIN)
    if flies:
        body.velocity = rng.uniform(-DRIFT, DRIFT), rng.uniform(-DRIFT, DRIFT)
    half, radius = rng.uniform(*PADDLES) / 2, rng.uniform(1.0, RADII[1])
    return Fixture(body, half, radius, half + radius + 1.5 * toys.sizes[1])
