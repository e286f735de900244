from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from physim.errors import PhysimError
from physim.graph import (
    Feedback,
    LinearSynthesizer,
    ModuleGraph,
    builder,
    builders,
    decoupled,
    edits,
    load_graph,
    save_graph,
)
from physim.graph.cutting import Cutting, Decoupled, Echoed

Networks = Callable[..., ModuleGraph]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Networks:
    """A registered builder: three layers, the last of which the builder may have cut from the others."""
    monkeypatch.setattr(builders, "_BUILDERS", {**builders._BUILDERS})

    @builder("tests.three")
    def three(cut: bool = False) -> ModuleGraph:
        net = ModuleGraph()
        image, _ = net.input("image"), net.input("label")
        lower = net.add("lower", nn.Linear(4, 7), image)
        middle = net.add("middle", nn.Linear(7, 7), lower)
        net.add("upper", nn.Linear(7, 3), decoupled(middle, Feedback(7, 7), error=lower) if cut else middle)
        net.returns(net["upper"])
        return net

    return three


def ends(net: ModuleGraph, source: str = "lower", into: str = "middle") -> dict[str, Any]:
    return {"source": net[source], "into": net[into]}


def check_returns(path: Path, net: ModuleGraph) -> ModuleGraph:
    """Save and load a graph, which must come back as it was."""
    save_graph(path, net)
    again, _ = load_graph(path)
    assert repr(again) == repr(net)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in net.state_dict().items())
    assert edits.tell(again) == edits.tell(net)
    return again


def test_a_cut_that_is_mended_leaves_no_trace(network: Networks, tmp_path: Path) -> None:
    net = network()
    names, state, table = [node.name for node in net.nodes], set(net.state_dict()), repr(net)
    once = net.cut(**ends(net), synthesizer=LinearSynthesizer(7))
    assert isinstance(once.node, Cutting)
    assert repr(net) != table
    net({"image": torch.randn(5, 4)}).sum().backward()
    net.mend(**ends(net))
    assert ([node.name for node in net.nodes], set(net.state_dict()), repr(net)) == (names, state, table)
    assert not net.edits
    check_returns(tmp_path / "net", net)
    with pytest.raises(PhysimError, match="mend: nothing is cut between 'lower' and 'middle'"):
        net.mend(**ends(net))


def test_a_graph_leaves_others_as_they_are(network: Networks) -> None:
    net, other = network(), network()
    with pytest.raises(PhysimError, match="cut: 'lower' belongs to a different graph"):
        other.cut(net["lower"], net["middle"], LinearSynthesizer(7))
    net.cut(net["lower"], net["middle"], LinearSynthesizer(7))
    with pytest.raises(PhysimError, match="mend: 'lower' belongs to a different graph"):
        other.mend(net["lower"], net["middle"])
    assert any(isinstance(node, Decoupled) for node in net.nodes)


def test_nothing_is_learned_of_no_items(network: Networks) -> None:
    net = network()
    net.cut(net["lower"], net["middle"], LinearSynthesizer(7))
    output = net({"image": torch.rand(0, 4), "label": torch.rand(0, 1)})
    output.sum().backward()
    assert output.shape == (0, 3)
    assert not any(one.grad.any() for one in net.parameters() if one.grad is not None)


@pytest.mark.parametrize("inner_last", [False, True])
def test_cuts_in_a_row_are_mended_at_once(network: Networks, tmp_path: Path, inner_last: bool) -> None:
    net = network()
    table = repr(net)
    first = net.cut(**ends(net), synthesizer=LinearSynthesizer(7))
    into = first if inner_last else net["middle"]
    net.cut(net["lower"] if inner_last else first, into, LinearSynthesizer(7))
    net.mend(**ends(net))
    assert repr(net) == table
    assert not net.edits
    check_returns(tmp_path / "net", net)


def test_a_cut_elsewhere_stays_when_one_is_mended(network: Networks, tmp_path: Path) -> None:
    net = network()
    for into in ("middle", "upper"):
        source = "lower" if into == "middle" else "middle"
        net.cut(**ends(net, source, into), synthesizer=LinearSynthesizer(7))
    net.mend(**ends(net))
    again = check_returns(tmp_path / "net", net)
    assert [edit.into.name for edit in again.edits] == ["upper"]


@pytest.mark.parametrize("given", ["one", "several", "none"])
def test_cuts_come_back_from_a_file(network: Networks, tmp_path: Path, given: str) -> None:
    net = network()
    ports = {"one": net["label"], "several": (net["label"], net["image"]), "none": ()}[given]
    width = {"one": 3, "several": 7, "none": 0}[given]
    net.cut(**ends(net), synthesizer=LinearSynthesizer(7, width, unit=0.1), given=ports, scale=0.5, mix=0.25)
    again = check_returns(tmp_path / "net", net)
    wire = again["decoupled(lower)"].node
    assert isinstance(wire, Decoupled)
    assert (wire.regression.scale, wire.regression.mix) == (0.5, 0.25)
    assert [port.name for port in wire.sources[1:]] == {"one": ["label"], "several": ["label", "image"]}.get(given, [])


def test_so_do_inputs_that_were_added_for_them(network: Networks, tmp_path: Path) -> None:
    net = network()
    net.cut(**ends(net), synthesizer=LinearSynthesizer(7))
    net.cut(**ends(net, "middle", "upper"), synthesizer=LinearSynthesizer(7, 2), given=net.input("hint"))
    for mended in (False, True):  # and when nothing reads them any more
        if mended:
            net.mend(**ends(net, "middle", "upper"))
        save_graph(tmp_path / "net", net)
        again, _ = load_graph(tmp_path / "net")
        assert again.inputs == ("image", "label", "hint")
        assert edits.tell(again) == edits.tell(net)


def test_so_do_wires_that_hear_an_error(network: Networks, tmp_path: Path) -> None:
    net = network()
    net.cut(**ends(net), synthesizer=Feedback(7, 3), error=net["upper"])
    net.cut(**ends(net, "middle", "upper"), synthesizer=LinearSynthesizer(7), error=None)
    again = check_returns(tmp_path / "net", net)
    wire = again["decoupled(lower)"].node
    assert isinstance(wire, Echoed)
    assert wire.error is again["upper"]
    image = {"image": torch.randn(5, 4)}
    for one in (net, again):
        one(image).square().sum().backward()
    gradients = [one.get_submodule("lower").weight.grad for one in (again, net)]
    torch.testing.assert_close(*gradients)  # products are rounded by where their factors lie in memory


def test_what_no_file_brings_back_is_not_saved(network: Networks, tmp_path: Path) -> None:
    net = network(cut=True)
    check_returns(tmp_path / "net", net)
    net.mend(**ends(net, "middle", "upper"))
    grown, shared, strange = network(), network(), network()
    grown.add("core", nn.Identity(), grown["lower"])
    one = LinearSynthesizer(7)
    for into, source in (("middle", "lower"), ("upper", "middle")):
        shared.cut(**ends(shared, source, into), synthesizer=one)
    for graph in (net, grown, shared):
        with pytest.raises(PhysimError, match=r"'tests\.three'.* would come back as another"):
            save_graph(tmp_path / "other", graph)
    strange.cut(**ends(strange), synthesizer=nn.Linear(7, 7))
    with pytest.raises(PhysimError, match=r"synthesizer: files hold linear, .*, got a Linear"):
        save_graph(tmp_path / "other", strange)
    assert not (tmp_path / "other").exists()


def test_saving_draws_no_random_numbers(network: Networks, tmp_path: Path) -> None:
    net, drawn = network(), []
    net.cut(**ends(net), synthesizer=LinearSynthesizer(7))
    for saved in (False, True):
        torch.manual_seed(0)
        if saved:
            save_graph(tmp_path / "net", net)
        drawn.append(torch.rand(3))
    assert torch.equal(*drawn)


@pytest.mark.parametrize(
    "change", [{"source": 3}, {"source": ["lower", 4]}, {"ways": {"colour": 1}}, {"ways": {"given": [["label", 0, 0]]}}]
)
def test_broken_cuts_are_refused(network: Networks, change: dict[str, Any]) -> None:
    net = network()
    net.cut(**ends(net), synthesizer=LinearSynthesizer(7))
    (told,) = edits.tell(net)
    with pytest.raises(PhysimError, match="the file's cuts are not as physim writes them"):
        edits.replay(network(), [{**told, **change}])
    with pytest.raises(PhysimError, match="the graph has no node 'nowhere'"):
        edits.replay(network(), [{**told, "into": "nowhere"}])


def test_files_of_older_versions_tell_of_one_given_port_as_of_several(network: Networks) -> None:
    net, again = network(), network()
    net.cut(**ends(net), synthesizer=LinearSynthesizer(7, 3), given=net["label"])
    (told,) = edits.tell(net)
    edits.replay(again, [{**told, "ways": {"given": [["label", 0]]}}])
    assert repr(again) == repr(net)
