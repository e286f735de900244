"""What worlds of balls in a box share, after Battaglia et al. 2016 (arXiv:1612.00222), section 4."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pymunk

from physim.checks import check_positive
from physim.errors import PhysimError
from physim.scenes.forces import Floats
from physim.worlds.base import World

RADII = (0.1, 0.3)
MASSES = (0.75, 1.25)
SIDES = (1.0, 3.0)
SPEED = 5.0
WALL = 0.1
"""Half the thickness of a wall in metres."""
FULL, LOOSE = 0.4, 0.2
"""The largest share of the box that the balls fill; the share that more than `MANY` balls fill."""
MANY = 9
TRIES = 200
"""Places tried for a ball before the box is drawn anew."""


@dataclass(frozen=True, kw_only=True)
class BoxWorld(World):
    """Balls of different sizes, masses and restitutions in a box without gravity or friction, in metres and kilograms.

    pymunk multiplies the elasticities of the two that touch, so each ball and wall gets the root of a restitution. More
    than 9 balls fly in a box whose sides are scaled to a fill of 20 %.
    """

    balls: int = 6
    """number of balls"""
    restitution: float = 0.4
    """lowest restitution of a pair that touches; 1 makes all of them elastic"""
    dt: float = 1e-3
    substeps: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(balls=self.balls)
        if not 0 <= self.restitution <= 1:
            raise PhysimError(f"restitution must be from 0 to 1, got {self.restitution}")

    def space(self, rng: np.random.Generator) -> pymunk.Space:
        """A box with balls that do not touch at the start."""
        radius = rng.uniform(*RADII, size=self.balls)
        sides, pos = _box_with(radius, rng)
        space = pymunk.Space()
        elasticity = np.sqrt(rng.uniform(self.restitution, 1.0, size=self.balls + 4)).tolist()
        _add_walls(space, sides, elasticity[self.balls :])
        mass = rng.uniform(*MASSES, size=self.balls)
        vel = rng.uniform(-SPEED, SPEED, size=(self.balls, 2))
        for number in range(self.balls):
            body = pymunk.Body(float(mass[number]), math.inf)
            body.position, body.velocity = pos[number].tolist(), vel[number].tolist()
            circle = pymunk.Circle(body, float(radius[number]))
            circle.elasticity = elasticity[number]
            space.add(body, circle)
        return space


def _box_with(radius: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """The sides [2] of a box, drawn anew until it holds discs of these radii [N], and where they lie in it [N, 2]."""
    area = float(math.pi * np.square(radius).sum())
    while True:
        sides = rng.uniform(*SIDES, size=2)
        if len(radius) > MANY:
            sides *= math.sqrt(area / LOOSE / sides.prod())
        if area <= FULL * sides.prod():
            pos = _free_places(rng, sides, radius)
            if pos is not None:
                return sides, pos


def _free_places(rng: np.random.Generator, sides: Floats, radius: Floats) -> Floats | None:
    """Random places [N, 2] of discs inside the box around the origin, or None where the next one finds none."""
    pos = np.empty((len(radius), 2))
    order = np.argsort(-radius)
    for rank, number in enumerate(order):
        room, placed = sides / 2 - radius[number], order[:rank]
        for _ in range(TRIES):
            here = rng.uniform(-room, room)
            if (np.linalg.norm(pos[placed] - here, axis=1) > radius[placed] + radius[number]).all():
                pos[number] = here
                break
        else:
            return None
    return pos


def _add_walls(space: pymunk.Space, sides: Floats, elasticity: list[float]) -> None:
    """Four segments whose inner faces make the box."""
    x, y = (sides / 2 + WALL).tolist()
    corners = [(-x, -y), (x, -y), (x, y), (-x, y)]
    for start, end, bounce in zip(corners, corners[1:] + corners[:1], elasticity, strict=True):
        wall = pymunk.Segment(space.static_body, start, end, WALL)
        wall.elasticity = bounce
        space.add(wall)
