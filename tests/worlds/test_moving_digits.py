from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.moving_digits import least, moving_digits, smaller, unknown_pixels, unknown_places
from worlds.real_data import mnist
from worlds.real_data.catalogue import MNIST

BLOT = np.full((1, 4, 4), 200, np.uint8)


def test_digits_stay_in_the_box_and_move_by_a_tenth_of_their_way() -> None:
    videos = moving_digits(BLOT, 50, seed=0, frames=30, side=24, digits=1)
    assert videos.shape == (50, 30, 24, 24)
    assert (videos.sum((2, 3)) == 16 * 200).all()
    middles = np.stack([np.stack(np.nonzero(frame), 0).mean(1) for frame in videos[0]])
    assert np.abs(np.diff(middles, axis=0)).max() <= 0.1 * 20 + 1
    edges = [videos[:, :, 0].any(), videos[:, :, -1].any(), videos[:, :, :, 0].any(), videos[:, :, :, -1].any()]
    assert all(edges)


@pytest.mark.parametrize("scattered", [False, True])
def test_digits_go_straight_between_walls_which_send_them_back_or_anywhere(scattered: bool) -> None:
    videos = moving_digits(BLOT, 200, seed=0, frames=12, side=104, digits=1, scattered=scattered)
    corners = np.array([[np.argwhere(frame).min(0) for frame in video] for video in videos]).astype(float)
    steps = np.diff(corners, axis=1)
    turns = np.hypot(*(steps[:, 1:] - steps[:, :-1]).T).T
    inside = ((corners > 0) & (corners < 100)).all(2)
    assert turns[inside[:, :-2] & inside[:, 1:-1] & inside[:, 2:]].max() <= 3  # whole pixels
    speeds = np.hypot(*steps.T).T[inside[:, :-1] & inside[:, 1:]]
    assert 8 < speeds.min() <= speeds.max() < 12
    along, across = (((corners[..., way] > 0) & (corners[..., way] < 100)) for way in (1, 0))
    bounced = along[:, :-2] & along[:, 1:-1] & along[:, 2:] & ~across[:, 1:-1]
    changes = np.abs(steps[:, 1:, 1] - steps[:, :-1, 1])[bounced]  # of the speed along a wall
    assert (changes.max() > 3) == scattered


def test_unknown_places_are_the_entropy_of_the_next_pixel_and_fall_as_more_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worlds.moving_digits.PARTICLES", 2000)
    blot, room, count = np.full((1, 1, 1), 255, np.uint8), 8, 8000
    nats = unknown_places(room, frames=4, seen=1, tried=500)
    videos = moving_digits(blot, count, seed=0, frames=2, side=room + 1, digits=1).reshape(count, 2, -1)
    pixels, ways = videos.argmax(2), Counter[tuple[int, ...]]()
    ways.update(map(tuple, pixels.tolist()))
    begun = Counter(pixels[:, 0].tolist())
    entropy = -sum(count * np.log(count / begun[way[0]]) for way, count in ways.items()) / len(videos)
    assert nats[0] == pytest.approx(entropy, abs=0.1)
    assert (np.diff(nats) < 0).all()


def test_pixels_that_know_nothing_of_one_another_need_the_entropy_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worlds.moving_digits.PARTICLES", 2000)
    blot, room, count = np.full((1, 1, 1), 255, np.uint8), 8, 8000
    nats = unknown_pixels(blot, frames=4, seen=1, side=room + 1, digits=1, tried=500)
    videos = moving_digits(blot, count, seed=0, frames=2, side=room + 1, digits=1).reshape(count, 2, -1) / 255
    begun = videos[:, 0].argmax(1)
    chance = np.stack([videos[begun == place, 1].mean(0) for place in np.unique(begun)])
    share = np.bincount(begun)[np.unique(begun), None] / count
    chance = chance.clip(1e-12, 1 - 1e-12)
    entropy = -(share * (chance * np.log(chance) + (1 - chance) * np.log(1 - chance))).sum()
    assert nats[0] == pytest.approx(entropy, abs=0.15)
    assert (nats > unknown_places(room, frames=4, seen=1, tried=500)).all()
    assert unknown_pixels(0 * blot, frames=4, seen=1, side=room + 1).max() < 1e-6


def test_where_digits_meet_the_brighter_shows() -> None:
    images = np.concatenate([BLOT, BLOT // 2])
    videos = moving_digits(images, 200, seed=1, frames=5, side=6)
    assert set(np.unique(videos)) == {0, 100, 200}


def test_the_same_seed_gives_the_same_videos() -> None:
    assert np.array_equal(moving_digits(BLOT, 3, 5), moving_digits(BLOT, 7, 5)[:3])  # however many
    assert not np.array_equal(moving_digits(BLOT, 3, 5), moving_digits(BLOT, 3, 6))


def test_the_least_cross_entropy_is_that_of_pixels_with_themselves() -> None:
    assert least(np.array([0, 255], np.uint8).repeat(8).reshape(2, 2, 2, 2)) == 0
    half = np.full((1, 3, 2, 2), 51, np.uint8)
    assert least(half) == pytest.approx(-4 * (0.2 * np.log(0.2) + 0.8 * np.log(0.8)))


def test_smaller_images_are_means() -> None:
    image = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    assert smaller(image, 2).tolist() == [[[2, 4], [10, 12]]]
    with pytest.raises(PhysimError, match="times is 3"):
        smaller(image, 3)
    with pytest.raises(PhysimError, match="side is 3, wanted at least the digits' 4"):
        moving_digits(BLOT, 1, 0, side=3)


@pytest.mark.skipif(not MNIST.is_here, reason="mnist was not fetched")
def test_real_digits_have_the_papers_bound() -> None:
    """Frames 11 to 20 of the test digits: 86.3 nats a frame (arXiv:1610.00527, section 5.1)."""
    images, _ = mnist(train=False)
    assert least(moving_digits(images, 1500, seed=0)[:, 10:]) == pytest.approx(86.3, abs=1.0)
