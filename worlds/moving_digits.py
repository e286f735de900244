"""Videos of handwritten digits that bounce in a box (Srivastava et al. 2015, arXiv:1502.04681)."""

from __future__ import annotations

import numpy as np

from physim.arrays import Floats, Integers, Truths
from physim.checks import check_whole
from physim.errors import PhysimError
from worlds.real_data.idx import Bytes

STEP = 0.1
"""How far a digit moves from frame to frame, of its way from wall to wall."""
PARTICLES = 20_000
"""Other ways that a way is compared with."""


def moving_digits(
    images: Bytes,
    count: int,
    seed: int,
    frames: int = 20,
    side: int = 64,
    digits: int = 2,
    *,
    scattered: bool = False,
) -> Bytes:
    """Videos [count, frames, side, side] of drawn `images` [N, h, w], where two meet the brighter shows.

    Each starts anywhere, in any direction, and is reflected at the walls or, if `scattered`, leaves them in any
    direction. A video depends on the seed and its number.
    """
    check_whole(1, count=count, frames=frames, digits=digits)
    size = images.shape[1]
    if side < size:
        raise PhysimError(f"side is {side}, wanted at least the digits' {size}")
    videos = np.zeros((count, frames, side, side), np.uint8)
    for number, video in enumerate(videos):
        random = np.random.default_rng([seed, number])
        chosen = images[random.integers(0, len(images), digits)]
        starts = random.random((digits, 2)), _anywhere(random, digits)
        corners = _corners(*starts, frames, side - size, random if scattered else None)
        for image, way in zip(chosen, corners, strict=True):
            for frame, (x, y) in zip(video, way, strict=True):
                here = frame[y : y + size, x : x + size]
                np.maximum(here, image, out=here)
    return videos


def smaller(images: Bytes, times: int) -> Bytes:
    """Images [N, h, w] of so many times fewer rows and columns, each pixel the mean of those it stands for."""
    count, height, width = images.shape
    if height % times or width % times:
        raise PhysimError(f"times is {times}, wanted a number that {height} x {width} pixels are multiples of")
    parts = images.reshape(count, height // times, times, width // times, times)
    return parts.mean((2, 4)).round().astype(np.uint8)


def least(videos: Bytes) -> float:
    """The least cross-entropy (nats a frame) of any model of videos [N, T, H, W]: that of each pixel with itself."""
    grey = np.unique(videos, return_counts=True)
    share = grey[0] / 255
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = np.nan_to_num(-share * np.log(share) - (1 - share) * np.log(1 - share))
    return float((entropy * grey[1]).sum() / np.prod(videos.shape[:2]))


def unknown_places(room: int, frames: int, seen: int, tried: int = 300, seed: int = 0) -> Floats:
    """About how many nats [frames - seen] it takes to tell where a digit is in each frame from `seen` on, for whoever
    knows all pixels of the frames before: corners are whole pixels, so its place and direction stay a little unknown.

    By simulation: of a way that is `tried`, the share of PARTICLES, other ways that begin at the same pixel in any
    direction and went through the same pixels since, that go on to the same one. `room` is how far a corner can go.
    """
    random, nats = np.random.default_rng(seed), np.empty((tried, frames - seen))
    for each in nats:
        _, same = _ways(random, frames, room)
        count = same.sum(0)
        each[:] = -np.log(count[seen:] / count[seen - 1 : -1])
    found: Floats = nats.mean(0)
    return found


def unknown_pixels(
    images: Bytes, frames: int, seen: int, side: int, digits: int = 2, tried: int = 300, seed: int = 0
) -> Floats:
    """About how many nats [frames - seen] whoever draws pixels that know nothing of one another needs at least: each
    has the chance that it has for who knows all digits, of 0 and 255, and all their places before; see unknown_places.
    """
    random, nats, size = np.random.default_rng(seed), np.empty((tried, frames - seen)), images.shape[1]
    for each in nats:
        dark, black = np.ones((2, frames - seen, side, side))
        for image in images[random.integers(0, len(images), digits)] / 255:
            corners, same = _ways(random, frames, side - size)
            for frame in range(seen, frames):
                to = corners[same[:, frame - 1], frame]
                places, counts = np.unique(to, axis=0, return_counts=True)
                lit = np.zeros((side, side))
                for (x, y), share in zip(places.tolist(), counts / len(to), strict=True):
                    lit[y : y + size, x : x + size] += share * image
                x, y = corners[0, frame]
                dark[frame - seen] *= 1 - lit
                black[frame - seen, y : y + size, x : x + size] *= 1 - image
        each[:] = -np.log(np.where(black, dark, 1 - dark).clip(1e-9)).sum((1, 2))
    found: Floats = nats.mean(0)
    return found


def _ways(random: np.random.Generator, frames: int, room: int) -> tuple[Integers, Truths]:
    """The corners [1 + PARTICLES, frames, 2] of ways that begin at the same pixel in any direction, and which of them
    went as the first did up to each frame; that itself is among them, so that none has no chance.
    """
    places = (random.integers(0, room, 2) + random.random((1 + PARTICLES, 2))) / room
    corners = _corners(places, _anywhere(random, len(places)), frames, room)
    same: Truths = np.logical_and.accumulate((corners == corners[0]).all(2), axis=1)
    return corners, same


def _corners(
    place: Floats, speed: Floats, frames: int, room: int, scatter: np.random.Generator | None = None
) -> Integers:
    """The corners [count, frames, 2] of digits that begin at places [count, 2] between walls at 0 and 1, which reflect
    them, or scatter them by chance.
    """
    ways = np.empty((len(place), frames, 2))
    for frame in range(frames):
        ways[:, frame] = place
        place = place + speed
        outside = (place <= 0) | (place >= 1)
        if scatter is None:
            speed = np.where(outside, -speed, speed)
        else:
            speed = np.where(outside.any(1, keepdims=True), _anywhere(scatter, len(place)), speed)
            speed = np.where(outside, np.where(place <= 0, np.abs(speed), -np.abs(speed)), speed)
        place = place.clip(0, 1)
    return (room * ways).astype(np.int64)


def _anywhere(random: np.random.Generator, count: int) -> Floats:
    """Steps in any direction [count, 2]."""
    angle = 2 * np.pi * random.random(count)
    return STEP * np.stack([np.cos(angle), np.sin(angle)], 1)
