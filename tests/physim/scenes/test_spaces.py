from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pymunk
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.scenes.scene import PAIR, POINT, POLYGON, Scene
from physim.scenes.space_reading import scene_of
from physim.scenes.spaces import space_of
from worlds.nbody import NBody

RandomSpace = Callable[..., pymunk.Space]


def mixed() -> pymunk.Space:
    """Every kind of body, shape and relation."""
    space = pymunk.Space()
    space.gravity, space.damping, space.iterations, space.collision_slop = (0.5, -9.8), 0.9, 17, 0.002
    bodies = [pymunk.Body(0.3, 0.7), pymunk.Body(body_type=pymunk.Body.KINEMATIC), pymunk.Body(1.1, math.inf)]
    for number, body in enumerate(bodies):
        body.position, body.velocity, body.angle = (1.5 * number, 0.1), (0.3, 0.7 * number), 0.1 * number
    shapes = [pymunk.Circle(bodies[0], 0.3), pymunk.Segment(bodies[1], (-0.5, -0.1), (0.5, 0.1), 0.05)]
    shapes += [pymunk.Segment(space.static_body, (-3, -1), (3.3, -1.1), 0.1)]
    for shape in shapes:
        shape.elasticity, shape.friction = 0.7, 0.3
        shape.filter = pymunk.ShapeFilter(group=3)
    space.add(*bodies, *shapes)
    space.add(pymunk.PinJoint(bodies[0], bodies[2]), pymunk.DampedSpring(bodies[2], bodies[1], (0, 0), (0, 0), 1, 9, 1))
    space.add(pymunk.PinJoint(bodies[2], space.static_body, (0, 0), (0.1, 4)))
    return space


def test_a_scene_survives_the_way_to_a_space_and_back() -> None:
    scene = scene_of(mixed())
    again = scene_of(space_of(scene))
    for name in set(scene.keys()) - {"dt"}:
        assert torch.equal(scene[name], again[name]), name


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_every_scene_survives_the_way_to_a_space_and_back(random_space: RandomSpace, seed: int) -> None:
    scene = scene_of(random_space(seed))
    again = scene_of(space_of(scene), dt=0.1)
    assert {*scene.keys()} == {*again.keys()}
    for name in set(scene.keys()) - {"dt"}:
        assert torch.equal(scene[name], again[name]), name


@pytest.mark.parametrize("seed", range(12))
def test_the_engine_takes_the_steps_of_the_users_space_bit_for_bit(random_space: RandomSpace, seed: int) -> None:
    space = random_space(seed)
    engine, bodies = PymunkEngine(1 / 120), list(space.bodies)
    state = engine.start(scene_of(space))
    for _ in range(200):
        space.step(1 / 120)
        state = engine.step(state)
    wanted = np.array([(*body.position, body.angle, *body.velocity, body.angular_velocity) for body in bodies])
    np.testing.assert_array_equal(state.values[: len(bodies)], wanted)


def test_a_space_from_a_scene_moves_as_the_first_one() -> None:
    first, second = mixed(), space_of(scene_of(mixed()))
    for _ in range(200):
        first.step(0.01)
        second.step(0.01)
    for body, other in zip(first.bodies, second.bodies, strict=False):
        assert body.position == pytest.approx(other.position, abs=1e-9)
        assert body.angle == pytest.approx(other.angle, abs=1e-9)


def test_further_columns_become_attributes_of_the_bodies() -> None:
    scene = NBody(bodies=2).scene(seed=1)
    scene.charge = torch.tensor([1.0, -2.0], dtype=torch.float64)
    assert scene_of(space_of(scene), columns=("charge",)).charge.tolist() == [1.0, -2.0]


def test_a_batch_is_refused() -> None:
    scene = NBody(bodies=2).scene(seed=1)
    with pytest.raises(PhysimError, match="got a batch of 2"):
        space_of(Scene.batch_of([scene, scene]))


def test_relations_out_of_order_are_refused() -> None:
    scene = scene_of(mixed())
    scene.edge_index = scene.edge_index.flip(1)
    scene.edge_kind = scene.edge_kind.flip(0)
    scene.edge_index[:, 0] = 0
    with pytest.raises(PhysimError, match="there and back"):
        space_of(scene)


def test_a_body_whose_joint_lets_it_pass_comes_back_so() -> None:
    scene = scene_of(mixed())
    first, second = scene.edge_index
    pair = scene.edge_kind == PAIR
    kept = ~(pair & (first + second == 2))  # bodies 0 and 2, which a pin connects
    fields = {name: scene[name][kept] for name in ("edge_kind", "edge_attr", "edge_anchor")}
    ungrouped = scene.moved(edge_index=scene.edge_index[:, kept], group=torch.zeros_like(scene.group), **fields)
    assert [bool(joint.collide_bodies) for joint in space_of(ungrouped).constraints] == [False, True, True]
    assert all(joint.collide_bodies for joint in space_of(scene).constraints)


@pytest.mark.parametrize(
    ("corner", "index"),
    [
        ([[0, 0], [1, 0]], [0, 0]),
        ([[0, 0], [1, 1], [1, 0]], [0, 0, 0]),
        ([[0, 0], [4, 0], [1, 1], [0, 4]], [0] * 4),
        ([[0, 0], [1, 0], [0, 1]], [1] * 3),
    ],
)
def test_corners_that_make_no_convex_polygon_are_refused(corner: list[list[float]], index: list[int]) -> None:
    scene = Scene.of(
        torch.zeros(2, 2), torch.zeros(2, 2), torch.ones(2), shape=torch.tensor([POLYGON, POINT]),
        corner=torch.tensor(corner), corner_index=torch.tensor(index),
    )  # fmt: skip
    with pytest.raises(PhysimError, match=r"^corner"):
        space_of(scene)
