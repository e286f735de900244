from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from physim.arrays import Integers
from physim.errors import PhysimError
from worlds.sprites import every_two_colours, every_two_ways, two_colours, two_ways

Make = Callable[..., Integers]


def test_a_square_goes_left_or_right_as_a_coin_falls() -> None:
    videos = two_ways(300, 5, seed=0)
    assert not videos[:, :, :, [0, -1]].any()
    assert (videos.sum((2, 3, 4)) == 16).all()
    right, left = (
        np.array([[np.array_equal(np.roll(a, way, 1), b) for a, b in pairwise(video)] for video in videos])
        for way in (1, -1)
    )
    assert (right ^ left).all()
    assert right.mean() == pytest.approx(0.5, abs=0.05)


def test_four_columns_of_a_frame_are_uncertain_and_no_other_pixel() -> None:
    """Of pixels that know nothing of one another: 4 w of them have a chance of a half each."""
    videos = two_ways(4000, 2, seed=0, side=10)
    same = (videos[:, 0] == videos[0, 0]).all((1, 2, 3))
    mean = videos[same, 1].mean(0)
    assert ((mean > 0.2) & (mean < 0.8)).sum() == 4 * 4
    assert np.isin(mean[(mean <= 0.2) | (mean >= 0.8)], (0, 1)).all()


def test_a_square_is_red_or_blue_and_stays() -> None:
    videos = two_colours(200, 4, seed=0)
    assert (videos.sum((2, 3, 4)) == 16).all()
    assert not videos[..., 1].any()
    red = videos[..., 0].any((2, 3))
    assert red.mean() == pytest.approx(0.5, abs=0.06)
    assert all(np.array_equal(video.any((0, 3)), video[0].any(2)) for video in videos)


def test_boxes_without_room_are_refused() -> None:
    with pytest.raises(PhysimError, match="side is 7, wanted at least 8"):
        two_ways(1, 2, 0, side=7)
    with pytest.raises(PhysimError, match="side is 3, wanted at least 4"):
        two_colours(1, 2, 0, side=3)


def test_a_video_depends_on_the_seed_and_its_number_alone() -> None:
    for make in (two_ways, two_colours):
        assert np.array_equal(make(2, 3, 9), make(5, 3, 9)[:2])
        assert not np.array_equal(make(2, 3, 9), make(2, 3, 8))


@pytest.mark.parametrize(("make", "every"), [(two_ways, every_two_ways), (two_colours, every_two_colours)])
def test_every_video_that_may_be_drawn_is_there_once(make: Make, every: Make) -> None:
    known = {video.tobytes() for video in every(3, side=10)}
    assert len(known) == len(every(3, side=10))
    assert {video.tobytes() for video in make(4000, 3, 0, side=10)} == known
