from __future__ import annotations

import pytest
import torch

from physim.errors import PhysimError
from physim.graph import LSTM, Edges, ModuleGraph, delayed, detach
from physim.graph.context import map_tree, where_reset

INDEX = torch.tensor([[0, 1, 2], [1, 2, 0]])


def test_edges_of_one_tick_are_the_rows_that_name_it() -> None:
    edges = Edges(INDEX, torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([0, 2, 2]))
    assert edges.at(0).index.tolist() == [[0], [1]]
    assert edges.at(1).index.shape == (2, 0)
    assert edges.at(2).attributes.tolist() == [[2], [3]]


def test_edges_go_to_a_device_with_all_they_have() -> None:
    index, attributes, ticks = torch.tensor([[0, 1], [1, 0]]), torch.rand(2, 3), torch.tensor([0, 1])
    same = Edges(index, attributes, ticks).to(torch.device("cpu"))
    assert (same.index is index, same.attributes is attributes, same.ticks is ticks) == (True, True, True)
    sent = Edges(index, attributes).to(torch.device("meta"))
    assert sent.attributes is not None
    assert {value.device.type for value in (sent.index, sent.attributes)} == {"meta"}


def test_relations_are_split_into_their_ticks_at_once_and_without_copies() -> None:
    edges = Edges(INDEX, torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([1, 3, 3]))
    parts = edges.each(3)
    assert [part.index.tolist() for part in parts] == [edges.at(tick).index.tolist() for tick in range(3)]
    assert [part.attributes.flatten().tolist() for part in parts] == [[], [1], []]
    for part in (*parts, edges.at(3)):
        assert part.index.untyped_storage().data_ptr() == INDEX.untyped_storage().data_ptr()
    assert edges.at(3).attributes.tolist() == [[2], [3]]


def test_attributes_may_change_where_relations_stay() -> None:
    attributes = torch.arange(6.0).reshape(3, 2, 1)
    assert Edges(INDEX, attributes).at(1).attributes.tolist() == [[1], [3], [5]]
    assert Edges(INDEX, attributes[:, 0]).at(1).attributes.tolist() == [[0], [2], [4]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((INDEX.T,), r"index wants the shape \[2, E\], got \[3, 2\]"),
        ((INDEX, torch.zeros(2, 1)), "attributes has 2 rows for 3 relations"),
        ((INDEX, None, torch.zeros(4)), "ticks has 4 rows for 3 relations"),
        ((INDEX, None, torch.tensor([0, 2, 1])), "ticks must be in ascending order"),
    ],
)
def test_edges_that_do_not_fit_are_refused(arguments: tuple[torch.Tensor, ...], sentence: str) -> None:
    with pytest.raises(PhysimError, match=sentence):
        Edges(*arguments)


def test_where_reset_takes_the_initial_value() -> None:
    reset = torch.tensor([True, False])
    value = where_reset(reset, torch.zeros(2, 3), torch.ones(2, 3))
    assert value.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert where_reset(None, torch.zeros(1), value) is value


def test_trees_keep_their_form() -> None:
    tree = {"a": (torch.ones(1), [torch.ones(2)])}
    doubled = map_tree(torch.add, tree, tree)
    assert doubled["a"][0].tolist() == [2]
    assert doubled["a"][1][0].tolist() == [2, 2]


def test_a_detached_memory_stops_the_gradient_between_windows() -> None:
    net = ModuleGraph()
    x = net.input("x")
    net.returns(net.add("core", LSTM(2, 2), delayed(x)))
    leaf = torch.randn(1, 3, 2, requires_grad=True)
    _, state = net.window({"x": leaf})
    following = torch.randn(1, 3, 2)
    assert net.window({"x": following}, state)[0].requires_grad
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    assert net.window({"x": following}, state)[0].requires_grad
    assert not net.window({"x": following}, detach(state))[0].requires_grad
