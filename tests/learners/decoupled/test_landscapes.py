from __future__ import annotations

import pytest
import torch
from torch import Tensor

from learners.decoupled import landscapes


def test_the_implied_loss_is_what_a_symmetric_synthesizer_is_the_gradient_of() -> None:
    torch.manual_seed(0)
    net = landscapes.network()
    synthesizer = net.get_submodule("decoupled(hidden_3)")
    line = synthesizer.line
    with torch.no_grad():
        line.weight.normal_()
        line.bias.normal_()
        square = line.weight[:, : landscapes.WIDTH]
        square.copy_(square + square.T.clone())
    hidden = torch.randn(5, landscapes.WIDTH, requires_grad=True)
    labels = torch.eye(2)[torch.tensor([0, 1, 1, 0, 1])]
    implied: Tensor = landscapes._implied(synthesizer, hidden, labels)
    (slope,) = torch.autograd.grad(implied.sum(), hidden)
    assert torch.allclose(slope, synthesizer(hidden, labels) * 5, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("everywhere", [False, True])
def test_synthetic_gradients_of_squares_come_to_agree_with_true_ones(everywhere: bool) -> None:
    torch.manual_seed(0)
    early, late = landscapes.watched(landscapes.network(everywhere), "noisy", "squares", (0, 300))
    assert early.agreement == 0  # nothing is said at first
    assert late.agreement > 0.5
    assert float(late.true.mean()) < float(early.true.mean())
