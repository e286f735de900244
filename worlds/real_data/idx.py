"""The format of MNIST's files: a type, the sizes of the axes, then the bytes."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from physim.errors import PhysimError

Bytes = npt.NDArray[np.uint8]

UNSIGNED_BYTES = 8


def read_idx(path: Path, axes: int) -> Bytes:
    """The array in an idx file of unsigned bytes with that many axes; raises PhysimError where the file is another."""
    header = 4 + 4 * axes
    with path.open("rb") as file:
        start = file.read(header)
    if len(start) < header or start[:4] != bytes((0, 0, UNSIGNED_BYTES, axes)):
        raise PhysimError(f"{path} is no idx file of unsigned bytes with {axes} axes")
    shape = tuple(int(size) for size in np.frombuffer(start, ">u4", offset=4))
    held = path.stat().st_size - header
    if held != prod(shape):
        raise PhysimError(f"{path} holds {held} bytes of data, but its shape {shape} wants {prod(shape)}")
    return np.fromfile(path, np.uint8, offset=header).reshape(shape)
