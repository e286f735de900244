"""Balls that bounce the less the faster they hit: a law that no model was designed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import pymunk

from physim.checks import check_positive
from worlds.boxes import BoxWorld


@final
@dataclass(frozen=True, kw_only=True)
class Putty(BoxWorld):
    """Balls in a box whose restitution falls with the speed of the impact, down to none for the fastest."""

    softness: float = 2.0
    """speed of approach in m/s at which half of the restitution is left"""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(softness=self.softness)

    def equip(self, space: pymunk.Space) -> None:
        """Let each contact have the restitution e / (1 + speed / softness), with e that of the pair at rest."""
        space.on_collision(pre_solve=self._soften)

    def _soften(self, arbiter: pymunk.Arbiter, space: pymunk.Space, data: object) -> None:
        first, second = arbiter.bodies
        speed = (first.velocity - second.velocity).dot(arbiter.normal)
        arbiter.restitution /= 1 + max(speed, 0.0) / self.softness
