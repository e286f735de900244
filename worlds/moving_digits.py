"""Videos of handwritten digits that bounce in a box (Srivastava et al. 2015, arXiv:1502.04681)."""

from __future__ import annotations

import numpy as np

from physim.arrays import Floats
from physim.checks import check_positive
from physim.errors import PhysimError
from worlds.real_data.idx import Bytes

STEP = 0.1
"""How far a digit moves from frame to frame, of its way from wall to wall."""


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

    Each starts anywhere, in any direction, and is reflected at the walls, or `scattered`: it leaves them in any
    direction. A video depends on the seed and its number.
    """
    check_positive(count=count, frames=frames, digits=digits)
    size = images.shape[1]
    if side < size:
        raise PhysimError(f"side is {side}, wanted at least the digits' {size}")
    videos = np.zeros((count, frames, side, side), np.uint8)
    for number, video in enumerate(videos):
        random = np.random.default_rng([seed, number])
        chosen = images[random.integers(0, len(images), digits)]
        corners = ((side - size) * _ways(random, digits, frames, scattered)).astype(np.int64)
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


def _ways(random: np.random.Generator, count: int, frames: int, scattered: bool) -> Floats:
    """Ways of points between walls at 0 and 1: [count, frames, 2]."""
    place = random.random((count, 2))
    speed = _anywhere(random, count)
    ways = np.empty((count, frames, 2))
    for frame in range(frames):
        ways[:, frame] = place
        place = place + speed
        outside = (place <= 0) | (place >= 1)
        if scattered:
            speed = np.where(outside.any(1, keepdims=True), _anywhere(random, count), speed)
            inwards = np.where(place <= 0, np.abs(speed), -np.abs(speed))
            speed = np.where(outside, inwards, speed)
        else:
            speed = np.where(outside, -speed, speed)
        place = place.clip(0, 1)
    return ways


def _anywhere(random: np.random.Generator, count: int) -> Floats:
    """Steps in any direction [count, 2]."""
    angle = 2 * np.pi * random.random(count)
    return STEP * np.stack([np.cos(angle), np.sin(angle)], 1)
