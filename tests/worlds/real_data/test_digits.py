from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.real_data import digits, mnist
from worlds.real_data.packaged import Packaged
from worlds.real_data.sources import Source

IMAGES, LABELS = bytes((0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28)), bytes((0, 0, 8, 1, 0, 0, 0, 2))


def test_without_the_files_the_command_is_told() -> None:
    with pytest.raises(PhysimError, match="`physim fetch mnist` gets it"):
        mnist(train=True)


def test_images_and_labels_are_those_of_the_part(
    data_set: Callable[..., Packaged], given: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "train-images?idx3-ubyte": IMAGES + bytes(784) + b"\x01" * 784,
        "train-labels?idx1-ubyte": LABELS + b"\x07\x09",
        "t10k-images?idx3-ubyte": IMAGES + b"\xff" * 1568,
        "t10k-labels?idx1-ubyte": LABELS + b"\x00\x01",
    }
    tiny = data_set(files, given({name.replace("?", "."): held for name, held in files.items()}))
    tiny.fetch()
    monkeypatch.setattr(digits, "MNIST", tiny)
    images, labels = mnist(train=True)
    assert (images.shape, images.dtype, labels.dtype) == ((2, 28, 28), np.uint8, np.int64)
    assert (images[0].max(), images[1].min(), labels.tolist()) == (0, 1, [7, 9])
    images, labels = mnist(train=False)
    assert (images.min(), labels.tolist()) == (255, [0, 1])
