from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from learners.sequences.losses import UNCOUNTED, Likelihood
from physim.errors import PhysimError
from physim.graph import ModuleGraph

LIKELIHOOD = Likelihood(ModuleGraph().input("logits"))


def test_targets_that_do_not_count_change_nothing() -> None:
    logits, wanted = torch.randn(2, 5, 3), torch.randint(0, 3, (2, 5))
    wanted[0, 1:4] = UNCOUNTED
    counted = wanted != UNCOUNTED
    told = LIKELIHOOD.value((logits,), {"symbol": wanted})
    torch.testing.assert_close(told, functional.cross_entropy(logits[counted], wanted[counted]))


def test_pieces_without_any_target_cost_nothing_and_teach_nothing() -> None:
    logits = torch.randn(2, 5, 3, requires_grad=True)
    loss = LIKELIHOOD.value((logits,), {"symbol": torch.full((2, 5), UNCOUNTED)})
    (gradient,) = torch.autograd.grad(loss, logits)
    assert not loss.any()
    assert not gradient.any()


def test_targets_that_are_none_are_refused_by_name() -> None:
    logits = torch.zeros(1, 3, 4)
    loss = Likelihood(ModuleGraph().input("x"))
    with pytest.raises(PhysimError, match="targets lack 'symbol', wanted it beside frame"):
        loss.value((logits,), {"frame": logits})
    with pytest.raises(PhysimError, match="'symbol' is from 0 to 4, wanted 0 to 3"):
        loss.value((logits,), {"symbol": torch.tensor([[0, 1, 4]])})
