"""Pairs and chains of bodies on springs, pins, pivots and slides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Self, final

import numpy as np
import pymunk

from worlds.toys import Toy, ToyBox

LINKS = 6
"""The most bodies of a chain."""
NEAR, FAR = (1.0, 4.0), (2.0, 60.0)
"""The gaps between bodies on pivots, and on all else, in pixels."""
SLACK = (0.7, 1.3)
"""The rest length of springs, and the most that slides allow, over the distance at the start."""
SWINGS, DAMPING = (0.5, 5.0), 0.5
"""How often a second a spring's lighter end would swing, and the largest share of critical damping."""
HANGING, COLLIDING = 0.5, 0.7
"""The shares of chains that hang from a fixed point, and whose neighbours collide."""


@final
@dataclass(frozen=True)
class Joints:
    """What the joints of one chain have in common; `grip` and `lift` say where they hold a body, over its half."""

    kind: type[pymunk.Constraint]
    gap: float
    grip: float
    lift: float
    slack: float
    swing: float
    damping: float
    collide: bool

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Self:
        """Draw the joints of a chain."""
        kinds = (pymunk.DampedSpring, pymunk.PinJoint, pymunk.PivotJoint, pymunk.SlideJoint)
        kind = kinds[int(rng.integers(len(kinds)))]
        return cls(
            kind,
            gap=rng.uniform(*(NEAR if kind is pymunk.PivotJoint else FAR)),
            grip=float(rng.choice([0.0, 1.0, rng.random()])),
            lift=float(rng.choice([0.0, rng.uniform(-0.4, 0.4)])),
            slack=rng.uniform(*SLACK),
            swing=rng.uniform(*SWINGS),
            damping=rng.uniform(0, DAMPING),
            collide=bool(rng.random() < COLLIDING),
        )

    def between(self, first: Toy, second: Toy) -> pymunk.Constraint:
        """The joint of two bodies that stand at their places."""
        if self.kind is pymunk.PivotJoint:
            own, other = (first.half + self.gap / 2, 0.0), (-second.half - self.gap / 2, 0.0)
        else:
            own = self.grip * first.half, self.lift * first.half
            other = -self.grip * second.half, self.lift * second.half
        joint = self._joint(first.body, second.body, own, other, min(first.body.mass, second.body.mass))
        joint.collide_bodies = self.collide
        return joint

    def from_hook(self, fixed: pymunk.Body, first: Toy) -> pymunk.Constraint:
        """The joint of a body with a static one, at a point beyond its beginning."""
        hook = (-first.half - self.gap, 0.0)
        own = hook if self.kind is pymunk.PivotJoint else (-self.grip * first.half, self.lift * first.half)
        return self._joint(fixed, first.body, first.body.local_to_world(hook), own, first.body.mass)

    def _joint(
        self,
        first: pymunk.Body,
        second: pymunk.Body,
        own: tuple[float, float],
        other: tuple[float, float],
        mass: float,
    ) -> pymunk.Constraint:
        if self.kind is pymunk.PivotJoint:
            return pymunk.PivotJoint(first, second, own, other)
        if self.kind is pymunk.PinJoint:
            return pymunk.PinJoint(first, second, own, other)
        length = first.local_to_world(own).get_distance(second.local_to_world(other))
        if self.kind is pymunk.SlideJoint:
            return pymunk.SlideJoint(first, second, own, other, length / 2, length * max(self.slack, 1.0))
        rate = 2 * math.pi * self.swing
        return pymunk.DampedSpring(
            first, second, own, other, length * self.slack, mass * rate**2, 2 * self.damping * mass * rate
        )


@final
@dataclass(frozen=True)
class Chain:
    """Toys in a row with joints of one kind, which hangs from a fixed point or flies as a whole; two are a pair."""

    toys: list[Toy]
    joints: Joints
    hangs: bool

    @classmethod
    def drawn(cls, count: int, toys: ToyBox) -> Self:
        """A chain of so many bodies."""
        return cls([toys.any() for _ in range(count)], Joints.drawn(toys.rng), bool(toys.rng.random() < HANGING))

    @property
    def length(self) -> float:
        """From one end to the other, and the gap to a hook, in pixels."""
        return sum(2 * toy.half + self.joints.gap for toy in self.toys)

    @property
    def reach(self) -> float:
        """How far it reaches from its middle, in pixels."""
        return self.length / 2 + max(toy.reach for toy in self.toys)

    def put(
        self, space: pymunk.Space, place: tuple[float, float], velocity: tuple[float, float], direction: float
    ) -> None:
        """Add the row, with its middle at a place, to a Space."""
        axis = pymunk.Vec2d(math.cos(direction), math.sin(direction))
        along = -self.length / 2
        for toy in self.toys:
            along += self.joints.gap + toy.half
            toy.body.position, toy.body.angle = axis * along + place, direction
            toy.body.velocity = (0.0, 0.0) if self.hangs else velocity
            along += toy.half
            space.add(toy.body, toy.shape)
        if self.hangs:
            space.add(self.joints.from_hook(space.static_body, self.toys[0]))
        for first, second in pairwise(self.toys):
            space.add(self.joints.between(first, second))


def chains_of(count: int, toys: ToyBox) -> list[Chain]:
    """So many bodies, 2 or more, in chains."""
    chains = []
    while count:
        links = int(toys.rng.integers(2, min(LINKS, count) + 1))
        links = count if count - links < 2 else links
        chains.append(Chain.drawn(links, toys))
        count -= links
    return chains
