from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from physim.graph.regression import Regression


def normal(seed: int) -> Tensor:
    return torch.randn(5, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("scale", "mix"), [(1.0, 0.0), (0.3, 0.0), (1.0, 0.25), (2.0, 0.5)])
def test_what_goes_back_is_scaled_and_mixed_and_the_slope_is_of_the_loss_alone(scale: float, mix: float) -> None:
    true, guess = normal(0), normal(1).requires_grad_()
    back, slope = Regression("wire", nn.Identity(), scale, mix).met(true, guess)
    assert torch.allclose(back, (1 - mix) * scale * guess + mix * true)
    loss = ((5 * guess - 5 * true) / 5).square().sum() * 5  # the mean over items of an item's squared error
    (wanted,) = torch.autograd.grad(loss, guess)
    assert torch.allclose(slope, wanted)


def test_a_meter_tells_of_the_last_gradient_and_how_late_it_came() -> None:
    regression = Regression("wire", nn.Identity(), scale=3.0)
    assert regression.meter is None
    true, guess = normal(0), normal(1)
    regression.met(guess, guess)
    regression.staleness = 7
    regression.met(true, guess)
    meter = regression.meter
    assert meter is not None
    assert meter.staleness == 7
    assert (meter.true, meter.synthetic) == pytest.approx((float(true.norm()), float(guess.norm())))
    assert meter.cosine == pytest.approx(float((true * guess).sum() / true.norm() / guess.norm()))
    assert meter.loss == pytest.approx(float(5 * (true - guess).square().sum()))
    regression.met(true, torch.zeros_like(true))
    assert regression.meter is not None
    assert regression.meter.cosine == 0
