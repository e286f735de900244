from __future__ import annotations

import pytest
import torch
from torch import nn

from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.graph.average import Average


def test_a_shadow_follows_its_graph_and_answers_by_itself() -> None:
    net = ModuleGraph()
    net.add("layer", nn.Linear(2, 2), net.input("seen"))
    shadow = Average(net, 0.75)
    before = net.layer.weight.detach().clone()
    with torch.no_grad():
        net.layer.weight.add_(4.0)
    assert torch.equal(shadow.shadow.layer.weight, before)
    shadow.update()
    torch.testing.assert_close(shadow.shadow.layer.weight, before + 1.0)
    shadow.update()
    torch.testing.assert_close(shadow.shadow.layer.weight, before + 1.75)
    assert not shadow.shadow({"seen": torch.ones(1, 2)}).requires_grad


def test_a_decay_of_one_would_never_move() -> None:
    with pytest.raises(PhysimError, match=r"decay is 1, wanted from 0 to under 1"):
        Average(ModuleGraph(), 1)
