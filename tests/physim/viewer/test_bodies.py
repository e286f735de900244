from __future__ import annotations

import numpy as np

from physim.viewer.bodies import Bodies
from worlds.balls import Balls
from worlds.nbody import NBody
from worlds.strings import Strings


def test_a_box_encloses_its_balls_until_one_leaves() -> None:
    scene = Balls(balls=3).scene(0)
    bodies, pos, angle = Bodies.of(scene), scene.pos.numpy().copy(), scene.angle.numpy()
    assert bodies.enclosed(pos, angle)
    pos[0] = [100.0, 0.0]
    assert not bodies.enclosed(pos, angle)


def test_without_walls_nothing_is_enclosed() -> None:
    for world in (NBody(bodies=3), Strings(masses=3)):
        scene = world.scene(0)
        assert not Bodies.of(scene).enclosed(scene.pos.numpy(), scene.angle.numpy())


def test_pinned_are_the_ends_that_stand_still_and_not_the_well() -> None:
    bodies = Bodies.of(Strings(masses=5, pins=2).scene(0))
    assert np.flatnonzero(bodies.pinned).tolist() == [0, 4]
    assert bodies.static.sum() == 3


def test_each_spring_stands_there_once_with_its_length() -> None:
    bodies = Bodies.of(Strings(masses=5).scene(0))
    assert bodies.links.shape == (2, 4)
    assert bodies.springs.all()
    np.testing.assert_allclose(bodies.rest, 0.2)
