"""Point masses with charges of both signs, whose force is screened: a law that no model was designed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import pymunk

from physim.checks import check_positive
from physim.scenes.forces import ScreenedCharge
from worlds.points import PointWorld, cloud, space_of_points

CHARGES = (0.5, 5.0)
MASSES = (1.0, 9.0)
"""No light bodies: a few of them, hit hard, would own every mean."""


@final
@dataclass(frozen=True, kw_only=True)
class Charges(PointWorld):
    """A slow cloud of bodies with charges of random size and sign: like ones repel, out to a few screening lengths."""

    strength: float = 3e5
    """force constant in kg m^3 / s^2 per unit of charge squared"""
    length: float = 30.0
    """screening length in metres"""

    columns: ClassVar[tuple[str, ...]] = ("charge",)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(length=self.length)

    @property
    def forces(self) -> ScreenedCharge:
        """The force of the potential k q_i q_j exp(-r / length) / r."""
        return ScreenedCharge(self.strength, self.length, self.floor)

    def space(self, rng: np.random.Generator) -> pymunk.Space:
        """A slow cloud; charges have a random sign each."""
        space = space_of_points(*cloud(self.bodies, rng, MASSES))
        charges = rng.choice((-1.0, 1.0), size=self.bodies) * rng.uniform(*CHARGES, size=self.bodies)
        for body, charge in zip(space.bodies, charges.tolist(), strict=True):
            setattr(body, self.columns[0], charge)
        return space
