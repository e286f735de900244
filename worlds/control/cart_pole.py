"""A pole on a cart, to be swung up and held."""

from __future__ import annotations

import math
from typing import final

import numpy as np
import pymunk

from physim.arrays import Floats
from worlds.control.plant import Plant, drawn, fresh_space

TRACK, FORCE, GRAVITY = 2.4, 15.0, 9.81
"""Half the length of the track (m), the largest force on the cart (N), and m / s^2."""
CART, POLE, LENGTH = 1.0, 0.2, 1.0
"""Masses (kg), and the length of the pole (m)."""


@final
class CartPole(Plant):
    """A cart on a track with a pole that hangs at first; it is pushed to the left or right.

    Seen: the cart's place and speed, the cosine and sine of the pole's angle from upright, and how it turns. The reward
    is 1 where the pole stands in the middle of the track, 0 where it hangs, or at the track's ends.
    """

    actions, seen = 1, 5

    def reset(self, rng: np.random.Generator) -> None:
        self.space = fresh_space(GRAVITY, damping=0.98)
        self.cart = pymunk.Body(CART, math.inf)
        self.cart.position = rng.uniform(-0.5, 0.5), 0.0
        self.pole = pymunk.Body(POLE, pymunk.moment_for_segment(POLE, (0, -LENGTH / 2), (0, LENGTH / 2), 0.02))
        self.pole.angle = math.pi + rng.uniform(-0.1, 0.1)
        self.pole.position = self.cart.position + pymunk.Vec2d(0, LENGTH / 2).rotated(self.pole.angle)
        joint = pymunk.PivotJoint(self.cart, self.pole, (0, 0), (0, -LENGTH / 2))
        rail = pymunk.GrooveJoint(self.space.static_body, self.cart, (-TRACK, 0), (TRACK, 0), (0, 0))
        seen = drawn(self.cart, (-0.2, 0), (0.2, 0), radius=0.1), drawn(self.pole, (0, -LENGTH / 2), (0, LENGTH / 2))
        self.space.add(self.cart, self.pole, joint, rail, *seen)

    def push(self, action: Floats) -> None:
        self.cart.apply_force_at_world_point((FORCE * float(action[0]), 0.0), self.cart.position)

    def observe(self) -> Floats:
        angle = self.pole.angle
        place, speed = self.cart.position.x / TRACK, self.cart.velocity.x / 3
        return np.array([place, speed, math.cos(angle), math.sin(angle), self.pole.angular_velocity / 8])

    def reward(self) -> float:
        upright = (1 + math.cos(self.pole.angle)) / 2
        return upright * max(0.0, 1 - (self.cart.position.x / TRACK) ** 2)
