from __future__ import annotations

import pytest
import torch

from learners.decoupled.classify import Digits
from learners.decoupled.counting import Counting

ARMS = ("backprop", "none", "dni", "cdni")


def digits() -> Digits:
    """Digits that two pixels tell apart."""
    kind = torch.arange(200) % 10
    image = torch.zeros(200, 784)
    image[torch.arange(200), kind % 2] = 1
    return Digits(image, kind)


def test_counts_are_of_odd_digits_so_far() -> None:
    inputs, targets = Counting(ticks=4, batch=5).draw(digits(), 0)
    odd = inputs["seen"][..., 1]
    assert torch.equal(targets["count"], odd.cumsum(1).long())
    before, after = inputs["counts"].unflatten(2, (2, 5)).argmax(3).unbind(2)
    assert torch.equal(after, targets["count"])
    assert torch.equal(after - before, odd.long())


@pytest.mark.parametrize("arm", ARMS)
def test_counting_is_learned(arm: str) -> None:
    setting = Counting(arm, updates=150, ticks=4, units=32, batch=32, rate=1e-2)
    assert setting.error(setting.run(digits()), digits(), batches=4) < 0.15
    assert setting.error(setting.network(), digits(), batches=4) > 0.5
