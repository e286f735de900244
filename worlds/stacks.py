"""Towers and pyramids of boxes that stand on a floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from worlds.toys import Toy, ToyBox

TOWER = 8
"""The most boxes of a tower."""
PYRAMIDS = {3: 2, 6: 3, 10: 4}
"""How many boxes make pyramids of how many rows."""
SIDES = (12.0, 60.0)
SLOP = 0.1
"""The most, in pixels, that boxes begin inside one another: pymunk's collision_slop."""


@final
@dataclass(frozen=True)
class Stack:
    """Toys that rest on a floor, each with the place of its centre: sideways from the stack's middle, and above."""

    toys: list[tuple[Toy, float, float]]
    width: float
    height: float


def stacks_of(count: int, toys: ToyBox) -> list[Stack]:
    """So many boxes in towers (of one, now and then) and pyramids."""
    stacks, sink = [], float(toys.rng.uniform(0, SLOP) * toys.rng.integers(2))
    while count:
        rows = _rows(toys.rng, count)
        stacks.append(_stack(rows, toys, sink))
        count -= sum(rows)
    return stacks


def _rows(rng: np.random.Generator, left: int) -> list[int]:
    """The boxes of each row, from below, of a stack with at most `left` boxes."""
    fitting = [boxes for boxes in PYRAMIDS if boxes <= left]
    if fitting and rng.random() < 0.35:
        rows = PYRAMIDS[fitting[int(rng.integers(len(fitting)))]]
        return list(range(rows, 0, -1))
    return [1] * int(rng.integers(1, min(TOWER, left) + 1))


def _stack(rows: list[int], toys: ToyBox, sink: float) -> Stack:
    width, height = (min(max(toys.size(), SIDES[0]), SIDES[1]) for _ in range(2))
    height = min(max(height, width / 2), width * 2)  # slender boxes make no towers
    apart = width * toys.rng.uniform(1.05, 1.3)
    placed = []
    for row, boxes in enumerate(rows):
        up = row * height + height / 2 - (row + 1) * sink
        placed += [(toys.box(width, height), apart * (box - (boxes - 1) / 2), up) for box in range(boxes)]
    return Stack(placed, apart * max(rows), height * len(rows))
