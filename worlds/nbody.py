"""Point masses under gravity, after Battaglia et al. 2016 (arXiv:1612.00222), section 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import pymunk

from physim.scenes.forces import Floats, Gravity
from worlds.points import PointWorld, cloud, space_of_points

STAR_MASS = 100.0


@final
@dataclass(frozen=True, kw_only=True)
class NBody(PointWorld):
    """Planets that orbit a star in half of the scenes, a slow cloud in the other half.

    The paper leaves out the gravity constant and the floor; these bring the error of constant velocity near its own.
    """

    gravity: float = 6e4
    """gravity constant in m^3 / (kg s^2)"""

    @property
    def forces(self) -> Gravity:
        """F = G m_i m_j d / max(r, floor)^3."""
        return Gravity(self.gravity, self.floor)

    def space(self, rng: np.random.Generator) -> pymunk.Space:
        """A star with planets on circular orbits, all in the same direction, or a slow cloud."""
        mass, pos, vel = cloud(self.bodies, rng)
        if rng.random() < 0.5:
            vel = self._orbits(pos, rng.choice((-1.0, 1.0)))
            mass[0], pos[0], vel[0] = STAR_MASS, 0.0, 0.0
        return space_of_points(mass, pos, vel)

    def _orbits(self, pos: Floats, direction: float) -> Floats:
        distance = np.linalg.norm(pos, axis=1, keepdims=True)
        speed = np.sqrt(self.gravity * STAR_MASS / distance)
        around: Floats = direction * speed / distance * np.stack([-pos[:, 1], pos[:, 0]], axis=1)
        return around
