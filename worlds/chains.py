"""What worlds of masses on springs share, after Battaglia et al. 2016 (arXiv:1612.00222), section 4."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pymunk

from physim.checks import check_positive
from physim.errors import PhysimError
from physim.worlds.base import World

MASSES = (0.05, 0.15)
GRAVITY = (-30.0, -5.0)
CIRCLE_X, CIRCLE_Y, CIRCLE_RADIUS = (-0.5, 0.5), (-1.0, -0.5), (0.2, 0.4)
REST_LENGTH = 0.2
THICKNESS = 0.05
"""The radius of a mass in metres; the masses of a string do not touch one another."""
STRING = 1
"""The collision group of a string's masses."""


@dataclass(frozen=True, kw_only=True)
class ChainWorld(World):
    """A string of masses on springs, straight at first, that falls on a static circle under a gravity of its own.

    A pinned mass is a static body. The restitution of each mass on the circle is random.
    """

    masses: int = 15
    """number of masses, pinned ones among them"""
    pins: int = 1
    """number of pinned ends: 0, 1 (one at random) or 2"""
    stiffness: float = 100.0
    """spring constant in N/m"""
    spread: float = 1.0
    """how many times softer or stiffer the springs of a scene may be"""
    damping: float = 0.001
    """damping of the springs in kg/s"""
    dt: float = 1e-3
    substeps: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(masses=self.masses, stiffness=self.stiffness)
        if self.pins not in (0, 1, 2) or self.pins >= self.masses:
            raise PhysimError(f"pins must be 0, 1 or 2 and under the number of masses ({self.masses}), got {self.pins}")
        if self.spread < 1 or self.damping < 0:
            raise PhysimError(f"spread must be at least 1 and damping 0 or more, got {self.spread} and {self.damping}")

    def space(self, rng: np.random.Generator) -> pymunk.Space:
        """A string at its rest length above a circle."""
        space = pymunk.Space()
        space.gravity = 0.0, float(rng.uniform(*GRAVITY))
        bodies = self._string(space, rng)
        stiffness = self.stiffness * self.spread ** float(rng.uniform(-1.0, 1.0))
        for first, second in pairwise(bodies):
            space.add(pymunk.DampedSpring(first, second, (0, 0), (0, 0), REST_LENGTH, stiffness, self.damping))
        centre = float(rng.uniform(*CIRCLE_X)), float(rng.uniform(*CIRCLE_Y))
        circle = pymunk.Circle(space.static_body, float(rng.uniform(*CIRCLE_RADIUS)), centre)
        circle.elasticity = 1.0
        space.add(circle)
        return space

    def _string(self, space: pymunk.Space, rng: np.random.Generator) -> list[pymunk.Body]:
        mass = rng.uniform(*MASSES, size=self.masses).tolist()
        elasticity = rng.uniform(0.0, 1.0, size=self.masses).tolist()
        pinned = self._pinned(rng)
        bodies = []
        for number in range(self.masses):
            fixed = number in pinned
            body = pymunk.Body(body_type=pymunk.Body.STATIC) if fixed else pymunk.Body(mass[number], math.inf)
            body.position = REST_LENGTH * (number - (self.masses - 1) / 2), 0.0
            circle = pymunk.Circle(body, THICKNESS)
            circle.elasticity = elasticity[number]
            circle.filter = pymunk.ShapeFilter(group=STRING)
            space.add(body, circle)
            bodies.append(body)
        return bodies

    def _pinned(self, rng: np.random.Generator) -> set[int]:
        last = self.masses - 1
        end = last * int(rng.integers(2))
        return {0: set(), 1: {end}, 2: {0, last}}[self.pins]
