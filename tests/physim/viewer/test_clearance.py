from __future__ import annotations

import numpy as np
import pymunk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physim.scenes.scene import Scene
from physim.scenes.spaces import scene_of
from physim.viewer.bodies import Bodies
from physim.viewer.clearance import cleared
from worlds.balls import Balls
from worlds.nbody import NBody
from worlds.strings import Strings

BOX = Balls(balls=1).scene(0)
WALL = 0.1
BODIES, POS, ANGLE = Bodies.of(BOX), BOX.pos.numpy(), BOX.angle.numpy()


@given(st.floats(-0.99, 0.99), st.floats(-0.99, 0.99))
def test_a_ball_alone_finds_a_place_between_the_walls(across: float, up: float) -> None:
    low, high = BODIES.outline(POS, ANGLE)
    centre, half = (low + high) / 2, (high - low) / 2
    place = cleared(BODIES, POS, ANGLE, 0, centre + (half - WALL) * [across, up])
    assert (np.abs(place - centre) <= half - 2 * WALL - BODIES.radius[0] + 1e-6).all()


def test_a_ball_that_can_give_way_is_overlapped_by_little() -> None:
    scene = Balls(balls=2).scene(0)
    bodies, pos = Bodies.of(scene), scene.pos.numpy()
    place = cleared(bodies, pos, scene.angle.numpy(), 0, pos[1] + 0.05 * (pos[0] - pos[1]))
    assert np.hypot(*(place - pos[1])) == pytest.approx(0.9 * bodies.radius[:2].sum())


def test_a_free_place_is_kept() -> None:
    np.testing.assert_array_equal(cleared(BODIES, POS, ANGLE, 0, POS[0]), POS[0])


def test_points_and_the_masses_of_one_string_need_no_room() -> None:
    for world in (NBody(bodies=3), Strings(masses=4)):
        scene = world.scene(0)
        pos = scene.pos.numpy()
        np.testing.assert_array_equal(cleared(Bodies.of(scene), pos, scene.angle.numpy(), 1, pos[2]), pos[2])


def crate(pass_by: bool = False) -> Scene:
    """A ball of 0.3 m, and a static box of 2 x 1 m whose centre is at (1, 0)."""
    space = pymunk.Space()
    ball = pymunk.Body(1.0, 1.0)
    ball.position = -5.0, 0.0
    crate = pymunk.Body(body_type=pymunk.Body.STATIC)
    space.add(ball, pymunk.Circle(ball, 0.3), crate)
    space.add(pymunk.Poly(crate, [(0, -0.5), (2, -0.5), (2, 0.5), (0, 0.5)], radius=0.1))
    joint = pymunk.SlideJoint(ball, crate, (0, 0), (0, 0), 0.0, 9.0)
    joint.collide_bodies = not pass_by
    space.add(joint)
    return scene_of(space)


def room_in(scene: Scene, x: float, y: float) -> list[float]:
    place: list[float] = cleared(Bodies.of(scene), scene.pos.numpy(), scene.angle.numpy(), 0, np.array([x, y])).tolist()
    return place


@pytest.mark.parametrize(
    ("aim", "place"),
    [((1.0, 0.2), (1.0, 0.9)), ((0.1, 0.0), (-0.4, 0.0)), ((1.0, 0.7), (1.0, 0.9)), ((3.0, 0.0), (3.0, 0.0))],
)
def test_a_ball_is_put_beside_a_polygon_by_the_shortest_way(
    aim: tuple[float, float], place: tuple[float, float]
) -> None:
    assert room_in(crate(), *aim) == pytest.approx(place)


def test_a_ball_is_put_off_the_corner_of_a_polygon() -> None:
    x, y = room_in(crate(), 2.1, 0.6)
    assert (x - 2.0, y - 0.5) == pytest.approx((0.4 / 2**0.5, 0.4 / 2**0.5))


def test_what_a_joint_lets_pass_needs_no_room() -> None:
    assert room_in(crate(pass_by=True), 1.0, 0.2) == [1.0, 0.2]
