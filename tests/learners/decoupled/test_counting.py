from __future__ import annotations

import pytest
import torch

from learners.decoupled.classify import Digits
from learners.decoupled.counting import Counting

ARMS = ("backprop", "none", "dni", "cdni")


def digits(noise: float = 0.0) -> Digits:
    """Digits that two pixels tell apart, among others of noise."""
    kind = torch.arange(1000) % 10
    image = noise * torch.randn(1000, 784, generator=torch.Generator().manual_seed(0))
    image[torch.arange(1000), kind % 2] += 1
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


@pytest.mark.parametrize(("arm", "least", "most"), [("backprop", 0, 0.05), ("cdni", 0, 0.05), ("none", 0.15, 1)])
def test_an_encoder_finds_what_counts_where_gradients_reach_it(arm: str, least: float, most: float) -> None:
    setting, noisy = Counting(arm, updates=150, ticks=2, units=32, batch=32, rate=1e-2), digits(noise=1 / 6)
    assert least <= setting.error(setting.run(noisy), noisy, batches=4) < most
