"""The sound of a plucked string: masses on stretched springs, heard where the string meets its bridge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np
import pymunk

from physim.arrays import Singles
from physim.checks import check_positive
from physim.errors import PhysimError

RATE = 8000
"""Samples a second."""
SUBSTEPS = 2
"""Steps of the space for one sample."""
SEGMENTS, SPACING, MASS = 16, 0.05, 1e-3
"""Springs from pin to pin, the distance (m) between masses at rest, and what each weighs (kg)."""
STRETCH = 2.0
"""How many times their own length the springs are at rest."""
LOWEST, HIGHEST = 90.0, 230.0
"""The fundamentals (Hz) that steps of this length can follow."""
FADING = 4.0
"""How fast it fades: velocities, all else aside, by e to the minus this a second."""
LOUDEST = 0.5
"""The sound of a string that is pulled a spacing out, at most."""


@final
@dataclass(frozen=True)
class Pluck:
    """A string tuned to a `frequency` (Hz), pulled `height` spacings out at `place`, a share of its length, let go."""

    frequency: float
    place: float = 0.25
    height: float = 0.5

    def __post_init__(self) -> None:
        check_positive(height=self.height)
        if not LOWEST <= self.frequency <= HIGHEST:
            raise PhysimError(f"frequency is {self.frequency:g} Hz, wanted {LOWEST:g} to {HIGHEST:g}")
        if not 0 < self.place < 1:
            raise PhysimError(f"place is {self.place}, wanted a share of the string between 0 and 1")

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Pluck:
        """A pluck anywhere in what is possible."""
        frequency = LOWEST * (HIGHEST / LOWEST) ** rng.random()
        return cls(float(frequency), float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.2, 1.0)))

    @property
    def stiffness(self) -> float:
        """The springs' constant (N/m): transverse waves of a chain have w = 2 sqrt(F / (m a)) sin(pi / 2 N)."""
        rate = math.pi * self.frequency / math.sin(math.pi / (2 * SEGMENTS))
        force = MASS * SPACING * rate**2
        return force / (SPACING - SPACING / STRETCH)

    def space(self) -> pymunk.Space:
        """The string, pulled out; its masses in the order of their places, pins first and last."""
        space = pymunk.Space()
        space.damping = math.exp(-FADING)
        bodies = []
        for number in range(SEGMENTS + 1):
            pinned = number in (0, SEGMENTS)
            body = pymunk.Body(body_type=pymunk.Body.STATIC) if pinned else pymunk.Body(MASS, math.inf)
            body.position = number * SPACING, self._out(number / SEGMENTS)
            space.add(body)
            bodies.append(body)
        for first, second in pairwise(bodies):
            spring = pymunk.DampedSpring(first, second, (0, 0), (0, 0), SPACING / STRETCH, self.stiffness, 0.0)
            space.add(spring)
        return space

    def sound(self, samples: int) -> Singles:
        """What is heard [samples] float32 at RATE, about -1 to 1: how fast the mass beside a pin swings."""
        check_positive(samples=samples)
        space = self.space()
        heard = next(body for body in space.bodies if body.body_type == body.DYNAMIC)
        loudness = LOUDEST / (SPACING * 2 * math.pi * self.frequency)
        sound = np.empty(samples, np.float32)
        for sample in range(samples):
            for _ in range(SUBSTEPS):
                space.step(1 / (RATE * SUBSTEPS))
            sound[sample] = loudness * heard.velocity.y
        return sound

    def _out(self, place: float) -> float:
        rising, falling = place / self.place, (1 - place) / (1 - self.place)
        return self.height * SPACING * min(rising, falling)


def played(plucks: Sequence[tuple[Pluck, int]]) -> tuple[Singles, Singles]:
    """A tune: each pluck for so many samples, the next from a string at rest.

    Shapes: the sound [T] float32, and what is known of each sample [T, 4] float32: see `score`.
    """
    sounds = [pluck.sound(samples) for pluck, samples in plucks]
    return np.concatenate(sounds), score(plucks)


def score(plucks: Sequence[tuple[Pluck, int]]) -> Singles:
    """What is known of each sample of a tune [T, 4] float32.

    The frequency's place between the lowest and the highest, in octaves; the place and the height of the pluck; and how
    much of it is left.
    """
    rows = []
    for pluck, samples in plucks:
        octave = math.log2(pluck.frequency / LOWEST) / math.log2(HIGHEST / LOWEST)
        left = np.exp(-FADING * np.arange(samples) / RATE)
        told = np.broadcast_to([octave, pluck.place, pluck.height], (samples, 3))
        rows.append(np.column_stack([told, left]).astype(np.float32))
    return np.concatenate(rows)


def drawn_tune(rng: np.random.Generator, count: int) -> list[tuple[Pluck, int]]:
    """So many plucks anywhere in what is possible, each for a quarter of a second to a second."""
    return [(Pluck.drawn(rng), int(rng.integers(RATE // 4, RATE + 1))) for _ in range(count)]
