"""Videos whose entropy is known exactly: a square goes one way or the other, or has one colour or another."""

from __future__ import annotations

import math

import numpy as np

from physim.arrays import Integers
from physim.checks import check_positive
from physim.errors import PhysimError

BITS = math.log(2)
"""Nats a frame of either video, from the second frame on: a fair coin decides each."""


def two_ways(count: int, frames: int, seed: int, side: int = 16, size: int = 4) -> Integers:
    """Videos [count, frames, side, side, 1] of 0 and 1: a square that goes a pixel left or right, far from the edges.

    Whoever draws pixels that know nothing of one another needs 4 `size` ln 2 nats a frame.
    """
    _check(count, frames, side, size + 2 * frames)
    videos = np.zeros((count, frames, side, side, 1), np.int64)
    for number, video in enumerate(videos):
        random = np.random.default_rng([seed, number])
        row, place = random.integers(0, side - size + 1), random.integers(frames, side - size - frames + 1)
        places = place + np.concatenate([[0], random.choice([-1, 1], frames - 1).cumsum()])
        for frame, at in zip(video, places, strict=True):
            frame[row : row + size, at : at + size] = 1
    return videos


def two_colours(count: int, frames: int, seed: int, side: int = 16, size: int = 4) -> Integers:
    """Videos [count, frames, side, side, 3] of 0 and 1: a square that stays, and is red or blue in each frame.

    Whoever draws colours that know nothing of one another needs 2 `size`^2 ln 2 nats a frame.
    """
    _check(count, frames, side, size)
    videos = np.zeros((count, frames, side, side, 3), np.int64)
    for number, video in enumerate(videos):
        random = np.random.default_rng([seed, number])
        row, column = random.integers(0, side - size + 1, 2)
        colours = 2 * random.integers(0, 2, frames)
        for frame, colour in zip(video, colours, strict=True):
            frame[row : row + size, column : column + size, colour] = 1
    return videos


def _check(count: int, frames: int, side: int, room: int) -> None:
    check_positive(count=count, frames=frames)
    if side < room:
        raise PhysimError(f"side is {side}, wanted at least {room}, or the square has no room")
