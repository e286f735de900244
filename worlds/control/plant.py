"""What is controlled: bodies in a Space, pushed by actions, seen as numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import pymunk

from physim.arrays import Floats

ITERATIONS = 40
"""Of pymunk's solver: so many keep joints together under the forces of these tasks."""


class Plant(ABC):
    """Bodies that are pushed and watched; `reset` comes first, and draws how all begins.

    `actions` numbers, each from -1 to 1, are pushed with, `rate` times a second; `seen` numbers are observed.
    """

    actions: int
    seen: int
    rate: int = 30
    space: pymunk.Space
    target: Floats | None = None
    """A place [2] (m) that something is to reach, if there is one."""

    @abstractmethod
    def reset(self, rng: np.random.Generator) -> None:
        """Fill a fresh Space."""

    @abstractmethod
    def push(self, action: Floats) -> None:
        """Apply forces for the next step of the Space."""

    @abstractmethod
    def observe(self) -> Floats:
        """What is seen, about 1 in size."""

    @abstractmethod
    def reward(self) -> float:
        """How well things stand, from 0 to 1."""


def drawn(
    body: pymunk.Body, start: tuple[float, float], end: tuple[float, float], radius: float = 0.04
) -> pymunk.Segment:
    """A rod of a body between two places of its own (m), to be seen: it touches no other of these."""
    rod = pymunk.Segment(body, start, end, radius)
    rod.filter = pymunk.ShapeFilter(group=1)
    return rod


def fresh_space(gravity: float = 0.0, damping: float = 1.0) -> pymunk.Space:
    """An empty Space; of a velocity, `damping` is left after a second."""
    space = pymunk.Space()
    space.gravity, space.damping, space.iterations = (0.0, -gravity), damping, ITERATIONS
    return space
