"""Videos whose entropy is known exactly: a square goes one way or the other, or has one colour or another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np

from physim.arrays import Integers
from physim.checks import check_whole
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
        row, place = int(random.integers(0, side - size + 1)), int(random.integers(frames, side - size - frames + 1))
        _move(video, row, place, random.choice([-1, 1], frames - 1), size)
    return videos


def every_two_ways(frames: int, side: int = 16, size: int = 4) -> Integers:
    """All videos that `two_ways` draws from, each once: in the mean of them no model needs fewer than BITS a frame."""
    _check(1, frames, side, size + 2 * frames)
    rows, places = range(side - size + 1), range(frames, side - size - frames + 1)
    every = list(product(rows, places, product((-1, 1), repeat=frames - 1)))
    videos = np.zeros((len(every), frames, side, side, 1), np.int64)
    for video, (row, place, ways) in zip(videos, every, strict=True):
        _move(video, row, place, ways, size)
    return videos


def two_colours(count: int, frames: int, seed: int, side: int = 16, size: int = 4) -> Integers:
    """Videos [count, frames, side, side, 3] of 0 and 1: a square that stays, and is red or blue in each frame.

    Whoever draws colours that know nothing of one another needs 2 `size`^2 ln 2 nats a frame.
    """
    _check(count, frames, side, size)
    videos = np.zeros((count, frames, side, side, 3), np.int64)
    for number, video in enumerate(videos):
        random = np.random.default_rng([seed, number])
        row, column = random.integers(0, side - size + 1, 2).tolist()
        _colour(video, row, column, random.integers(0, 2, frames), size)
    return videos


def every_two_colours(frames: int, side: int = 16, size: int = 4) -> Integers:
    """All videos that `two_colours` draws from, each once; see `every_two_ways`."""
    _check(1, frames, side, size)
    rows = range(side - size + 1)
    every = list(product(rows, rows, product((0, 1), repeat=frames)))
    videos = np.zeros((len(every), frames, side, side, 3), np.int64)
    for video, (row, column, blue) in zip(videos, every, strict=True):
        _colour(video, row, column, blue, size)
    return videos


def _move(video: Integers, row: int, place: int, ways: Sequence[int] | Integers, size: int) -> None:
    """Draw a square into the frames of a video, from a place on, a pixel a frame in these ways."""
    for frame, at in zip(video, place + np.concatenate([[0], np.cumsum(ways)]), strict=True):
        frame[row : row + size, at : at + size] = 1


def _colour(video: Integers, row: int, column: int, blue: Sequence[int] | Integers, size: int) -> None:
    """Draw a square that stays, red or blue."""
    for frame, one in zip(video, blue, strict=True):
        frame[row : row + size, column : column + size, 2 * one] = 1


def _check(count: int, frames: int, side: int, room: int) -> None:
    check_whole(1, count=count, frames=frames)
    if side < room:
        raise PhysimError(f"side is {side}, wanted at least {room}, or the square has no room")
