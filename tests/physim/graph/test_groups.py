from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import LSTM, Feedback, LinearSynthesizer, Loss, ModuleGraph, Port, added, decoupled, imagined
from physim.graph.groups import groups_of

WIDTH = 3


class Mean(Loss):
    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return values[0].mean()


def line() -> nn.Module:
    return nn.Linear(WIDTH, WIDTH)


def cut(port: Port, given: tuple[Port, ...] = ()) -> Port:
    return decoupled(port, LinearSynthesizer(WIDTH, WIDTH * len(given)), given=given)


def chain() -> ModuleGraph:
    net = ModuleGraph()
    value = net.add("one", line(), net.input("x"))
    value = net.add("two", line(), cut(value))
    net.add("three", line(), cut(value))
    return net


def test_groups_are_what_no_cut_parts() -> None:
    net = chain()
    groups = groups_of(net, [Mean("mean", net["three"])])
    assert [group.name for group in groups] == ["one", "two", "three"]
    assert [len(group.losses) for group in groups] == [0, 0, 1]
    assert [(len(group.enters), len(group.leaves)) for group in groups] == [(0, 1), (1, 1), (1, 0)]
    net.mend(net["one"], net["two"])
    assert [group.name for group in groups_of(net)] == ["one", "three"]


def test_where_processes_change_plain_wires_part_groups_too() -> None:
    net = chain()
    net.mend(net["one"], net["two"])
    one, two, three = groups_of(net, ranks={"one": 1, "two": 0, "three": 0})
    assert [(group.name, group.rank) for group in (one, two, three)] == [("one", 1), ("two", 0), ("three", 0)]
    (plain,), (wire,) = one.leaves, two.leaves
    assert (plain.source, plain.port, plain.decoupled) == (net["one"], net["one"], None)
    assert (wire.source, wire.port) == (net["two"], net["decoupled(two)"])
    assert [group.locked for group in (one, two, three)] == [True, False, False]
    with pytest.raises(PhysimError, match=r"wanted a rank for each module of \['one', 'three', 'two'\], got \['one'\]"):
        groups_of(net, ranks={"one": 0})


def test_a_group_gives_what_its_losses_and_those_behind_it_need() -> None:
    net = ModuleGraph()
    x, goal = net.input("x"), net.input("goal")
    below = net.add("below", line(), x)
    beside = net.add("beside", line(), below)
    net.add("above", line(), imagined(cut(below, (goal, beside)), line(), x))
    group, _ = groups_of(net, [Mean("mean", beside), Mean("other", net["above"])])
    assert group.wanted == (beside, below, goal, x)
    assert list(group.modules) == [net["below"].node.module, net["beside"].node.module]  # type: ignore[attr-defined]
    assert len(group.parameters) == 4


def foreign(net: ModuleGraph, x: Port, below: Port) -> None:
    net.add("above", line(), cut(below, (net.add("other", line(), x),)))


def cut_given(net: ModuleGraph, x: Port, below: Port) -> None:
    net.add("above", line(), cut(below, (cut(net.add("other", line(), x)),)))


def imagined_from_another(net: ModuleGraph, x: Port, below: Port) -> None:
    net.add("above", line(), imagined(cut(below), line(), net.add("other", line(), x)))


def skipped(net: ModuleGraph, x: Port, below: Port) -> None:
    added(below, net.add("above", line(), cut(below)))


def half_skipped(net: ModuleGraph, x: Port, below: Port) -> None:
    wire = cut(below)
    added(below, net.add("beside", line(), wire))
    net.add("above", line(), wire)


def unread(net: ModuleGraph, x: Port, below: Port) -> None:
    cut(below)


def imagined_twice(net: ModuleGraph, x: Port, below: Port) -> None:
    wire = cut(below)
    net.add("above", line(), imagined(wire, line(), x))
    net.add("beside", line(), imagined(wire, line(), x))


def imagined_and_read(net: ModuleGraph, x: Port, below: Port) -> None:
    wire = cut(below)
    net.add("above", line(), imagined(wire, line(), x))
    net.add("beside", line(), wire)


def cut_again(net: ModuleGraph, x: Port, below: Port) -> None:
    net.add("above", line(), cut(cut(below)))


def of_an_input(net: ModuleGraph, x: Port, below: Port) -> None:
    net.add("above", line(), cut(x))


def heard(net: ModuleGraph, x: Port, below: Port) -> None:
    error = net.later("error")
    behind = net.add("behind", line(), decoupled(below, Feedback(WIDTH, WIDTH), error=error))
    net.tie(error, net.add("above", line(), cut(behind)))


def circular(net: ModuleGraph, x: Port, below: Port) -> None:
    above = net.add("above", line(), cut(below))
    added(below, net.add("top", line(), cut(above)))


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (foreign, r"the cut decoupled\(below\) is given 'other', wanted inputs of the graph, or what 'below' makes"),
        (cut_given, r"the cut decoupled\(other\) parts nothing: no module reads it"),
        (imagined_from_another, r"the cut imagined\(decoupled\) is given 'other', wanted inputs"),
        (skipped, r"the cut decoupled\(below\) parts nothing: 'below' is on both sides of it"),
        (half_skipped, r"the cut decoupled\(below\) parts nothing: 'below' is on both sides"),
        (unread, r"the cut decoupled\(below\) parts nothing: no module reads it"),
        (imagined_twice, r"decoupled\(below\) is read by \['imagined\(decoupled\)', 'imagined\(decoupled\)#2'\]"),
        (imagined_and_read, r"decoupled\(below\) is read by \['imagined\(decoupled\)', 'beside'\], wanted nothing but"),
        (cut_again, r"the cut decoupled\(below\) parts nothing: no module reads it"),
        (of_an_input, r"the cut decoupled\(x\) stands on 'x', wanted a port that a group of modules gives"),
        (heard, r"decoupled\(below\) hears 'error', for which its group 'below' had to wait"),
        (circular, "the groups between cut wires read one another in a circle"),
    ],
)
def test_cuts_that_do_not_part_groups_are_refused_by_name(
    build: Callable[[ModuleGraph, Port, Port], None], sentence: str
) -> None:
    net = ModuleGraph()
    x = net.input("x")
    build(net, x, net.add("below", line(), x))
    with pytest.raises(PhysimError, match=sentence):
        groups_of(net)


def remembering(bridged: bool = False) -> ModuleGraph:
    net = ModuleGraph()
    core = net.add("core", LSTM(WIDTH, WIDTH), net.input("x"))
    net.add("head", line(), cut(core))
    if bridged:
        net.bridge(core, LinearSynthesizer(2 * WIDTH))
    return net


def test_bridges_between_windows_are_refused() -> None:
    assert [group.name for group in groups_of(remembering())] == ["core", "head"]
    with pytest.raises(PhysimError, match="nothing across windows"):
        groups_of(remembering(bridged=True))


def test_losses_that_cannot_be_told_apart_are_refused_by_name() -> None:
    net = chain()
    one, two, three = (net[name] for name in ("one", "two", "three"))
    for losses, sentence in [
        ([Mean("mean", one), Mean("mean", three)], "2 losses are called 'mean', wanted a name for each"),
        ([Mean("a", one), Mean("b", three, stream="replayed")], r"losses are of the streams \['fresh', 'replayed'\]"),
        ([Mean("both", one, two)], r"loss 'both' stands on ports of several groups: \['one', 'two'\]"),
        ([Mean("cut", net["decoupled(one)"])], r"loss 'cut' stands on 'decoupled\(one\)', wanted a port that a group"),
    ]:
        with pytest.raises(PhysimError, match=sentence):
            groups_of(net, losses)


def test_relations_are_cut_where_there_is_no_time() -> None:
    net = ModuleGraph()
    pairs = net.relations("pairs")
    net.add("object", line(), cut(net.add("relation", line(), pairs.attributes), (pairs.attributes,)))
    assert [group.name for group in groups_of(net)] == ["relation", "object"]
    net.add("core", LSTM(WIDTH, WIDTH), net["object"])
    with pytest.raises(PhysimError, match=r"decoupled\(relation\) cuts relations over time"):
        groups_of(net)


def test_guesses_have_the_shape_of_what_they_are_of() -> None:
    torch.manual_seed(0)
    for net, shape in ((chain(), (4, WIDTH)), (remembering(), (2, 5, WIDTH))):
        interface = groups_of(net)[0].leaves[0]
        synthesizer = interface.decoupled.synthesizer  # type: ignore[union-attr]
        with torch.no_grad():
            next(synthesizer.parameters()).normal_()
        value = torch.randn(shape)
        items = value.reshape(-1, WIDTH)
        assert torch.equal(interface.guess({interface.source: value}), synthesizer(items).reshape(shape))
        slope = torch.randn(shape)
        loss = len(items) * (synthesizer(items) - slope.reshape(-1, WIDTH)).square().sum()
        wanted = torch.autograd.grad(loss, list(synthesizer.parameters()))
        wrong = interface.misjudged({interface.source: value}, slope)
        found = torch.autograd.grad(wrong, list(synthesizer.parameters()))
        assert all(torch.allclose(one, other, rtol=1e-4) for one, other in zip(found, wanted, strict=True))
