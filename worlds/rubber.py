"""Strings whose springs stiffen as they stretch: a law that no model was designed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import pymunk

from physim.checks import check_positive
from worlds.chains import ChainWorld

if TYPE_CHECKING:
    from torch import Tensor

    from physim.measures import Energies, Motion


@final
@dataclass(frozen=True, kw_only=True)
class Rubber(ChainWorld):
    """Strings on springs with a cubic part in their force, which doubles it at a stretch of `onset`."""

    onset: float = 0.02
    """stretch in metres at which the cubic part is as large as the linear one"""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(onset=self.onset)

    def equip(self, space: pymunk.Space) -> None:
        """Let each spring pull with k s (1 + (s / onset)^2), s its stretch."""
        for spring in space.constraints:
            if isinstance(spring, pymunk.DampedSpring):
                spring.force_func = self._pull

    def energies(self, motion: Motion) -> Energies | None:
        from physim.measures import energies

        return energies(motion, self.forces, self._energy)

    def _energy(self, stretch: Tensor, stiffness: Tensor) -> Tensor:
        return stiffness * stretch.square() / 2 * (1 + (stretch / self.onset).square() / 2)

    def _pull(self, spring: pymunk.DampedSpring, distance: float) -> float:
        stretch = spring.rest_length - distance
        return spring.stiffness * stretch * (1 + (stretch / self.onset) ** 2)
