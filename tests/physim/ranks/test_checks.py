from __future__ import annotations

from collections.abc import Mapping

import pytest
from torch import Tensor, nn
from torch.optim import Adam

from physim.errors import PhysimError
from physim.graph import Loss, ModuleGraph, Port, decoupled, imagined
from physim.graph.groups import groups_of
from physim.graph.synthesizers import LinearSynthesizer
from physim.ranks.checks import check_guesses, check_paces, check_ranks
from physim.ranks.links import links_of
from physim.ranks.placed import Placed

Wires = list[tuple[str, str, str]]


class Nothing(Loss):
    """A loss that is never asked."""

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        raise AssertionError


class Adds(nn.Module):
    """A layer of several values."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(2, 2)

    def forward(self, *values: Tensor) -> Tensor:
        return self.line(sum(values))


def crossed(graph: ModuleGraph, value: Port, wire: str) -> Port:
    if wire != "plain":
        value = decoupled(value, LinearSynthesizer(2))
    return imagined(value, nn.Linear(2, 2), graph["image"]) if wire == "imagined" else value


def net(wires: Wires) -> ModuleGraph:
    """Modules a, b, c, ... with wires from one to another each."""
    graph = ModuleGraph()
    made = {"image": graph.input("image")}
    for name in sorted({end for _, one, other in wires for end in (one, other)}):
        read = [crossed(graph, made[source], wire) for wire, source, reader in wires if reader == name]
        made[name] = graph.add(name, Adds(), *(read or [made["image"]]))
    return graph


def check(wires: Wires, ranks: list[int]) -> None:
    places = dict(zip("abcdef", ranks, strict=False))
    groups = groups_of(net(wires), ranks=places)
    check_guesses(groups)
    names = {rank: ", ".join(name for name in places if places[name] == rank) for rank in ranks}
    check_paces(links_of(groups), names)


SKIP = ("cut", "a", "c")


@pytest.mark.parametrize(
    ("wires", "ranks", "uneven", "waiting"),
    [
        ([("cut", "a", "b"), SKIP, ("plain", "b", "c")], [0, 1, 2], "2 (c)", "1 (b)"),
        ([("cut", "a", "b"), SKIP, ("plain", "b", "d"), ("plain", "c", "d")], [0, 1, 2, 3], "3 (d)", "1 (b)"),
        ([SKIP, ("cut", "b", "c"), ("plain", "b", "d"), ("plain", "c", "d")], [0, 1, 2, 3], "2 (c)", "1 (b)"),
        ([SKIP, ("cut", "b", "c"), ("plain", "c", "d")], [0, 1, 2, 1], "2 (c)", "1 (b, d)"),
        ([("imagined", "a", "b"), ("plain", "b", "d"), ("plain", "c", "d")], [0, 1, 2, 3], "3 (d)", "1 (b)"),
    ],
    ids=str,
)
def test_who_leaves_batches_out_while_others_wait_is_refused(
    wires: Wires, ranks: list[int], uneven: str, waiting: str
) -> None:
    with pytest.raises(PhysimError, match="leaves out what not all of its wires bring") as refused:
        check(wires, ranks)
    assert str(refused.value).startswith(f"rank {uneven} leaves")
    assert f"but rank {waiting} waits" in str(refused.value)


@pytest.mark.parametrize(
    ("wires", "ranks"),
    [
        ([("plain", "a", "b"), ("plain", "a", "c"), ("plain", "b", "c")], [0, 1, 2]),
        ([("cut", "a", "b"), SKIP, ("cut", "b", "c")], [0, 1, 2]),
        ([("cut", "a", "b"), ("plain", "b", "c"), ("plain", "b", "d"), ("plain", "c", "d")], [0, 1, 2, 3]),
        ([("plain", "a", "c"), ("cut", "b", "c")], [0, 0, 1]),
        ([("cut", "a", "b"), SKIP, ("plain", "b", "c")], [0, 1, 0]),
        ([("plain", "a", "d"), ("imagined", "b", "d"), ("plain", "c", "d")], [0, 1, 2, 3]),
    ],
    ids=str,
)
def test_where_all_wires_bring_the_same_or_nobody_waits_all_is_well(wires: Wires, ranks: list[int]) -> None:
    check(wires, ranks)


def test_ranks_that_would_begin_after_one_another_are_refused() -> None:
    with pytest.raises(PhysimError, match=r"ranks \[0, 1\] wait for one another before they begin"):
        check([("plain", "a", "c"), ("plain", "b", "d")], [0, 1, 1, 0])


def test_a_guess_that_several_ranks_would_teach_is_refused() -> None:
    graph = ModuleGraph()
    code = graph.add("a", nn.Linear(2, 2), graph.input("image"))
    value = crossed(graph, code, "imagined")
    for name in "bc":
        graph.add(name, nn.Linear(2, 2), value)
    with pytest.raises(PhysimError, match=r"'imagined\(decoupled\)' is imagined on ranks \[1, 2\], wanted one"):
        check_guesses(groups_of(graph, ranks={"a": 0, "b": 1, "c": 2}))
    check_guesses(groups_of(graph, ranks={"a": 0, "b": 1, "c": 1}))


def test_one_synthesizer_that_several_ranks_would_teach_is_refused() -> None:
    graph, shared = ModuleGraph(), LinearSynthesizer(2)
    value = graph.add("a", nn.Linear(2, 2), graph.input("image"))
    for name in "bc":
        value = graph.add(name, nn.Linear(2, 2), decoupled(value, shared))
    with pytest.raises(PhysimError, match=r"one synthesizer is taught on ranks \[0, 1\], by decoupled\(a\), decoupled"):
        check_guesses(groups_of(graph, ranks={"a": 0, "b": 1, "c": 2}))


def test_a_guess_from_what_is_not_there_at_once_is_refused() -> None:
    graph = ModuleGraph()
    code = graph.add("a", nn.Linear(2, 2), graph.input("image"))
    graph.add("b", nn.Linear(2, 2), imagined(decoupled(code, LinearSynthesizer(2)), nn.Linear(2, 2), code))
    with pytest.raises(PhysimError, match="is imagined from 'a', wanted an input"):
        check_guesses(groups_of(graph, ranks={"a": 0, "b": 1}))


def test_a_process_that_nothing_launched_is_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    graph = net([("cut", "a", "b")])
    with pytest.raises(PhysimError, match=r"this process has no rank: wanted `torchrun --nproc-per-node 2 "):
        Placed(graph, [Nothing("none", graph["b"])], Adam, {"a": 0, "b": 1}, lambda version: ({}, {}))


def test_a_rank_that_no_process_has_is_refused() -> None:
    with pytest.raises(PhysimError, match="'b' is on rank 2, but 2 processes run"):
        check_ranks(groups_of(net([("cut", "a", "b")]), ranks={"a": 0, "b": 2}), 2)
