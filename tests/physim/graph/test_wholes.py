from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import LSTM, ModuleGraph, added, attended, check_steps, delayed, joined, repeated, unfolded
from physim.graph.context import map_tree

B, S, T, F = 2, 4, 7, 3


def flat() -> ModuleGraph:
    """A decoder that unfolds a sentence, knows a speaker and looks at a picture."""
    torch.manual_seed(0)
    graph = ModuleGraph()
    sentence, speaker, picture, there, sound = (
        graph.input(name, whole=name != "sound") for name in ("sentence", "speaker", "picture", "there", "sound")
    )
    heard = added(sound, repeated(graph.add("voice", nn.Linear(F, F), speaker)))
    core = graph.add("core", LSTM(2 * F, F), joined(heard, unfolded(graph.add("letters", nn.Linear(F, F), sentence))))
    graph.returns(joined(core, attended(core, picture, picture, there)))
    return graph.double()


def within(inner: ModuleGraph) -> ModuleGraph:
    """The same as a graph inside another."""
    outer = ModuleGraph()
    outer.add("inner", inner, *(outer.input(name, whole=inner[name].node.whole) for name in inner.inputs))
    return outer


def inputs(seed: int = 1) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    shapes = {"sentence": (B, S, F), "speaker": (B, F), "picture": (B, S, F), "sound": (B, T, F)}
    told = {name: torch.randn(shape, generator=random, dtype=torch.float64) for name, shape in shapes.items()}
    return {**told, "there": torch.ones(B, S, 1, dtype=torch.bool)}


@pytest.mark.parametrize("depth", [1, 2])
def test_nested_graphs_keep_what_is_whole_as_flat_ones_do(depth: int) -> None:
    one, nested, given = flat(), flat(), inputs()
    for _ in range(depth):
        nested = within(nested)
    check_steps(nested, given, split=3)
    before = {name: value[:, :3] if name == "sound" else value for name, value in given.items()}
    states = [graph.window(before)[1] for graph in (one, nested)]
    late = {"sound": given["sound"][:, 3:]}
    for told in ({}, {"speaker": -given["speaker"]}, {name: inputs(2)[name] for name in ("picture", "there")}):
        wanted, found = (
            graph.window({**late, **told}, state)[0] for graph, state in zip((one, nested), states, strict=True)
        )
        assert torch.allclose(found, wanted, atol=1e-12)


def test_a_nested_graph_that_reads_nothing_but_wholes_knows_how_many_it_is_of() -> None:
    inner = ModuleGraph()
    inner.returns(unfolded(inner.input("sentence", whole=True)))
    outer = ModuleGraph()
    told = outer.add("inner", inner, outer.input("sentence", whole=True))
    outer.returns(added(told, outer.input("sound")))
    given = {name: inputs()[name] for name in ("sentence", "sound")}
    check_steps(outer, given, split=2)
    _, state = outer.window(given)
    with pytest.raises(PhysimError, match="is of 1 items, but this run has 2"):
        outer.window({"sound": given["sound"]}, map_tree(lambda value: value[:1], state))


def test_a_nested_graph_on_a_cycle_goes_on_too() -> None:
    graph = ModuleGraph()
    wholes = [graph.input(name, whole=True) for name in ("sentence", "speaker", "picture", "there")]
    sound, back = graph.input("sound"), graph.later("back")
    heard = added(sound, delayed(back, torch.zeros(F, dtype=torch.float64)))
    told = graph.add("told", nn.Linear(2 * F, F), graph.add("inner", flat(), *wholes, heard))
    graph.tie(back, told)
    graph.returns(told)
    check_steps(graph.double(), inputs(), split=3)


def test_what_was_never_given_is_asked_for() -> None:
    given = inputs()
    sound = {"sound": given["sound"]}
    with pytest.raises(PhysimError, match="input 'sentence' wants a tensor, got nothing"):
        within(flat())(sound)
    _, state = within(flat()).window(given)
    with pytest.raises(PhysimError, match="input 'there' wants a tensor, got nothing"):
        within(flat()).window({**sound, "picture": given["picture"]}, state)
