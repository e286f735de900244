"""Which part a document belongs to: to train, choose or test on, for good."""

from __future__ import annotations

import hashlib
from typing import Literal

Part = Literal["train", "valid", "test"]
PARTS: tuple[Part, ...] = ("train", "valid", "test")
SHARES = (0.8, 0.9)
"""Where training and validation end, among documents."""


def part_of(name: str) -> Part:
    """The part of a document, by its name alone: what is added elsewhere changes nothing."""
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
    return "train" if place < SHARES[0] else "valid" if place < SHARES[1] else "test"
