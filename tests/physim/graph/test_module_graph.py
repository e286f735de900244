from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import (
    LSTM,
    CausalConv1d,
    Edges,
    ModuleGraph,
    added,
    averaged,
    check_steps,
    delayed,
    detached,
    exchanged,
    joined,
    largest,
    pooled,
    receivers,
    senders,
    spread,
    summed,
)

INDEX = torch.tensor([[0, 1, 2, 1], [1, 0, 1, 2]])


def interaction_network() -> ModuleGraph:
    net = ModuleGraph()
    objects, pairs = net.input("objects"), net.relations("pairs")
    both = joined(senders(objects, pairs), receivers(objects, pairs), pairs.attributes)
    effects = net.add("relation_model", nn.Sequential(nn.Linear(7, 8), nn.ReLU(), nn.Linear(8, 4)), both)
    net.add("object_model", nn.Linear(7, 2), joined(objects, summed(effects)))
    return net


def agent() -> ModuleGraph:
    net = ModuleGraph()
    image, reward, action = net.input("image"), net.input("reward"), net.later("action")
    features = net.add("vision", CausalConv1d(3, 4, 2), image)
    seen = joined(features, delayed(action, torch.zeros(2)), delayed(delayed(reward)))
    policy = net.add("policy", nn.Linear(5, 2), net.add("core", LSTM(7, 5), seen))
    net.tie(action, policy)
    net.returns(policy)
    return net


def scene() -> dict[str, Any]:
    return {"objects": torch.randn(3, 3), "pairs": Edges(INDEX, torch.randn(4, 1))}


def frames(dtype: torch.dtype = torch.float32) -> dict[str, Any]:
    return {"image": torch.randn(2, 5, 3, dtype=dtype), "reward": torch.randn(2, 5, 1, dtype=dtype)}


def test_an_interaction_network_is_its_equations() -> None:
    net, given = interaction_network(), scene()
    objects, (sender, receiver) = given["objects"], INDEX
    relations = torch.cat([objects[sender], objects[receiver], given["pairs"].attributes], dim=1)
    effects = torch.zeros(3, 4).index_add(0, receiver, net.relation_model(relations))
    torch.testing.assert_close(net(given), net.object_model(torch.cat([objects, effects], dim=1)))


def test_an_agent_is_its_loop() -> None:
    net, given = agent().double(), frames(torch.float64)
    vision, _ = net.vision(given["image"])
    action, state = torch.zeros(2, 2, dtype=torch.float64), None
    before = torch.cat([torch.zeros(2, 2, 1).double(), given["reward"]], dim=1)
    for tick in range(5):
        core, state = net.core.step(torch.cat([vision[:, tick], action, before[:, tick]], dim=1), state)
        action = net.policy(core)
        torch.testing.assert_close(net(given)[:, tick], action, rtol=0, atol=1e-12)


def test_a_graph_without_memory_takes_no_ticks_and_steps_as_it_runs() -> None:
    net, given = interaction_network(), scene()
    result, state = net.step(given)
    assert torch.equal(result, net(given))
    assert state == {}
    assert not net.remembers
    assert agent().remembers


def test_shared_modules_share_their_weights() -> None:
    net, line = ModuleGraph(), nn.Linear(2, 2)
    x = net.input("x")
    net.add("twice", line, net.add("once", line, x))
    value = torch.randn(3, 2)
    assert torch.equal(net({"x": value}), line(line(value)))
    assert list(net.state_dict()) == ["once.weight", "once.bias"]


def test_a_shared_memory_remembers_each_use_by_itself() -> None:
    net, core = ModuleGraph(), LSTM(2, 2).double()
    net.add("second", core, net.add("first", core, net.input("x")))
    x = torch.randn(3, 4, 2).double()
    check_steps(net, {"x": x}, torch.rand(3, 4) < 0.3, split=2)
    torch.testing.assert_close(net({"x": x}), core(core(x)[0])[0])


class Halves(nn.Module):
    def forward(self, value: Tensor) -> tuple[Tensor, ...]:
        return value.chunk(2, dim=-1)


def test_several_outputs_give_several_ports() -> None:
    net = ModuleGraph()
    residual, skip = net.add("halves", Halves(), net.input("x"), outputs=2)
    net.add("crossed", nn.Identity(), joined(skip, residual))
    assert (residual.name, skip.name) == ("halves[0]", "halves[1]")
    assert net({"x": torch.tensor([[1.0, 2.0]])}).tolist() == [[2, 1]]


@pytest.mark.parametrize(("module", "gave"), [(Halves(), "gave 2"), (nn.Identity(), "gave one tensor")])
def test_a_wrong_number_of_outputs_is_named(module: nn.Module, gave: str) -> None:
    net = ModuleGraph()
    net.add("halves", module, net.input("x"), outputs=3)
    with pytest.raises(PhysimError, match=f"'halves' was added with 3 outputs, but {gave}"):
        net({"x": torch.zeros(3, 2)})


def test_nested_graphs_run_as_modules_with_their_own_memory() -> None:
    net = ModuleGraph()
    inner = agent().double()
    first = net.add("first", inner, net.input("image"), net.input("reward"))
    net.add("second", nn.Linear(2, 1).double(), first)
    given = frames(torch.float64)
    check_steps(net, given, torch.rand(2, 5) < 0.3, split=2)
    torch.testing.assert_close(net(given, outputs=first), inner(given))


def test_nested_relations_follow_the_outer_ones() -> None:
    net, inner = ModuleGraph(), interaction_network()
    objects, springs = net.input("things"), net.relations("springs")
    net.add("nested", inner, objects, springs)
    given = scene()
    result = net({"things": given["objects"], "springs": given["pairs"]})
    assert torch.equal(result, inner(given))
    assert str(net.outputs[0].place) == "the objects"


def test_outputs_are_what_nothing_reads_unless_returned() -> None:
    net = ModuleGraph()
    x = net.input("x")
    one = net.add("one", nn.Identity(), x)
    two, three = net.add("two", nn.Identity(), one), net.add("three", nn.Identity(), one)
    assert net.outputs == (two, three)
    net.returns(one)
    assert net.outputs == (one,)


def test_a_tie_does_not_read_what_it_is_tied_to() -> None:
    net = ModuleGraph()
    action = net.later("action")
    policy = net.add("policy", nn.Linear(2, 2), delayed(action, torch.zeros(2)))
    choice = net.add("choice", nn.Softmax(-1), policy)
    net.tie(action, choice)
    assert net.outputs == (choice,)
    other = ModuleGraph()
    line = other.add("line", nn.Identity(), other.input("x"))
    other.tie(other.later("alias"), line)
    assert other.outputs == (line,)


@pytest.mark.parametrize("name", ["step", "nodes", "training", "forward", "outputs", "_plans", "slots"])
def test_names_of_the_graphs_own_are_refused_for_modules(name: str) -> None:
    net = ModuleGraph()
    x = net.input("x")
    with pytest.raises(PhysimError, match=f"'{name}' is a name of ModuleGraph's own"):
        net.add(name, nn.Identity(), x)
    assert [node.name for node in net.nodes] == ["x"]


def test_names_lead_back_to_ports() -> None:
    net = agent()
    assert net.inputs == ("image", "reward")
    assert interaction_network().relation_names == ("pairs",)
    assert net["policy"].name == "policy"
    with pytest.raises(PhysimError, match="no node 'polcy'; it has image, reward, action, vision"):
        net["polcy"]


def test_a_module_added_later_joins_the_next_run() -> None:
    net = ModuleGraph()
    one = net.add("one", nn.Identity(), net.input("x"))
    net({"x": torch.ones(1, 1)})
    net.add("two", nn.Flatten(), one)
    assert net.outputs[0].name == "two"
    assert net({"x": torch.ones(1, 1)}).item() == 1


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_run_alike_and_stand_alone(copied: Callable[[ModuleGraph], ModuleGraph]) -> None:
    for net, given in ((agent(), frames()), (interaction_network(), scene())):
        expected = net(given)
        other = copied(net)
        assert torch.equal(other(given), expected)
        nn.init.zeros_(next(iter(net.parameters())))
        assert torch.equal(other(given), expected)


def test_a_port_takes_its_graph_along() -> None:
    back = copy.deepcopy(agent()["action"])
    assert back.node.sources[0] is back.graph["policy"]
    assert back.graph(frames()).shape == (2, 5, 2)


def test_long_cycles_can_be_copied() -> None:
    net = ModuleGraph()
    back = net.later("back")
    port = added(net.input("x"), delayed(back, torch.zeros(1)))
    for number in range(400):
        port = net.add(f"node{number}", nn.Identity(), port)
    net.tie(back, port)
    x = torch.ones(1, 3, 1)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other({"x": x}, outputs=other["node399"]).flatten().tolist() == [1, 2, 3]


def two_places() -> dict[str, Any]:
    net = ModuleGraph()
    pairs = net.relations("pairs")
    objects, scene_input = net.input("objects"), net.input("scene_input")
    pooled(objects), spread(scene_input)
    return {"net": net, "objects": objects, "scene": scene_input, "pairs": pairs, "other": ModuleGraph().input("other")}


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda g: added(g["objects"], g["other"]), "added: 'objects' and 'other' belong to different graphs"),
        (
            lambda g: g["net"].add("a", nn.Identity(), g["other"]),
            r"add\('a', ...\): 'other' belongs to a different graph",
        ),
        (lambda g: senders(g["other"], g["pairs"]), "senders: 'other' and 'pairs' belong to different graphs"),
        (lambda g: g["net"]({}, outputs=g["other"]), "outputs: 'other' belongs to a different graph"),
        (
            lambda g: joined(g["objects"], g["scene"]),
            "'objects' lives on the objects, but 'scene_input' lives on the scene",
        ),
        (
            lambda g: g["net"].add("a", nn.Bilinear(1, 1, 1), g["objects"], g["pairs"].attributes),
            "'objects' lives on the objects, but 'pairs' lives on the relations 'pairs'",
        ),
        (lambda g: g["net"].add("a", nn.Identity(), "objects"), "takes ports, got str 'objects'"),
        (lambda g: added(g["objects"], g["pairs"]), "added takes ports, got Relations <relations 'pairs'>"),
        (lambda g: g["net"].add("a", nn.Identity()), r"add\('a', ...\) needs at least one port"),
        (lambda g: g["net"].add("a", torch.relu, g["objects"]), "wants an nn.Module, got builtin_function_or_method"),
        (lambda g: g["net"].add("a", nn.ReLU(), g["objects"], outputs=0), "outputs must be at least 1, got 0"),
        (lambda g: g["net"].add("a", nn.ReLU(), g["pairs"]), "only a nested graph reads relations"),
        (lambda g: g["net"].input("objects"), "has a node 'objects' already"),
        (lambda g: g["net"].add("pairs", nn.ReLU(), g["objects"]), "has a node 'pairs' already"),
        (lambda g: g["net"].input("batch"), "'batch' cannot name a node"),
        (lambda g: g["net"].input("a.b"), "'a.b' cannot name a node"),
        (lambda g: g["net"].relations("objects"), "relations cannot be called 'objects'"),
        (lambda g: g["net"].tie(g["objects"], g["scene"]), r"'objects' was not made by later\(...\)"),
        (lambda g: g["net"]({}), "the graph gives nothing"),
    ],
)
def test_building_errors_name_both_ends(build: Callable[[dict[str, Any]], Any], sentence: str) -> None:
    graph = two_places()
    if sentence == "the graph gives nothing":
        graph["net"] = ModuleGraph()
    with pytest.raises(PhysimError, match=sentence):
        build(graph)


def test_a_cycle_without_a_delay_names_both_ends() -> None:
    net = ModuleGraph()
    back = net.later("back")
    core = net.add("core", nn.Identity(), added(net.input("x"), detached(back)))
    with pytest.raises(PhysimError, match=r"tie\('back', 'core'\) closes a cycle without a delay: 'core' needs 'back'"):
        net.tie(back, core)


def test_a_cycle_through_a_numbered_delay_names_both_ends_at_once() -> None:
    net = ModuleGraph()
    back = net.later("back")
    core = net.add("core", nn.Identity(), added(net.input("x"), delayed(back)))
    with pytest.raises(PhysimError, match=r"tie\('back', 'core'\) .*through delayed\(back\), .*initial=a tensor"):
        net.tie(back, core)


def test_a_numbered_delay_may_stand_behind_one_that_knows_its_first_value() -> None:
    net = ModuleGraph()
    back = net.later("back")
    doubled = delayed(back, 5.0)
    core = net.add("core", nn.Identity(), added(net.input("x"), delayed(doubled, torch.zeros(1))))
    net.tie(back, core)
    net.returns(core, doubled)
    check_steps(net, {"x": torch.ones(1, 5, 1)}, split=2)
    assert net({"x": torch.ones(1, 5, 1)})[0].flatten().tolist() == [1, 6, 2, 7, 3]


def test_a_port_cannot_be_tied_to_itself_or_twice_or_across_places() -> None:
    graph = two_places()
    net = graph["net"]
    back, there = net.later("back"), net.later("there")
    spread(there)
    with pytest.raises(PhysimError, match=r"tie\('back', 'back'\) closes a cycle"):
        net.tie(back, back)
    with pytest.raises(PhysimError, match="'there' lives on the scene, but 'objects' lives on the objects"):
        net.tie(there, graph["objects"])
    net.tie(back, graph["objects"])
    with pytest.raises(PhysimError, match="'back' is tied to 'objects' already"):
        net.tie(back, graph["objects"])


@pytest.mark.parametrize(
    ("ports", "sentence"),
    [
        (lambda net: (net.input("a"),), r"reads 2 ports \['objects', 'pairs'\], got 1"),
        (lambda net: (net.input("a"), net.input("b")), "'pairs' and <port 'b' on the scene> are not both relations"),
        (
            lambda net: (net.relations("r").attributes, net.relations("s")),
            "'objects' wants the objects, 'r' lives on the rel",
        ),
    ],
)
def test_nesting_errors_name_both_ends(ports: Callable[[ModuleGraph], tuple[Any, ...]], sentence: str) -> None:
    net = ModuleGraph()
    with pytest.raises(PhysimError, match=sentence):
        net.add("nested", interaction_network(), *ports(net))


def test_a_nested_graph_says_how_many_outputs_it_gives() -> None:
    net = ModuleGraph()
    with pytest.raises(PhysimError, match="gives 1 outputs, not 2"):
        net.add("nested", agent(), net.input("a"), net.input("b"), outputs=2)


@pytest.mark.filterwarnings("ignore")
def test_a_compiled_interaction_network_is_one_graph_with_equal_results() -> None:
    net, given = interaction_network(), scene()
    torch.compiler.reset()
    compiled = torch.compile(net, backend="aot_eager", fullgraph=True)
    expected, got = net(given), compiled(given)
    assert torch.equal(got, expected)
    wanted = torch.autograd.grad(expected.sum(), list(net.parameters()))
    for one, other in zip(wanted, torch.autograd.grad(got.sum(), list(net.parameters())), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.filterwarnings("ignore")
def test_a_compiled_memory_graph_gives_equal_results() -> None:
    net, given = agent().double(), frames(torch.float64)
    torch.compiler.reset()
    reset = torch.tensor([[False, True, False, False, True]] * 2)
    compiled = torch.compile(net, backend="eager")
    torch.testing.assert_close(compiled(given, None, reset), net(given, None, reset), rtol=0, atol=1e-12)


def test_largest_and_averaged_stand_in_one_graph() -> None:
    net = ModuleGraph()
    x, pairs = net.input("x"), net.relations("pairs")
    sent = senders(x, pairs)
    net.returns(largest(sent), averaged(sent), exchanged(sent))
    values = net({"x": torch.tensor([[1.0], [2.0], [4.0]]), "pairs": Edges(INDEX)})
    assert [value.flatten().tolist() for value in values] == [[2, 4, 2], [2, 2.5, 2], [1, 1, -2]]


def test_a_graph_says_which_relations_an_output_depends_on() -> None:
    net = ModuleGraph()
    x, near, far = net.input("x"), net.relations("near"), net.relations("far")
    pulled = summed(net.add("pull", nn.Linear(2, 2), senders(x, far)))
    pushed = summed(net.add("push", nn.Linear(4, 2), joined(receivers(x, near), receivers(pulled, near))))
    net.returns(pushed)
    assert net.followed(pulled) == ("far",)
    assert sorted(net.followed()) == ["far", "near"]
    assert net.followed(x) == ()
