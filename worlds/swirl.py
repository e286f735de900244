"""Point masses under a force across the line of centres: a law that no model was designed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import pymunk

from physim.scenes.forces import Transverse
from worlds.points import PointWorld, cloud, space_of_points


@final
@dataclass(frozen=True, kw_only=True)
class Swirl(PointWorld):
    """A slow cloud of bodies that push each other sideways, equal and opposite, so that pairs begin to swirl."""

    strength: float = 6e5
    """force constant in m^3 / (kg s^2)"""

    @property
    def forces(self) -> Transverse:
        """A force of the size G m_i m_j / r^2 across the line of centres, bounded under the floor."""
        return Transverse(self.strength, self.floor)

    def space(self, rng: np.random.Generator) -> pymunk.Space:
        """A slow cloud."""
        return space_of_points(*cloud(self.bodies, rng))
