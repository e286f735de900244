from __future__ import annotations

import math
from collections.abc import Callable

import pymunk
import pytest
import torch

from physim.errors import PhysimError
from physim.scenes.scene import BODY_TYPES, RELATION_KINDS, SHAPE_KINDS, Scene
from physim.scenes.space_reading import check_no_forces, scene_of


def ball(space: pymunk.Space, x: float = 0.0) -> pymunk.Body:
    body = pymunk.Body(2.0, 3.0)
    body.position = x, 1.0
    space.add(body, pymunk.Circle(body, 0.5))
    return body


def kinds(scene: Scene) -> list[str]:
    return [SHAPE_KINDS[kind] for kind in scene.shape.tolist()]


def test_bodies_keep_their_order_and_state() -> None:
    space = pymunk.Space()
    bodies = [ball(space, x) for x in (5.0, 3.0)]
    space.add(pymunk.Body(1.0, math.inf))
    bodies[1].velocity, bodies[1].angle, bodies[1].angular_velocity = (1.0, -2.0), 0.3, 4.0
    scene = scene_of(space, dt=0.5)
    assert scene.pos.tolist() == [[5.0, 1.0], [3.0, 1.0], [0.0, 0.0]]
    assert scene.vel[1].tolist() == [1.0, -2.0]
    assert (float(scene.angle[1]), float(scene.angular_velocity[1])) == (0.3, 4.0)
    assert scene.mass.tolist() == [2.0, 2.0, 1.0]
    assert scene.moment.tolist() == [3.0, 3.0, math.inf]
    assert kinds(scene) == ["circle", "circle", "point"]
    assert float(scene.dt) == 0.5


def test_shapes_of_the_static_body_are_static_objects_of_their_own() -> None:
    space = pymunk.Space()
    ball(space)
    space.add(pymunk.Segment(space.static_body, (0, 0), (4, 2), 0.1), pymunk.Circle(space.static_body, 1, (7, 8)))
    scene = scene_of(space)
    assert kinds(scene) == ["circle", "segment", "circle"]
    assert scene.pos.tolist()[1:] == [[2.0, 1.0], [7.0, 8.0]]
    assert scene.extent.tolist()[1:] == [[2.0, 1.0], [0.0, 0.0]]
    assert [BODY_TYPES[kind] for kind in scene.body_type.tolist()] == ["dynamic", "static", "static"]
    assert scene.mass.tolist() == [2.0, 0.0, 0.0]


def test_springs_and_pins_stand_after_the_pairs_there_and_back() -> None:
    space = pymunk.Space()
    a, b = ball(space), ball(space, 2.0)
    space.add(pymunk.DampedSpring(a, b, (0, 0), (0, 0), 1.5, 100.0, 0.2), pymunk.PinJoint(b, a))
    scene = scene_of(space)
    assert [RELATION_KINDS[kind] for kind in scene.edge_kind.tolist()] == ["pair"] * 2 + ["spring"] * 2 + ["pin"] * 2
    assert scene.edge_index[:, 2:].T.tolist() == [[0, 1], [1, 0], [1, 0], [0, 1]]
    assert scene.edge_attr[2:].tolist() == [[1.5, 100.0, 0.2, 0.0]] * 2 + [[2.0, 0.0, 0.0, 0.0]] * 2


def test_an_anchor_on_the_static_body_becomes_a_static_point() -> None:
    space = pymunk.Space()
    body = ball(space)
    space.add(pymunk.PinJoint(body, space.static_body, (0, 0), (0, 6)))
    scene = scene_of(space)
    assert kinds(scene) == ["circle", "point"]
    assert scene.pos[1].tolist() == [0.0, 6.0]
    assert scene.edge_index[:, -2:].T.tolist() == [[0, 1], [1, 0]]


def test_polygons_keep_their_corners_as_pymunk_has_them() -> None:
    space = pymunk.Space()
    ball(space)
    body = pymunk.Body(1.0, 1.0)
    space.add(body, pymunk.Poly.create_box(body, (2.0, 1.0), 0.1))
    space.add(pymunk.Poly(space.static_body, [(4, 1), (2, 1), (3, 2), (3, 1.1)]))
    scene = scene_of(space)
    assert kinds(scene) == ["circle", "polygon", "polygon"]
    assert scene.radius.tolist() == [0.5, 0.1, 0.0]
    assert scene.corner_index.tolist() == [1] * 4 + [2] * 3
    assert scene.corner[:4].tolist() == [[1.0, -0.5], [1.0, 0.5], [-1.0, 0.5], [-1.0, -0.5]]
    assert sorted(scene.corner[4:].tolist()) == [[2.0, 1.0], [3.0, 2.0], [4.0, 1.0]]
    assert scene.pos[2].tolist() == [0.0, 0.0]


def test_joints_hold_moving_bodies_anywhere_and_static_ones_at_points_of_their_own() -> None:
    space = pymunk.Space()
    a, b = ball(space), ball(space, 2.0)
    space.add(pymunk.SlideJoint(a, b, (0.1, 0.2), (-0.3, 0.4), 1.0, 3.0))
    space.add(pymunk.PivotJoint(b, space.static_body, (0.5, 0.0), (2.5, 1.0)))
    scene = scene_of(space)
    joints = scene.edge_kind != 0
    assert [RELATION_KINDS[kind] for kind in scene.edge_kind[joints].tolist()] == ["slide"] * 2 + ["pivot"] * 2
    assert scene.edge_index[:, joints].T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]
    assert scene.edge_attr[joints].tolist() == [[1.0, 0.0, 0.0, 3.0]] * 2 + [[0.0] * 4] * 2
    assert scene.edge_anchor[joints].tolist() == [
        [0.1, 0.2, -0.3, 0.4],
        [-0.3, 0.4, 0.1, 0.2],
        [0.5, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.5, 0.0],
    ]
    assert not scene.edge_anchor[~joints].any()
    assert scene.pos[2].tolist() == [2.5, 1.0]


def test_bodies_that_a_joint_keeps_from_colliding_are_no_pair() -> None:
    space = pymunk.Space()
    bodies = [ball(space, 2.0 * number) for number in range(3)]
    joint = pymunk.PinJoint(bodies[2], bodies[0])
    joint.collide_bodies = False
    space.add(joint, pymunk.PinJoint(bodies[0], bodies[1]))
    scene = scene_of(space)
    assert scene.edge_index[:, scene.edge_kind == 0].T.tolist() == [[1, 0], [0, 1], [2, 1], [1, 2]]


def test_further_columns_are_attributes_of_the_bodies() -> None:
    space = pymunk.Space()
    body = ball(space)
    ball(space, 3.0)
    body.charge = -2.0  # type: ignore[attr-defined]
    assert scene_of(space, columns=("charge",)).charge.tolist() == [-2.0, 0.0]


def test_an_empty_space_is_an_empty_scene() -> None:
    scene = scene_of(pymunk.Space())
    assert scene.num_bodies == 0
    assert scene.pos.shape == (0, 2)
    assert torch.equal(scene.edge_index, torch.zeros(2, 0, dtype=torch.int64))


def test_shapes_of_one_group_are_no_pairs() -> None:
    space = pymunk.Space()
    bodies = [ball(space, 3.0 * number) for number in range(4)]
    for body, group in zip(bodies, (1, 1, 0, 0), strict=True):
        next(iter(body.shapes)).filter = pymunk.ShapeFilter(group=group)
    scene = scene_of(space)
    assert scene.group.tolist() == [1, 1, 0, 0]
    pairs = {tuple(pair) for pair in scene.edge_index.T.tolist()}
    assert pairs == {(a, b) for a in range(4) for b in range(4) if a != b} - {(0, 1), (1, 0)}


def needle(space: pymunk.Space) -> None:
    space.add(pymunk.Poly(space.static_body, [(0, 0), (1, 1), (2, 2)]))


def two_shapes(space: pymunk.Space) -> None:
    space.add(pymunk.Circle(ball(space), 1.0))


def offset(space: pymunk.Space) -> None:
    body = pymunk.Body(1, 1)
    space.add(body, pymunk.Circle(body, 1, (0.5, 0)))


def sensor(space: pymunk.Space) -> None:
    next(iter(ball(space).shapes)).sensor = True


def filtered(space: pymunk.Space) -> None:
    next(iter(ball(space).shapes)).filter = pymunk.ShapeFilter(categories=0b10)


def conveyor(space: pymunk.Space) -> None:
    next(iter(ball(space).shapes)).surface_velocity = (1, 0)


def motor(space: pymunk.Space) -> None:
    space.add(pymunk.SimpleMotor(ball(space), space.static_body, 1))


def soft_pin(space: pymunk.Space) -> None:
    joint = pymunk.PinJoint(ball(space), ball(space, 3))
    joint.max_force = 5
    space.add(joint)


def hand(space: pymunk.Space) -> None:
    space.add(pymunk.PivotJoint(pymunk.Body(body_type=pymunk.Body.KINEMATIC), ball(space), (0, 0), (0, 0)))


def watched_pin(space: pymunk.Space) -> None:
    joint = pymunk.PinJoint(ball(space), ball(space, 3))
    joint.pre_solve = lambda constraint, space: None
    space.add(joint)


def through_walls(space: pymunk.Space) -> None:
    space.add(pymunk.Segment(space.static_body, (-9, 0), (9, 0), 1))
    joint = pymunk.PivotJoint(ball(space), space.static_body, (0, 0), (0, 1))
    joint.collide_bodies = False
    space.add(joint)


def own_spring(space: pymunk.Space) -> None:
    joint = pymunk.DampedSpring(ball(space), ball(space, 3), (0, 0), (0, 0), 1, 1, 1)
    joint.force_func = lambda spring, distance: 0.0
    space.add(joint)


def own_velocity(space: pymunk.Space) -> None:
    ball(space).velocity_func = lambda *arguments: None


def off_centre(space: pymunk.Space) -> None:
    ball(space).center_of_gravity = (0.1, 0)


def callbacks(space: pymunk.Space) -> None:
    space.on_collision(1, 2, begin=lambda *arguments: None)


def sleeping(space: pymunk.Space) -> None:
    space.sleep_time_threshold = 0.5


def rolling_floor(space: pymunk.Space) -> None:
    space.add(pymunk.Segment(space.static_body, (0, 0), (1, 0), 0.1))
    space.static_body.velocity = 1, 0


def massless(space: pymunk.Space) -> None:
    space.add(pymunk.Body())


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (needle, "a Poly has 2 corners"),
        (two_shapes, "2 shapes"),
        (offset, "body 0 is not centred"),
        (sensor, "sensor"),
        (filtered, "filter"),
        (conveyor, "surface_velocity"),
        (motor, "SimpleMotor"),
        (soft_pin, "max_force"),
        (hand, "holds a moving body that is not in the Space"),
        (watched_pin, "pre_solve"),
        (through_walls, "a PivotJoint has collide_bodies=False to a static body that has shapes elsewhere"),
        (own_spring, "force_func"),
        (own_velocity, "velocity_func"),
        (off_centre, "center_of_gravity"),
        (callbacks, "callbacks"),
        (sleeping, "sleep_time_threshold"),
        (rolling_floor, "vel of object 0, which is static"),
        (massless, "mass 0"),
    ],
)
def test_what_a_scene_cannot_express_is_refused_by_name(build: Callable[[pymunk.Space], None], named: str) -> None:
    space = pymunk.Space()
    build(space)
    with pytest.raises(PhysimError, match=named):
        scene_of(space)


def test_forces_that_wait_for_the_first_step_are_refused_where_a_scene_is_all_there_will_be() -> None:
    space = pymunk.Space()
    still, pushed = ball(space), ball(space, 3.0)
    kinematic = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
    kinematic.force = 5, 0  # which pymunk never looks at
    space.add(kinematic)
    check_no_forces(space)
    pushed.apply_force_at_local_point((0, 2), (1, 0))
    with pytest.raises(PhysimError, match=r"body 1 waits with force \[0.0, 2.0\] and torque 2.0"):
        check_no_forces(space)
    assert torch.equal(scene_of(space).vel, torch.zeros(3, 2, dtype=torch.float64))
    space.step(0.1)
    still.torque = 1.0
    with pytest.raises(PhysimError, match="body 0 waits"):
        check_no_forces(space)
