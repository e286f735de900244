"""How the bodies of a scene are thrown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self, final

import numpy as np

SPEEDS = (30.0, 800.0)
"""The fastest throw of a scene, in pixels a second."""
SPIN = 15.0
"""The fastest turn in rad/s."""
AIM = 0.6
"""How far throws to the middle of a scene may miss it, in rad."""


@final
@dataclass(frozen=True)
class Throws:
    """The share of bodies that are thrown; the others are let go. Aimed ones fly to a place and meet there."""

    rng: np.random.Generator
    share: float
    speed: float
    spin: float
    aim: tuple[float, float] | None

    @classmethod
    def drawn(cls, rng: np.random.Generator, least: float, most: float, aim: tuple[float, float] | None) -> Self:
        """Draw how the bodies of a scene are thrown: at least that share of them, at most at a speed."""
        share = max(least, float(rng.choice([0.0, rng.random(), 1.0])))
        speed = min(most, math.exp(rng.uniform(*np.log(SPEEDS))))
        return cls(rng, share, speed, float(rng.choice([0.0, rng.uniform(0, SPIN)])), aim)

    def velocity(self, place: tuple[float, float]) -> tuple[float, float]:
        """The velocity of a body there, in pixels a second."""
        speed = self.speed * math.sqrt(self.rng.random()) if self.rng.random() < self.share else 0.0
        direction = self.rng.uniform(-math.pi, math.pi)
        if self.aim is not None:
            direction = direction / math.pi * AIM + math.atan2(self.aim[1] - place[1], self.aim[0] - place[0])
        return speed * math.cos(direction), speed * math.sin(direction)

    def turning(self) -> float:
        """The angular velocity of a body in rad/s."""
        return float(self.rng.uniform(-self.spin, self.spin))
