from __future__ import annotations

import math
from collections.abc import Callable

import pymunk
import pytest

from physim.scenes.space_contents import contents_of


def full() -> pymunk.Space:
    """A Space with something of everything."""
    space = pymunk.Space()
    floor = pymunk.Body(body_type=pymunk.Body.STATIC)
    bodies = [pymunk.Body(1.0, 2.0), pymunk.Body(3.0, 4.0), floor]
    shapes = [
        pymunk.Circle(bodies[0], 0.5),
        pymunk.Poly.create_box(bodies[1], (1, 2)),
        pymunk.Segment(floor, (-1, 0), (1, 0), 0.1),
    ]
    space.add(*bodies, *shapes)
    space.add(
        pymunk.DampedSpring(bodies[0], bodies[1], (0, 0), (0, 0), 1, 9, 1),
        pymunk.PinJoint(bodies[0], floor),
        pymunk.PivotJoint(bodies[1], floor, (0, 0), (0, 3)),
        pymunk.SlideJoint(bodies[0], bodies[1], (0, 0), (0, 0), 0.5, 2.0),
    )
    return space


def of(space: pymunk.Space, kind: type, number: int = 0) -> object:
    items = [*space.bodies, *space.shapes, *space.constraints]
    return [item for item in items if isinstance(item, kind)][number]


SETTINGS: list[tuple[type, int, str, object]] = [
    (pymunk.Body, 0, "mass", 2.0),
    (pymunk.Body, 0, "moment", math.inf),
    (pymunk.Body, 0, "center_of_gravity", (0.1, 0)),
    (pymunk.Body, 0, "velocity_func", lambda body, gravity, damping, dt: None),
    (pymunk.Body, 0, "position_func", lambda body, dt: None),
    (pymunk.Body, 1, "body_type", pymunk.Body.KINEMATIC),
    (pymunk.Body, 2, "position", (0, 1)),
    (pymunk.Body, 2, "angle", 0.1),
    (pymunk.Body, 2, "velocity", (1, 0)),
    (pymunk.Body, 0, "charge", 2.0),
    (pymunk.Circle, 0, "friction", 0.3),
    (pymunk.Circle, 0, "elasticity", 0.3),
    (pymunk.Circle, 0, "sensor", True),
    (pymunk.Circle, 0, "filter", pymunk.ShapeFilter(group=1)),
    (pymunk.Poly, 0, "surface_velocity", (1, 0)),
    (pymunk.DampedSpring, 0, "rest_length", 2.0),
    (pymunk.DampedSpring, 0, "stiffness", 2.0),
    (pymunk.DampedSpring, 0, "damping", 2.0),
    (pymunk.DampedSpring, 0, "anchor_a", (0.1, 0)),
    (pymunk.DampedSpring, 0, "force_func", lambda spring, distance: 0.0),
    (pymunk.PinJoint, 0, "distance", 2.0),
    (pymunk.PinJoint, 0, "max_force", 9.0),
    (pymunk.PinJoint, 0, "error_bias", 0.5),
    (pymunk.PivotJoint, 0, "anchor_b", (0.1, 0)),
    (pymunk.PivotJoint, 0, "max_bias", 1.0),
    (pymunk.PivotJoint, 0, "pre_solve", lambda joint, space: None),
    (pymunk.SlideJoint, 0, "min", 0.1),
    (pymunk.SlideJoint, 0, "max", 3.0),
    (pymunk.SlideJoint, 0, "collide_bodies", False),
]
CALLS: list[Callable[[pymunk.Space], object]] = [
    lambda space: setattr(space, "gravity", (0, 1)),
    lambda space: setattr(space, "damping", 0.5),
    lambda space: setattr(space, "iterations", 3),
    lambda space: setattr(space, "collision_slop", 0.5),
    lambda space: setattr(space, "sleep_time_threshold", 0.5),
    lambda space: space.on_collision(1, 2),
    lambda space: space.add(pymunk.Body(1, 1)),
    lambda space: space.add(pymunk.Circle(space.static_body, 1)),
    lambda space: space.add(pymunk.GearJoint(of(space, pymunk.Body), space.static_body, 0, 1)),
    lambda space: space.remove(of(space, pymunk.PinJoint)),
    lambda space: space.remove(of(space, pymunk.Circle)),
    lambda space: of(space, pymunk.Circle).unsafe_set_radius(0.1),
    lambda space: of(space, pymunk.Circle).unsafe_set_offset((0.1, 0)),
    lambda space: of(space, pymunk.Segment).unsafe_set_endpoints((0, 0), (1, 1)),
    lambda space: of(space, pymunk.Poly).unsafe_set_vertices([(0, 0), (1, 0), (0, 1)]),
]


@pytest.mark.parametrize(
    ("kind", "number", "name", "value"), SETTINGS, ids=[f"{kind.__name__}-{name}" for kind, _, name, _ in SETTINGS]
)
def test_whatever_is_set_is_noticed(kind: type, number: int, name: str, value: object) -> None:
    space = full()
    before = contents_of(space, ("charge",))
    setattr(of(space, kind, number), name, value)
    assert contents_of(space, ("charge",)) != before


@pytest.mark.parametrize("call", CALLS)
def test_whatever_is_done_is_noticed(call: Callable[[pymunk.Space], object]) -> None:
    space = full()
    before = contents_of(space)
    call(space)
    assert contents_of(space) != before


def test_motion_and_time_are_no_change() -> None:
    space = full()
    before = contents_of(space, ("charge",))
    for _ in range(10):
        space.step(0.01)
    body = of(space, pymunk.Body)
    body.apply_force_at_local_point((1, 2))
    body.position, body.angle, body.velocity, body.angular_velocity = (1, 2), 3, (4, 5), 6
    assert contents_of(space, ("charge",)) == before
