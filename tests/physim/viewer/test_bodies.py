from __future__ import annotations

import numpy as np
import pymunk
import pytest
import torch

from physim.scenes.scene import PIVOT, SPRING, Scene
from physim.scenes.spaces import scene_of
from physim.viewer.bodies import Bodies
from worlds.strings import Strings


def test_pinned_are_the_ends_that_stand_still_and_not_the_well() -> None:
    bodies = Bodies.of(Strings(masses=5, pins=2).scene(0))
    assert np.flatnonzero(bodies.pinned).tolist() == [0, 4]
    assert bodies.static.sum() == 3


def test_each_spring_stands_there_once_with_its_length() -> None:
    bodies = Bodies.of(Strings(masses=5).scene(0))
    assert bodies.links.shape == (2, 4)
    assert (bodies.kind == SPRING).all()
    np.testing.assert_allclose(bodies.rest, 0.2)


@pytest.fixture
def box() -> Scene:
    """A box of 2 x 1 m with a pivot at its edge, on a static point, and a spring to a ball that may pass through it."""
    space = pymunk.Space()
    body, ball = pymunk.Body(1.0, 1.0), pymunk.Body(1.0, 1.0)
    body.position, ball.position = (3.0, 1.0), (3.0, 5.0)
    space.add(body, pymunk.Poly.create_box(body, (2.0, 1.0), 0.25), ball, pymunk.Circle(ball, 0.5))
    spring = pymunk.DampedSpring(ball, body, (0, 0), (0.0, 0.5), 1.0, 1.0, 1.0)
    spring.collide_bodies = False
    space.add(spring, pymunk.PivotJoint(body, space.static_body, (-1.0, 0.0), (2.0, 1.0)))
    return scene_of(space)


def test_corners_and_anchors_turn_with_their_bodies(box: Scene) -> None:
    bodies, angle = Bodies.of(box), np.array([np.pi / 2, 0.0, 0.0])
    assert bodies.kind.tolist() == [SPRING, PIVOT]
    assert bodies.off_centre.tolist() == [[True, True], [False, False]]
    corners = bodies.corners(box.pos.numpy(), angle)
    np.testing.assert_allclose(corners[0], [[3.5, 2], [2.5, 2], [2.5, 0], [3.5, 0]])
    np.testing.assert_allclose(bodies.anchors(box.pos.numpy(), angle), [[[2.5, 1], [3, 0]], [[3, 5], [2, 1]]])


def test_the_outline_of_all_objects_has_room_for_turned_polygons(box: Scene) -> None:
    low, high = Bodies.of(box).outline(box.pos.numpy(), np.array([np.pi / 2, 0.0, 0.0]))
    np.testing.assert_allclose([low, high], [[2.0, -0.25], [3.75, 5.5]])


def test_ends_of_segments_turn_with_their_bodies() -> None:
    scene = Scene.of(torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1), extent=torch.tensor([[3.0, 0.0]]))
    first, second = Bodies.of(scene).ends(np.array([[1.0, 1.0]]), np.array([np.pi / 2]))
    np.testing.assert_allclose([first[0], second[0]], [[1, -2], [1, 4]])
