from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from physim.errors import PhysimError
from physim.graph import LSTM, ModuleGraph, attended, check_steps

B, S, T, F = 3, 5, 7, 4


def net(heads: int = 2) -> ModuleGraph:
    torch.manual_seed(0)
    graph = ModuleGraph()
    keys = graph.add("keys", nn.Linear(F, F), graph.input("source", whole=True))
    query = graph.add("core", LSTM(F, F), graph.input("seen"))
    graph.add("told", nn.Linear(F, 2), attended(query, keys, keys, graph.input("there", whole=True), heads))
    return graph.double()


def inputs() -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(1)
    there = torch.ones(B, S, 1, dtype=torch.bool)
    there[1, 3:] = False
    draw = {"source": (B, S, F), "seen": (B, T, F)}
    made = {name: torch.randn(shape, generator=random, dtype=torch.float64) for name, shape in draw.items()}
    return {**made, "there": there}


def test_steps_give_what_a_window_gives() -> None:
    check_steps(net(), inputs(), split=4)


def test_what_follows_goes_on_with_the_source_that_was_given_at_first() -> None:
    graph, given = net(), inputs()
    _, state = graph.window({**given, "seen": given["seen"][:, :3]})
    later, _ = graph.window({"seen": given["seen"][:, 3:]}, state)
    assert torch.allclose(later, graph(given)[:, 3:], atol=1e-12)


def test_it_is_torchs_attention_and_sees_nothing_that_is_not_there() -> None:
    graph, given = net(), inputs()
    wire = graph["attended(core, keys)"]
    query, keys = graph(given, outputs=(graph["core"], graph["keys"]))
    asked, known = (value.unflatten(2, (2, -1)).transpose(1, 2) for value in (query, keys))
    mask = given["there"][:, None, None, :, 0]
    wanted = functional.scaled_dot_product_attention(asked, known, known, mask).transpose(1, 2).flatten(2)
    assert torch.allclose(graph(given, outputs=wire), wanted, atol=1e-12)
    changed = given["source"].clone()
    changed[1, 3:] = 9.0
    assert torch.allclose(graph({**given, "source": changed}), graph(given), atol=1e-12)


def test_queries_tick_and_what_they_look_at_does_not() -> None:
    graph = ModuleGraph()
    whole, ticks = graph.input("source", whole=True), graph.input("seen")
    with pytest.raises(PhysimError, match="attended: the query 'source' is given whole, wanted one at each tick"):
        attended(whole, whole, whole, whole)
    with pytest.raises(PhysimError, match="attended: 'seen' ticks, wanted what is given once"):
        attended(ticks, whole, ticks, whole)
