from __future__ import annotations

import numpy as np
import pymunk
import pytest

from physim.scenes.spaces import scene_of
from physim.viewer.bodies import Bodies
from physim.viewer.links import _dashes, _path, _stretch_tenths
from physim.viewer.palette import LINK, stretch_colour


@pytest.mark.parametrize("length", [60.0, 90.0, 200.0])
def test_a_zigzag_runs_from_rim_to_rim_and_is_slimmer_the_longer_it_is(length: float) -> None:
    path = _path(np.array([[10.0, 5.0], [10.0 + length, 5.0]]), np.array([4.0, 6.0]), rest=60.0)
    assert path[0].tolist() == pytest.approx([14.0, 5.0])
    assert path[-1].tolist() == pytest.approx([4.0 + length, 5.0])
    assert (np.diff(path[:, 0]) > 0).all()
    width = np.ptp(path[:, 1])
    assert width == pytest.approx(2 * 0.16 * 60.0 * 60.0 / length)


def test_a_short_spring_is_a_line_and_one_without_room_too() -> None:
    for rest, rims in ((20.0, [4.0, 4.0]), (90.0, [60.0, 60.0])):
        assert len(_path(np.array([[0.0, 0.0], [100.0, 0.0]]), np.array(rims), rest)) == 2


def test_colours_show_the_sign_and_the_size_of_the_stretch() -> None:
    assert stretch_colour(0) == LINK
    assert stretch_colour(10)[0] > stretch_colour(4)[0] > LINK[0]
    assert stretch_colour(-10)[2] > stretch_colour(-4)[2] > LINK[2]


@pytest.mark.parametrize("length", [2.0, 40.0, 133.0])
def test_dashes_begin_and_end_a_line_and_leave_gaps_of_their_own_length(length: float) -> None:
    dashes = _dashes(np.array([[10.0, 5.0], [10.0, 5.0 + length]]))
    np.testing.assert_allclose([dashes[0, 0], dashes[-1, 1]], [[10, 5], [10, 5 + length]])
    steps = np.diff(dashes.reshape(-1, 2)[:, 1])
    np.testing.assert_allclose(steps, steps[0])
    assert len(dashes) == 1 or steps[0] == pytest.approx(5.0, rel=0.3)


def test_a_slide_is_at_rest_between_its_least_and_its_greatest_length() -> None:
    space = pymunk.Space()
    for number in range(4):
        body = pymunk.Body(1.0, 1.0)
        body.position = 1.0 + number, 0.0
        space.add(body, pymunk.SlideJoint(space.static_body, body, (0, 0), (0, 0), 2.0, 3.0))
    scene = scene_of(space)
    bodies = Bodies.of(scene)
    tenths = _stretch_tenths(bodies, bodies.anchors(scene.pos.numpy(), scene.angle.numpy()))
    assert tenths == [-6, 0, 0, 4]
