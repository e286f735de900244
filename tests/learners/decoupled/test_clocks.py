from __future__ import annotations

import pytest
import torch

from learners.decoupled.classify import Digits
from learners.decoupled.clocks import ARMS, WANTED, Clocks, Pair


@pytest.fixture
def digits() -> Digits:
    """Images whose first pixels say which digit they are."""
    kinds = torch.arange(200) % 10
    images = torch.zeros(200, 784)
    images[:, :10] = torch.eye(10)[kinds]
    return Digits(images, kinds)


def test_episodes_count_what_is_odd_and_what_is_wanted_in_each_window(digits: Digits) -> None:
    images, odd, wanted = Clocks(window=3, batch=5).episode(digits, torch.Generator().manual_seed(0))
    kinds = images[..., :10].argmax(2).unflatten(1, (3, 3))
    assert torch.equal(odd, (kinds % 2 == 1).sum(2))
    assert torch.equal(wanted, (kinds == WANTED).sum(2))


def test_both_networks_learn_and_the_slow_one_wants_gradients_of_messages(digits: Digits) -> None:
    errors = {}
    for arm in ARMS:
        fast, errors[arm] = Clocks(2, 150, arm, units=32, rate=3e-3).run(digits).errors(digits, episodes=10)
        assert fast < 0.1
    assert errors["unrolled"] < 0.1
    assert errors["decoupled"] < 0.3 < errors["cut"]


def test_only_unrolled_are_messages_moved_by_true_gradients(digits: Digits) -> None:
    for arm in ARMS:
        torch.manual_seed(0)
        pair = Pair(Clocks(window=2, arm=arm, units=8))
        pair.learn(*pair.clocks.episode(digits, torch.Generator().manual_seed(0)))
        heard = pair.fast.get_submodule("message")[0].weight.grad
        assert (heard is not None and bool(heard.any())) == (arm == "unrolled")  # the guess says nothing at first
