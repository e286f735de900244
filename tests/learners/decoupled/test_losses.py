from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.optim import SGD

from learners.decoupled.losses import CrossEntropy, Squares
from physim.graph import ModuleGraph, Unlocked, losses_of


def test_losses_are_means_over_items() -> None:
    net = ModuleGraph()
    logits, targets = net.add("logits", nn.Identity(), net.input("x")), {"class": torch.tensor([2, 0])}
    x = torch.tensor([[1.0, 0.0, 2.0], [0.5, 0.0, 0.0]])
    found, _ = losses_of(net, [CrossEntropy(logits), Squares(logits)], {"x": x}, targets)
    assert float(found["cross_entropy"]) == pytest.approx(-float(functional.log_softmax(x, 1)[[0, 1], [2, 0]].mean()))
    assert float(found["squares"]) == pytest.approx((1 + 0 + 1 + 0.25 + 0 + 0) / 6)


def test_two_heads_learn_from_two_losses_of_one_kind() -> None:
    net = ModuleGraph()
    x = net.input("x")
    heads = [net.add(name, nn.Linear(3, 4), x) for name in ("one", "other")]
    before = {name: value.clone() for name, value in net.state_dict().items()}
    unlocked = Unlocked(net, [CrossEntropy(head, head.name) for head in heads], partial(SGD, lr=0.1))
    found = unlocked.update({"x": torch.randn(5, 3)}, {"class": torch.arange(5) % 4})
    assert list(found) == ["one", "other"]
    assert not any(torch.equal(value, before[name]) for name, value in net.state_dict().items())
