"""Spaces of everything that a scene can express, from seeds."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pymunk
import pytest

Point = tuple[float, float]


@pytest.fixture(scope="session")
def random_space() -> Callable[..., pymunk.Space]:
    """Makes a Space from a seed."""
    return _space


def _space(seed: int, bodies: int = 8, joints: int = 6) -> pymunk.Space:
    """Bodies of all kinds over a floor, and joints of all kinds between them and the floor's body."""
    rng = np.random.default_rng(seed)
    space = pymunk.Space()
    space.gravity, space.damping, space.iterations = (float(rng.normal()), -9.8), 0.95, int(rng.integers(5, 20))
    floor = pymunk.Poly(space.static_body, [(-9, -2), (9, -2), (9, float(rng.random())), (-9, 0)], radius=0.05)
    floor.friction = 0.6
    for number in range(bodies):
        body = _body(rng, number)
        space.add(body, *_shape(rng, body))
    space.add(floor)
    held = list(space.bodies)
    for _ in range(joints):
        first, second = rng.choice([0, *range(2, bodies)]), int(rng.integers(0, bodies))
        other = held[second] if second != first and rng.random() < 0.7 else None
        space.add(_joint(rng, space, held[first], other))
    return space


def _point(rng: np.random.Generator, size: float = 0.5) -> Point:
    x, y = rng.uniform(-size, size, 2).tolist()
    return x, y


def _body(rng: np.random.Generator, number: int) -> pymunk.Body:
    kinematic = number == 1 and rng.random() < 0.5  # pymunk wants one dynamic body at each joint
    moment = math.inf if rng.random() < 0.1 else rng.uniform(0.1, 1.0)
    body = pymunk.Body(body_type=pymunk.Body.KINEMATIC) if kinematic else pymunk.Body(rng.uniform(0.5, 2.0), moment)
    body.position = float(rng.uniform(-2, 2)), 1.0 + 0.9 * number
    body.velocity, body.angle, body.angular_velocity = _point(rng, 2.0), *_point(rng, 3.0)
    return body


def _shape(rng: np.random.Generator, body: pymunk.Body) -> list[pymunk.Shape]:
    kind, radius = rng.choice(["none", "circle", "segment", "box", "polygon"]), float(rng.choice([0.0, 0.03]))
    shape: pymunk.Shape
    if kind == "none":
        return []
    if kind == "circle":
        shape = pymunk.Circle(body, 0.4)
    elif kind == "segment":
        x, y = _point(rng)
        shape = pymunk.Segment(body, (-x, -y), (x, y), 0.1)
    elif kind == "box":
        shape = pymunk.Poly.create_box(body, (1.0, 0.6), radius)
    else:
        shape = pymunk.Poly(body, [_point(rng, 0.7) for _ in range(8)], radius=radius)
    shape.elasticity, shape.friction = rng.random(2).tolist()
    shape.filter = pymunk.ShapeFilter(group=int(rng.choice([0, 0, 0, 1])))
    return [shape]


def _joint(
    rng: np.random.Generator, space: pymunk.Space, first: pymunk.Body, second: pymunk.Body | None
) -> pymunk.Constraint:
    ends = (first, space.static_body if second is None else second)
    anchors = _point(rng), _point(rng, 8.0 if second is None else 0.5)
    kind = rng.choice(["spring", "pin", "pivot", "slide"])
    joint: pymunk.Constraint
    if kind == "spring":
        joint = pymunk.DampedSpring(*ends, *anchors, 1.0, 50.0, 0.5)
    elif kind == "pin":
        joint = pymunk.PinJoint(*ends, *anchors)
    elif kind == "pivot":
        joint = pymunk.PivotJoint(*ends, *anchors)
    else:
        joint = pymunk.SlideJoint(*ends, *anchors, 0.5, 2.0)
    joint.collide_bodies = second is None or rng.random() < 0.5
    return joint
