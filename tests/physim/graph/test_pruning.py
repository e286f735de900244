from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from physim.graph import LSTM, Edges, ModuleGraph, Port, added, scattered, senders, summed

NONE = torch.zeros(2, 0, dtype=torch.int64)
SOME = torch.tensor([[0, 1, 2, 2], [1, 2, 0, 1]])


class Counted(nn.Linear):
    """Counts its calls."""

    def __init__(self) -> None:
        super().__init__(3, 3)
        self.calls = 0

    def forward(self, value: Tensor) -> Tensor:
        self.calls += 1
        return super().forward(value)


class Net:
    """Objects that springs and contacts push, whose pushes are added; `read_alone`, those of contacts by a module."""

    def __init__(self, read_alone: bool = False) -> None:
        self.graph = ModuleGraph()
        objects = self.graph.input("objects")
        self.models = {name: Counted() for name in ("springs", "contacts")}
        pushes = [self._pushes(name, objects) for name in self.models]
        if read_alone:
            pushes[1] = self.graph.add("alone", nn.Linear(3, 3), pushes[1])
        self.graph.returns(self.graph.add("answer", nn.Linear(3, 3), added(objects, *pushes)))

    def _pushes(self, name: str, objects: Port) -> Port:
        message = self.graph.add(name + "_model", self.models[name], senders(objects, self.graph.relations(name)))
        return added(scattered(message, message), summed(message))

    def calls(self, springs: Tensor, contacts: Tensor) -> tuple[int, ...]:
        """How often each model runs without gradients; what comes out is what comes out with them."""
        given: dict[str, Any] = {"objects": torch.randn(3, 3), "springs": Edges(springs), "contacts": Edges(contacts)}
        whole = self.graph(given)
        before = [model.calls for model in self.models.values()]
        with torch.no_grad():
            torch.testing.assert_close(self.graph(given), whole, rtol=0, atol=0)
            torch.testing.assert_close(self.graph.step(given)[0], whole, rtol=0, atol=0)
        assert before == [1, 1]
        return tuple((model.calls - 1) // 2 for model in self.models.values())


@pytest.mark.parametrize(
    ("springs", "contacts", "calls"),
    [(SOME, SOME, (1, 1)), (NONE, SOME, (0, 1)), (SOME, NONE, (1, 0)), (NONE, NONE, (0, 0))],
)
def test_what_relations_would_send_is_left_out_where_there_are_none(
    springs: Tensor, contacts: Tensor, calls: tuple[int, int]
) -> None:
    assert Net().calls(springs, contacts) == calls


def test_a_module_that_reads_sums_gets_them_from_relations_of_which_there_are_none() -> None:
    assert Net(read_alone=True).calls(NONE, NONE) == (0, 1)


def test_a_graph_gives_the_sums_of_relations_of_which_there_are_none() -> None:
    net = ModuleGraph()
    net.returns(summed(net.add("model", Counted(), senders(net.input("objects"), net.relations("springs")))))
    with torch.no_grad():
        assert not net({"objects": torch.ones(3, 3), "springs": Edges(NONE)}).any()


def test_a_graph_that_remembers_runs_as_a_whole() -> None:
    net, model = ModuleGraph(), Counted()
    objects = net.input("objects")
    message = net.add("model", model, senders(objects, net.relations("springs")))
    net.add("core", LSTM(3, 3), added(objects, summed(message)))
    with torch.no_grad():
        net.step({"objects": torch.ones(3, 3), "springs": Edges(NONE)})
    assert model.calls == 1
