"""Handwritten digits (LeCun, Bottou, Bengio, Haffner 1998)."""

from __future__ import annotations

import numpy as np

from physim.arrays import Integers
from worlds.real_data.catalogue import MNIST
from worlds.real_data.idx import Bytes, read_idx


def mnist(train: bool) -> tuple[Bytes, Integers]:
    """Images (0 paper to 255 ink) and what digit each is: 60 000 to train on, or 10 000 to test on.

    Shapes: images [N, 28, 28], labels [N].

    Raises: PhysimError with the command that fetches them, where they are missing.
    """
    part = "train" if train else "t10k"
    [images], [labels] = MNIST.paths(f"{part}-images?idx3-ubyte"), MNIST.paths(f"{part}-labels?idx1-ubyte")
    return read_idx(images, axes=3), read_idx(labels, axes=1).astype(np.int64)
