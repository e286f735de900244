"""What parts of decoupled_interfaces.py share: arms, seeds, and digits in three parts."""

from __future__ import annotations

from functools import lru_cache

from learners.decoupled.classify import Digits
from worlds.real_data import mnist

ARMS = ("backprop", "none", "cdni", "dni")
SEEDS = (0, 1, 2)
HELD_OUT = 5000
"""How many training images settings are chosen on, instead of test images."""


@lru_cache
def digits(part: str) -> Digits:
    """The images of a part: "train", "held_out" (both of MNIST's training images) or "test"."""
    images, kinds = mnist(train=part != "test")
    chosen = {"train": slice(HELD_OUT, None), "held_out": slice(HELD_OUT), "test": slice(None)}[part]
    return Digits.of(images[chosen], kinds[chosen])
