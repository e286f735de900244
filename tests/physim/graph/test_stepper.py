from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import LSTM, LinearSynthesizer, Loss, ModuleGraph, decoupled
from physim.graph.groups import Group, groups_of
from physim.graph.stepper import Stepper, synthesizers_of

RATE = 0.1
SGD = partial(torch.optim.SGD, lr=RATE)


class Mean(Loss):
    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return values[0].mean()


def net(below: nn.Module, scale: float = 1.0) -> tuple[ModuleGraph, list[Group]]:
    """Two groups, and a synthesizer between them that says something."""
    torch.manual_seed(0)
    graph = ModuleGraph()
    synthesizer = LinearSynthesizer(3)
    nn.init.normal_(synthesizer.line.weight)
    value = graph.add("below", below, graph.input("x"))
    graph.add("above", nn.Linear(3, 1), decoupled(value, synthesizer, scale=scale))
    return graph.double(), groups_of(graph, [Mean("mean", graph["above"])])


def x(*shape: int) -> dict[str, Tensor]:
    return {"x": torch.randn(*(shape or (5, 3)), generator=torch.Generator().manual_seed(1), dtype=torch.float64)}


@pytest.mark.parametrize("scale", [1.0, 0.3, -2.0])
def test_what_leaves_a_group_steps_it_by_so_many_times_the_guess(scale: float) -> None:
    line = nn.Linear(3, 3, bias=False)
    graph, groups = net(line, scale)
    stepper, before = Stepper(graph, groups, groups, SGD), line.weight.detach().clone()
    values = stepper.forward(groups[0], x(), {})
    guess = graph.get_submodule("decoupled(below)")(values[graph["below"]]).detach()
    assert stepper.backward(groups[0], values, {}, {}) == {}
    assert torch.allclose(line.weight, before - RATE * scale * guess.T @ x()["x"], rtol=1e-12)


def test_a_group_that_learns_nothing_takes_no_step_and_hands_its_value_on() -> None:
    graph, groups = net(nn.Flatten())
    stepper = Stepper(graph, groups, groups, SGD)
    values = stepper.forward(groups[0], x(), {})
    assert stepper.backward(groups[0], values, {}, {}) == {}
    assert torch.equal(values[graph["below"]], x()["x"])


def test_a_reset_reaches_the_memories_of_every_group() -> None:
    graph, groups = net(LSTM(3, 3))
    stepper, inputs = Stepper(graph, groups, groups, SGD), x(2, 6, 3)
    reset = torch.zeros(2, 6, dtype=torch.bool)
    reset[0, 3] = True
    values = stepper.forward(groups[0], inputs, {}, reset)
    assert torch.equal(values[graph["below"]], graph(inputs, reset=reset, outputs=graph["below"]))
    assert not torch.equal(values[graph["below"]], stepper.forward(groups[0], inputs, {})[graph["below"]])


def test_each_group_and_each_synthesizer_has_its_optimiser() -> None:
    graph, groups = net(nn.Linear(3, 3))
    made: list[int] = []

    def optimiser(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        its = list(parameters)
        made.append(len(its))
        return torch.optim.Adam(its, RATE)

    stepper = Stepper(graph, groups, groups, optimiser)
    assert made == [2, 2, 2]
    assert synthesizers_of(groups) == [graph.get_submodule("decoupled(below)")]
    values = stepper.forward(groups[0], x(), {})
    stepper.backward(groups[0], values, {}, {})
    stepper.set_rate(0.5)
    again = Stepper(graph, groups, groups, optimiser)
    again.load_state_dict(stepper.state_dict())
    rates = [group["lr"] for one in again.optimisers.values() for group in one.param_groups]
    assert rates == [0.5] * 3
    assert len(again.optimisers[groups[0]].state) == 2


def test_a_graph_of_which_something_cannot_learn_is_refused_by_name() -> None:
    graph, groups = net(nn.Linear(3, 3))
    with pytest.raises(PhysimError, match="group 'above' has neither a loss nor a cut wire that leaves it"):
        Stepper(graph, groups_of(graph), groups, SGD)
    line = nn.Linear(3, 3)
    graph, groups = net(line)
    graph.add("again", line, graph["decoupled(below)"])
    groups = groups_of(graph, [Mean("mean", graph["above"]), Mean("again", graph["again"])])
    with pytest.raises(PhysimError, match=r"'below.weight' is learned by 2 groups, wanted one"):
        Stepper(graph, groups, groups, SGD)
    graph, groups = net(nn.Linear(3, 3))
    graph.register_parameter("lonely", nn.Parameter(torch.zeros(1)))
    with pytest.raises(PhysimError, match=r"'lonely' is learned by 0 groups, wanted one"):
        Stepper(graph, groups, groups, SGD)
