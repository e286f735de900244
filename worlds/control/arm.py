"""An arm of links, whose end is to reach a target and stay."""

from __future__ import annotations

import math
from typing import final

import numpy as np
import pymunk

from physim.arrays import Floats
from physim.checks import check_whole
from worlds.control.plant import Plant, drawn, fresh_space

REACH, MASS = 1.0, 1.0
"""The length (m) and mass (kg) of the whole arm."""
TORQUE, FASTEST = 1.5, 5.0
"""The largest torque (N m) of the first motor, and how fast (rad / s) friction lets motors turn."""
SHARP = 2.0
"""How much less (1 / m) the reward is with the distance."""


@final
class Arm(Plant):
    """So many links in a row on a table, turned by a motor in each joint: two make a reacher, six a chain.

    Seen: cosine, sine and rate of each joint's angle, and where the target and the end are. The reward is exp(-2 d), d
    the distance (m) between these two. Motors are as strong as the square of the length of what they turn; joints have
    friction.
    """

    rate = 15

    def __init__(self, links: int = 2) -> None:
        check_whole(1, links=links)
        self.links, self.actions, self.seen = links, links, 3 * links + 4
        self.strength = TORQUE * (np.arange(links, 0, -1) / links) ** 2

    def reset(self, rng: np.random.Generator) -> None:
        self.space = fresh_space()
        long, heavy = REACH / self.links, MASS / self.links
        angles = np.cumsum(rng.uniform(-math.pi, math.pi, self.links) / np.arange(1, self.links + 1))
        self.bodies: list[pymunk.Body] = []
        end, before = pymunk.Vec2d(0, 0), self.space.static_body
        for number, angle in enumerate(angles.tolist()):
            body = pymunk.Body(heavy, pymunk.moment_for_segment(heavy, (-long / 2, 0), (long / 2, 0), 0.02))
            body.angle, body.position = angle, end + pymunk.Vec2d(long / 2, 0).rotated(angle)
            anchor = (long / 2, 0) if number else (0, 0)
            friction = pymunk.DampedRotarySpring(before, body, 0.0, 0.0, float(self.strength[number]) / FASTEST)
            rod = drawn(body, (-long / 2, 0), (long / 2, 0))
            self.space.add(body, rod, pymunk.PivotJoint(before, body, anchor, (-long / 2, 0)), friction)
            self.bodies.append(body)
            end, before = end + pymunk.Vec2d(long, 0).rotated(angle), body
        distance, direction = REACH * math.sqrt(rng.uniform(0.1, 0.9)), rng.uniform(-math.pi, math.pi)
        self.target: Floats = distance * np.array([math.cos(direction), math.sin(direction)])

    def push(self, action: Floats) -> None:
        """Motors turn a link and, the other way, the one before; the first stands on the ground."""
        torques = (self.strength * action).tolist()
        for body, own, others in zip(self.bodies, torques, [*torques[1:], 0.0], strict=True):
            body.torque = own - others

    @property
    def rates(self) -> Floats:
        """How fast each joint turns (rad / s)."""
        return np.diff([0.0, *(body.angular_velocity for body in self.bodies)])

    @property
    def end(self) -> Floats:
        """Where the end is (m)."""
        return np.array(self.bodies[-1].local_to_world((REACH / self.links / 2, 0)))

    def observe(self) -> Floats:
        angles = np.diff([0.0, *(body.angle for body in self.bodies)])
        return np.concatenate([np.cos(angles), np.sin(angles), self.rates / FASTEST, self.target, self.end])

    def reward(self) -> float:
        return math.exp(-SHARP * float(np.hypot(*(self.end - self.target))))
