from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import LSTM, Edges, ModuleGraph, Port, added, check_steps, delayed, joined, senders, summed

SEEDS = st.integers(0, 2**32 - 1)


@given(seed=SEEDS)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_steps_give_what_a_window_gives_at_once_on_random_graphs(random_case: Callable[[int], Any], seed: int) -> None:
    case = random_case(seed)
    check_steps(case.graph, case.inputs, split=1 + seed % 5)
    check_steps(case.graph, case.inputs, case.reset, split=1 + seed % 5)


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_steps_and_windows_have_the_same_gradients(random_case: Callable[[int], Any], seed: int) -> None:
    case = random_case(seed)
    if isinstance(case.inputs["pairs"], Edges) and case.inputs["pairs"].ticks is not None:
        return
    leaf = case.inputs["objects_input"].requires_grad_()
    whole = sum(value.sin().sum() for value in case.graph(case.inputs, None, case.reset))
    stepped, state = torch.zeros((), dtype=torch.float64), None
    for tick in range(case.reset.shape[1]):
        now = {name: _tick(value, tick) if name != "batch" else value for name, value in case.inputs.items()}
        values, state = case.graph.step(now, state, case.reset[:, tick])
        stepped = stepped + sum(value.sin().sum() for value in values)
    wanted = [leaf, *case.graph.parameters()]
    for one, other in zip(_gradients(whole, wanted), _gradients(stepped, wanted), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


def _tick(value: Tensor | Edges, tick: int) -> Tensor | Edges:
    return value.at(tick) if isinstance(value, Edges) else value[:, tick]


def _gradients(loss: Any, wanted: list[Tensor]) -> list[Tensor]:
    if not isinstance(loss, Tensor) or not loss.requires_grad:
        return []
    return list(torch.autograd.grad(loss, wanted, allow_unused=True, materialize_grads=True))


class Counted(nn.Module):
    """Adds one and counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, value: Tensor) -> Tensor:
        self.calls += 1
        return value + 1


class Seen(nn.Module):
    """Keeps what it read second."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[Tensor] = []

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        self.values.append(second)
        return first[:, :1]


class Refusing(nn.Module):
    def forward(self, value: Tensor) -> Tensor:
        raise AssertionError("this module is not needed")


def loop(first: nn.Module, middle: nn.Module, last: nn.Module) -> ModuleGraph:
    net = ModuleGraph()
    back = net.later("back")
    before = net.add("first", first, net.input("x"))
    core = net.add("middle", middle, added(before, delayed(back, torch.zeros(2))))
    net.tie(back, core)
    net.returns(net.add("last", last, core))
    return net


def test_modules_off_a_cycle_run_once_for_all_ticks() -> None:
    modules = Counted(), Counted(), Counted()
    loop(*modules)({"x": torch.zeros(3, 7, 2)})
    assert [module.calls for module in modules] == [1, 7, 1]


def test_a_cycle_counts_its_ticks() -> None:
    net = loop(nn.Identity(), Counted(), nn.Identity())
    assert net({"x": torch.zeros(1, 4, 2)})[0, :, 0].tolist() == [1, 2, 3, 4]


def test_a_tied_port_given_as_an_input_cuts_its_cycle() -> None:
    modules = Counted(), Counted(), Counted()
    back = torch.tensor([10.0, 20, 30]).reshape(1, 3, 1).expand(1, 3, 2)
    given_back = loop(*modules)({"x": torch.zeros(1, 3, 2), "back": back})
    assert [module.calls for module in modules] == [1, 1, 1]
    assert given_back[0, :, 0].tolist() == [3, 13, 23]


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_port_may_be_given_the_value_that_it_has(random_case: Callable[[int], Any], seed: int) -> None:
    case = random_case(seed)
    ports = [port for node in case.graph.nodes if node.name != "pairs" for port in node.ports]
    port = ports[seed % len(ports)]
    value = case.graph(case.inputs, None, case.reset, port)
    wanted = case.graph(case.inputs, None, case.reset)
    for one, other in zip(case.graph(case.inputs, None, case.reset, given={port: value}), wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_what_only_a_given_port_needs_is_not_run() -> None:
    before, after = Counted(), Counted()
    net = ModuleGraph()
    pairs = net.relations("pairs")
    port = net.add("before", before, summed(senders(net.input("x"), pairs)))
    net.add("after", after, port)
    value = torch.tensor([[5.0], [7.0]])
    assert net.step({}, given={port: value})[0].tolist() == [[6.0], [8.0]]
    assert net.step({}, given={port: value}, outputs=port)[0] is value
    assert (before.calls, after.calls) == (0, 1)
    inputs = {"x": torch.ones(2, 1), "pairs": Edges(torch.tensor([[0], [1]]))}
    assert net(inputs).tolist() == [[2.0], [3.0]]
    assert (before.calls, after.calls) == (1, 2)


def test_what_cannot_be_given_is_refused() -> None:
    net, other = ModuleGraph(), ModuleGraph()
    first, _ = net.add("two", nn.Identity(), net.input("x"), outputs=2)
    stranger = other.input("x")
    value = torch.ones(2, 1)
    with pytest.raises(PhysimError, match=r"given: 'two\[0\]' is one of 2 outputs of one module"):
        net.step({}, given={first: value})
    with pytest.raises(PhysimError, match="given: 'x' belongs to a different graph"):
        net.step({}, given={stranger: value})


def test_outputs_run_only_what_they_need() -> None:
    net = ModuleGraph()
    x, pairs = net.input("x"), net.relations("pairs")
    wanted = net.add("wanted", Counted(), x)
    net.add("refusing", Refusing(), senders(x, pairs))
    net.add("other", Refusing(), net.input("y"))
    assert net({"x": torch.zeros(2, 1)}, outputs=wanted).tolist() == [[1], [1]]


def test_several_outputs_come_in_the_order_asked_for() -> None:
    net = ModuleGraph()
    x = net.input("x")
    one = net.add("one", Counted(), x)
    two = net.add("two", Counted(), one)
    first, second = net({"x": torch.zeros(1, 1)}, outputs=[two, one])
    assert (first.item(), second.item()) == (2, 1)


def test_the_memory_of_what_does_not_run_is_kept() -> None:
    net = ModuleGraph()
    x = net.input("x")
    slow = delayed(net.add("slow", nn.Identity(), x))
    quick = net.add("quick", nn.Identity(), x)
    _, state = net.step({"x": torch.ones(1, 1)}, outputs=slow)
    _, state = net.step({"x": torch.zeros(1, 1)}, state, outputs=quick)
    assert net.step({"x": torch.zeros(1, 1)}, state, outputs=slow)[0].item() == 1


def simple() -> tuple[ModuleGraph, Port]:
    net = ModuleGraph()
    x, pairs = net.input("x"), net.relations("pairs")
    y = net.add("line", nn.Linear(3, 2), joined(senders(x, pairs), pairs.attributes))
    return net, delayed(summed(y))


def inputs_of(index: Tensor, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "x": torch.zeros(3, 4, 2),
        "pairs": Edges(index, torch.zeros(index.shape[1], 1)),
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


INDEX = torch.tensor([[0, 1], [1, 2]])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"x": None}, "input 'x' wants a tensor, got nothing; inputs given: pairs"),
        ({"x": [1.0]}, "input 'x' wants a tensor, got list"),
        ({"x": torch.zeros(3)}, "got \\[3\\]; one tick runs by step"),
        ({"pairs": None}, "relations 'pairs' want Edges\\(.*\\), got nothing"),
        ({"pairs": torch.zeros(2, 2)}, "relations 'pairs' want Edges\\(.*\\), got Tensor"),
        ({"pairs": Edges(INDEX)}, "attributes of the relations 'pairs' are read, but its Edges hold none"),
    ],
)
def test_wrong_inputs_are_named(changes: dict[str, Any], sentence: str) -> None:
    net, port = simple()
    with pytest.raises(PhysimError, match=sentence):
        net(inputs_of(INDEX, **changes), outputs=port)


def two_inputs() -> ModuleGraph:
    net = ModuleGraph()
    net.add("core", LSTM(2, 2), added(net.input("x"), net.input("y")))
    return net


@pytest.mark.parametrize(
    ("inputs", "reset", "sentence"),
    [
        ({"x": (3, 4, 2), "y": (3, 5, 2)}, None, "one number of ticks \\(axis 1\\), got 'x' 4, 'y' 5"),
        ({"x": (3, 4, 2), "y": (3, 4, 2)}, torch.zeros(3, 5).bool(), "got 'x' 4, 'y' 4, 'reset' 5"),
        ({"x": (3, 4, 2), "y": (2, 4, 2)}, None, "input 'y' has 2 items, but others on the scene have 3"),
        (
            {"x": (3, 4, 2), "y": (3, 4, 2)},
            torch.zeros(1, 4).bool(),
            "reset has 1 items, but others on the scene have 3",
        ),
        ({"x": (3, 4, 2), "y": (3, 4, 2)}, torch.zeros(3, 4), "reset wants bool, got torch.float32"),
    ],
)
def test_inputs_that_do_not_fit_are_named(
    inputs: dict[str, tuple[int, ...]], reset: Tensor | None, sentence: str
) -> None:
    with pytest.raises(PhysimError, match=sentence):
        two_inputs()({name: torch.zeros(shape) for name, shape in inputs.items()}, None, reset)


def test_an_untied_port_is_named_when_it_is_run() -> None:
    net = ModuleGraph()
    net.add("core", nn.Identity(), added(net.input("x"), delayed(net.later("back"), torch.zeros(1))))
    with pytest.raises(PhysimError, match=r"later\('back'\) was never tied"):
        net({"x": torch.zeros(1, 2, 1)})


def test_the_number_of_ticks_must_be_known() -> None:
    net = ModuleGraph()
    back = net.later("back")
    net.tie(back, net.add("core", Counted(), delayed(back, torch.zeros(1))))
    net.returns(back)
    with pytest.raises(PhysimError, match="give `reset`"):
        net({})
    assert net({}, reset=torch.tensor([[False, False, True, False]])).flatten().tolist() == [1, 2, 1, 2]


def test_values_on_changing_relations_have_no_tick_axis() -> None:
    net = ModuleGraph()
    x, strength, pairs = net.input("x"), net.input("strength"), net.relations("pairs")
    net.returns(added(x, delayed(summed(added(strength, pairs.attributes)))), strength)
    edges = Edges(torch.tensor([[0, 0, 1], [1, 1, 0]]), torch.ones(3, 2).double(), torch.tensor([0, 2, 2]))
    given = {"x": torch.randn(2, 4, 2).double(), "strength": torch.randn(3, 2).double(), "pairs": edges}
    check_steps(net, given, split=2)


@pytest.mark.parametrize("core", [LSTM(2, 2), None])
@pytest.mark.parametrize("stepped", [False, True])
def test_a_state_of_another_number_of_items_is_named(core: nn.Module | None, stepped: bool) -> None:
    net = ModuleGraph()
    x = net.input("x")
    net.returns(delayed(x) if core is None else net.add("core", core, x))
    _, state = net.window({"x": torch.zeros(3, 4, 2)})
    with pytest.raises(PhysimError, match=r"the state of '(core|delayed\(x\))' is of 3 items, but this run has 2"):
        net.step({"x": torch.zeros(2, 2)}, state) if stepped else net({"x": torch.zeros(2, 4, 2)}, state)


def test_a_cycle_splits_changing_relations_without_copies() -> None:
    net, seen = ModuleGraph(), Seen()
    x, strength, pairs = net.input("x"), net.input("strength"), net.relations("pairs")
    back = net.later("back")
    both = joined(senders(delayed(back, torch.zeros(1)), pairs), pairs.attributes)
    net.tie(back, added(x, summed(net.add("effects", seen, both, strength))))
    net.returns(back)
    strengths = torch.arange(3.0)[:, None]
    edges = Edges(torch.tensor([[0, 0, 1], [1, 1, 0]]), torch.ones(3, 1), torch.tensor([0, 2, 2]))
    net({"x": torch.zeros(2, 4, 1), "strength": strengths, "pairs": edges})
    assert [value.flatten().tolist() for value in seen.values] == [[0], [], [1, 2], []]
    assert {value.untyped_storage().data_ptr() for value in seen.values} == {strengths.untyped_storage().data_ptr()}
