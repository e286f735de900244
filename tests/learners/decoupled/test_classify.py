from __future__ import annotations

import numpy as np
import pytest
import torch

from learners.decoupled.classify import Digits, Training, error
from learners.decoupled.graphs import Size, perceptron

SIZE = Size(layers=3, width=32)


@pytest.fixture(scope="module")
def digits() -> Digits:
    """Ten classes of images, each of its own pattern, and noise."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 10, 800)
    patterns = rng.integers(0, 200, (10, 8, 8))
    images = np.clip(patterns[kinds] + rng.normal(0, 60, (800, 8, 8)), 0, 255)
    return Digits.of(images.astype(np.uint8), kinds)


@pytest.mark.parametrize("arm", ["backprop", "cdni"])
def test_training_learns_to_tell_images_apart(arm: str, digits: Digits) -> None:
    torch.manual_seed(0)
    net = perceptron(SIZE, arm, features=64)
    assert error(net, digits) > 0.7
    Training(150, rate=3e-3, batch=64).run(net, digits)
    assert error(net, digits) < 0.1


def test_the_same_seed_trains_the_same_network(digits: Digits) -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(0)
        net = perceptron(SIZE, "cdni", features=64)
        Training(20, rate=1e-3, batch=32, probability=0.5, seed=3).run(net, digits)
        states.append(net.state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_images_are_told_in_parts_from_0_to_1(digits: Digits) -> None:
    assert float(digits.image.max()) <= 1
    parts = list(digits.parts())
    assert sum(len(targets["class"]) for _, targets in parts) == 800
    inputs, targets = parts[0]
    assert torch.equal(inputs["label"].argmax(1), targets["class"])
