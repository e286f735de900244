from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import LSTM, Edges, ModuleGraph, check_steps, delayed, receivers, summed

EDGES = Edges(torch.tensor([[0, 1, 0], [1, 0, 1]]), torch.randn(3, 2, dtype=torch.float64), torch.tensor([0, 0, 2]))


class Shapes(nn.Module):
    """Notes the shapes that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[int]] = []

    def forward(self, value: Tensor) -> Tensor:
        self.seen.append(list(value.shape))
        return value


def test_a_module_without_memory_sees_items_and_ticks_folded() -> None:
    net, shapes = ModuleGraph(), Shapes()
    net.returns(delayed(net.add("vision", shapes, net.input("image"))))
    result = net({"image": torch.zeros(2, 5, 3, 8, 8)})
    assert shapes.seen == [[10, 3, 8, 8]]
    assert list(result.shape) == [2, 5, 3, 8, 8]


def test_a_module_on_changing_relations_sees_them_in_a_row() -> None:
    net, shapes = ModuleGraph(), Shapes()
    pairs, x = net.relations("pairs"), net.input("x")
    net.returns(delayed(summed(net.add("relation_model", shapes, pairs.attributes))), x)
    check_steps(net, {"x": torch.zeros(2, 3, 1).double(), "pairs": EDGES, "batch": torch.zeros(2, dtype=torch.int64)})
    assert shapes.seen[0] == [3, 2]


def test_attributes_that_stay_are_the_same_at_every_tick() -> None:
    net = ModuleGraph()
    x, pairs = net.input("x"), net.relations("pairs")
    net.returns(pairs.attributes, delayed(receivers(x, pairs)))
    attributes, _ = net({"x": torch.zeros(2, 3, 1), "pairs": Edges(EDGES.index, torch.ones(3, 2))})
    assert list(attributes.shape) == [3, 3, 2]


def nested_memory() -> ModuleGraph:
    inner = ModuleGraph()
    inner.add("core", LSTM(2, 2), inner.input("x"))
    return inner


@pytest.mark.parametrize("module", [LSTM(2, 2), nested_memory()], ids=["memory", "nested"])
def test_nothing_on_changing_relations_remembers(module: nn.Module) -> None:
    net = ModuleGraph()
    pairs, x = net.relations("pairs"), net.input("x")
    net.returns(summed(net.add("core", module, pairs.attributes)), delayed(x))
    with pytest.raises(PhysimError, match="'core' remembers, but the relations 'pairs' change from tick to tick"):
        net({"x": torch.zeros(2, 3, 1), "pairs": EDGES})


def test_a_nested_graph_without_memory_runs_on_changing_relations() -> None:
    inner = ModuleGraph()
    inner.add("line", nn.Linear(2, 2).double(), inner.input("value"))
    net = ModuleGraph()
    pairs, x = net.relations("pairs"), net.input("x")
    net.returns(delayed(summed(net.add("nested", inner, pairs.attributes))), x)
    check_steps(
        net, {"x": torch.zeros(2, 3, 1).double(), "pairs": EDGES, "batch": torch.zeros(2, dtype=torch.int64)}, split=1
    )
