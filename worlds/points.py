"""What worlds of points under pairwise forces share."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pymunk

from physim.checks import check_positive
from physim.engines.vectorised import VectorEngine
from physim.scenes.forces import Floats, PairForce
from physim.worlds.base import World

MASSES = (0.02, 9.0)
DISTANCES = (10.0, 100.0)
SPEED = 3.0


@dataclass(frozen=True, kw_only=True)
class PointWorld(World):
    """Points that feel one pairwise force, in metres, seconds and kilograms."""

    bodies: int = 6
    """number of bodies"""
    floor: float = 6.0
    """distance in metres under which the force grows no more"""
    dt: float = 1e-3
    substeps: int = 1

    start_radius: ClassVar[float | None] = DISTANCES[1]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(bodies=self.bodies, floor=self.floor)

    @property
    @abstractmethod
    def forces(self) -> PairForce:
        """The force."""

    def engine(self) -> VectorEngine:
        """The vectorised truth."""
        return VectorEngine(self.dt, self.forces, self.substeps)


def cloud(bodies: int, rng: np.random.Generator, masses: tuple[float, float] = MASSES) -> tuple[Floats, Floats, Floats]:
    """Random masses, places at random angles and distances from the origin, and slow velocities.

    Shapes: mass [N], pos, vel [N, 2].
    """
    mass = rng.uniform(*masses, size=bodies)
    angle, distance = rng.uniform(0, 2 * math.pi, size=bodies), rng.uniform(*DISTANCES, size=bodies)
    pos = distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return mass, pos, rng.uniform(-SPEED, SPEED, size=(bodies, 2))


def space_of_points(mass: Floats, pos: Floats, vel: Floats) -> pymunk.Space:
    """A Space of points that do not turn.

    Shapes: mass [N], pos, vel [N, 2].
    """
    space = pymunk.Space()
    for body_mass, position, velocity in zip(mass.tolist(), pos.tolist(), vel.tolist(), strict=True):
        body = pymunk.Body(body_mass, math.inf)
        body.position, body.velocity = position, velocity
        space.add(body)
    return space
