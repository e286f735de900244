"""Texts for models of characters and words, whole and in parts to train, choose and test on."""

from __future__ import annotations

import gzip
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from physim.errors import PhysimError
from worlds.real_data.catalogue import GCIDE, KERNEL, SHAKESPEARE

TEXTS = {text.name: text for text in (SHAKESPEARE, GCIDE, KERNEL)}
ENDS = (0.90, 0.95)
"""Where training and validation end, as shares of the text."""


class Splits(NamedTuple):
    """Three parts of a text that follow one another in it."""

    train: bytes
    valid: bytes
    test: bytes


def text(name: str) -> bytes:
    """A whole text, its documents one after the other; raises PhysimError where it is unknown or was not fetched."""
    return b"".join(documents(name))


def splits(name: str) -> Splits:
    """The first 90 % of a text, 5 % to choose settings by and the last 5 % to test on.

    It is cut between documents where there are several, or else between lines.
    """
    parts = documents(name)
    whole = b"".join(parts)
    train, valid = (_cut(parts, round(share * len(whole))) for share in ENDS)
    return Splits(whole[:train], whole[train:valid], whole[valid:])


def documents(name: str) -> list[bytes]:
    """The files of a text, unpacked, in the order of their names."""
    if name not in TEXTS:
        raise PhysimError(f"unknown text {name!r}: the known ones are {', '.join(sorted(TEXTS))}")
    return [_read(path) for path in TEXTS[name].paths()]


def _read(path: Path) -> bytes:
    held = path.read_bytes()
    return gzip.decompress(held) if path.suffix in (".gz", ".dz") else held


def _cut(parts: list[bytes], wanted: int) -> int:
    """The end of a document nearest to a place, or in a single document the next end of a line."""
    if len(parts) == 1:
        return parts[0].find(b"\n", wanted) + 1 or wanted
    return min(accumulate(map(len, parts)), key=lambda end: abs(end - wanted))
