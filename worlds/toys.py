"""Bodies as people type them into pygame programs: convex shapes of some pixels, of any mass and finish."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, final

import numpy as np
import pymunk

Range = tuple[float, float]

SIZES = (6.0, 60.0)
"""The width of a body in pixels."""
DENSITIES = (1e-3, 1e-2)
"""Mass per square pixel."""
MASSES = (1, 10)
"""Masses that are typed, whatever the size."""
FRICTION, ELASTICITY = 1.2, 0.95
USUAL_FRICTION, USUAL_ELASTICITY = (0.0, 0.2, 0.5, 0.7, 1.0), (0.0, 0.0, 0.0, 0.3, 0.5, 0.8, 0.95)
"""What is often given to all the shapes of a scene."""
ROUNDING = 1.0
"""The radius that the corners of boxes have now and then."""
MIXTURES = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.4, 0.4, 0.2, 0.0), (0.3, 0.3, 0.2, 0.2))
"""The shares of circles, boxes, other polygons and rods; each scene has one of these."""
CORNERS = (3, 6)
SLENDER = 4.0
"""How many times longer than wide a box may be."""
ROD_RADIUS = (2.0, 6.0)


@final
@dataclass(frozen=True)
class Toy:
    """A body with its shape, and how far it reaches along its own x axis and in any direction, from its centre."""

    body: pymunk.Body
    shape: pymunk.Shape
    half: float
    reach: float


@final
@dataclass(frozen=True)
class ToyBox:
    """What the bodies of one scene have in common: ranges that each draws from, of no width where all are the same."""

    rng: np.random.Generator
    sizes: Range
    density: Range | None
    mass: tuple[int, int]
    friction: Range
    elasticity: Range
    rounding: float
    mixture: tuple[float, ...]

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Self:
        """Draw what a scene is made of."""
        low, high = sorted(_between(rng, SIZES) for _ in range(2))
        sizes = (low, low) if rng.random() < 0.3 else (low, high)
        by_area = rng.random() < 0.5
        density, mass = _between(rng, DENSITIES), int(rng.integers(MASSES[0], MASSES[1] + 1))
        same = rng.random() < 0.5
        return cls(
            rng,
            sizes,
            ((density, density) if same else DENSITIES) if by_area else None,
            (mass, mass) if same else MASSES,
            finish(rng, FRICTION, USUAL_FRICTION),
            finish(rng, ELASTICITY, USUAL_ELASTICITY),
            ROUNDING if rng.random() < 0.2 else 0.0,
            MIXTURES[int(rng.integers(len(MIXTURES)))],
        )

    def any(self) -> Toy:
        """A body of one of the scene's kinds."""
        make = (self.circle, self.box, self.polygon, self.rod)[int(self.rng.choice(4, p=self.mixture))]
        return make()

    def size(self) -> float:
        """A width."""
        return _between(self.rng, self.sizes)

    def circle(self) -> Toy:
        """A disc."""
        radius = self.size() / 2
        return self._toy(
            lambda body: pymunk.Circle(body, radius), lambda mass: pymunk.moment_for_circle(mass, 0, radius), radius
        )

    def box(self, width: float = 0.0, height: float = 0.0) -> Toy:
        """A box of these outer sides, or of drawn ones."""
        width = width or self.size()
        height = height or min(max(self.size(), width / SLENDER), width * SLENDER)
        inner = width - 2 * self.rounding, height - 2 * self.rounding
        x, y = inner[0] / 2, inner[1] / 2
        return self._poly([(-x, -y), (x, -y), (x, y), (-x, y)], width / 2)

    def polygon(self) -> Toy:
        """A triangle to hexagon, whose corners lie on a circle, around its centre of mass."""
        count = int(self.rng.integers(CORNERS[0], CORNERS[1] + 1))
        angle = (np.arange(count) + self.rng.uniform(-0.25, 0.25, size=count)) * (2 * math.pi / count)
        radius = self.size() / 2
        corners = [(radius * math.cos(a), radius * math.sin(a)) for a in angle.tolist()]
        x, y = _centroid(corners)
        centred = [(own_x - x, own_y - y) for own_x, own_y in corners]
        return self._poly(centred, max(math.hypot(*corner) for corner in centred) + self.rounding)

    def rod(self) -> Toy:
        """A segment that moves."""
        radius = self.rng.uniform(*ROD_RADIUS)
        half = max(self.size() / 2 - radius, radius)
        a, b = (-half, 0.0), (half, 0.0)
        return self._toy(
            lambda body: pymunk.Segment(body, a, b, radius),
            lambda mass: pymunk.moment_for_segment(mass, a, b, radius),
            half + radius,
        )

    def polish(self, shape: pymunk.Shape) -> None:
        """Give a shape, of a wall too, the scene's friction and elasticity."""
        shape.friction, shape.elasticity = self.rng.uniform(*self.friction), self.rng.uniform(*self.elasticity)

    def _poly(self, corners: list[tuple[float, float]], half: float) -> Toy:
        return self._toy(
            lambda body: pymunk.Poly(body, corners, radius=self.rounding),
            lambda mass: pymunk.moment_for_poly(mass, corners, (0, 0), self.rounding),
            half,
            max(math.hypot(*corner) for corner in corners) + self.rounding,
        )

    def _toy(
        self,
        shaped: Callable[[pymunk.Body], pymunk.Shape],
        moment: Callable[[float], float],
        half: float,
        reach: float | None = None,
    ) -> Toy:
        body = pymunk.Body(1.0, 1.0)
        shape = shaped(body)
        area_mass = None if self.density is None else _between(self.rng, self.density) * shape.area
        body.mass = area_mass or float(self.rng.integers(self.mass[0], self.mass[1] + 1))
        body.moment = moment(body.mass)
        self.polish(shape)
        return Toy(body, shape, half, half if reach is None else reach)


def finish(rng: np.random.Generator, most: float, usual: tuple[float, ...]) -> Range:
    """The range of a scene's frictions or elasticities: one usual value, one odd value, or all of them."""
    way = rng.random()
    if way < 0.5:
        value = usual[int(rng.integers(len(usual)))]
        return value, value
    if way < 0.75:
        value = rng.uniform(0, most)
        return value, value
    return 0.0, most


def _between(rng: np.random.Generator, limits: Range) -> float:
    """A number of any order of size between two."""
    return math.exp(rng.uniform(math.log(limits[0]), math.log(limits[1])))


def _centroid(corners: list[tuple[float, float]]) -> tuple[float, float]:
    """The centre of mass of a polygon."""
    pairs = list(zip(corners, corners[1:] + corners[:1], strict=True))
    areas = [ax * by - bx * ay for (ax, ay), (bx, by) in pairs]
    total = 3 * sum(areas)
    x = sum(area * (a[0] + b[0]) for area, (a, b) in zip(areas, pairs, strict=True)) / total
    y = sum(area * (a[1] + b[1]) for area, (a, b) in zip(areas, pairs, strict=True)) / total
    return x, y
