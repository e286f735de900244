from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from physim.errors import PhysimError
from physim.graph import LSTM, Loss, ModuleGraph, decoupled, imagined
from physim.graph.groups import groups_of
from physim.graph.synthesizers import LinearSynthesizer
from physim.graph.unlocked import Unlocked

CLASSES = 3


class CrossEntropy(Loss):
    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return functional.cross_entropy(values[0], targets["class"])


def net(forward: bool = False, layers: int = 3) -> ModuleGraph:
    torch.manual_seed(0)
    graph = ModuleGraph()
    image, label = graph.input("image"), graph.input("label")
    value = graph.add("layer_1", nn.Sequential(nn.Linear(4, 6), nn.Tanh()), image)
    for number in range(2, layers + 1):
        value = decoupled(value, LinearSynthesizer(6, CLASSES), given=label)
        if forward:
            value = imagined(value, nn.Linear(4, 6), image)
        last = number == layers
        value = graph.add(
            f"layer_{number}", nn.Linear(6, CLASSES) if last else nn.Sequential(nn.Linear(6, 6), nn.Tanh()), value
        )
    return graph.double()


def data(seed: int = 0) -> tuple[dict[str, Any], dict[str, Tensor]]:
    random = torch.Generator().manual_seed(seed)
    image = torch.randn(32, 4, generator=random, dtype=torch.float64)
    wanted = (image[:, 0] > 0).long() + (image[:, 1] > 0).long()
    return {"image": image, "label": functional.one_hot(wanted, CLASSES).double()}, {"class": wanted}


def loss_of(graph: ModuleGraph) -> list[Loss]:
    return [CrossEntropy("class", graph.outputs[0])]


@pytest.mark.parametrize("forward", [False, True])
def test_group_by_group_it_learns_what_one_backward_pass_does(forward: bool) -> None:
    whole, parts = net(forward), net(forward)
    optimiser = torch.optim.Adam(whole.parameters(), 1e-2)
    unlocked = Unlocked(parts, loss_of(parts), partial(torch.optim.Adam, lr=1e-2))
    for step in range(20):
        inputs, targets = data(step)
        optimiser.zero_grad()
        functional.cross_entropy(whole(inputs), targets["class"]).backward()
        optimiser.step()
        unlocked.update(inputs, targets)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parts.state_dict()[name], rtol=1e-12, atol=1e-13), name


def remembering(forward: bool) -> ModuleGraph:
    torch.manual_seed(0)
    graph = ModuleGraph()
    seen, label = graph.input("seen"), graph.input("label")
    value = decoupled(graph.add("eyes", nn.Linear(4, 6), seen), LinearSynthesizer(6, CLASSES), given=label)
    if forward:
        value = imagined(value, nn.Linear(4, 6), seen)
    graph.add("head", nn.Linear(5, CLASSES), graph.add("core", LSTM(6, 5), value))
    return graph.double()


def sequences(seed: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    parts = [data(10 * seed + tick) for tick in range(5)]
    inputs = {new: torch.stack([each[0][old] for each in parts], 1) for new, old in NAMES.items()}
    return inputs, {"class": torch.stack([each[1]["class"] for each in parts], 1)}


NAMES = {"seen": "image", "label": "label"}


class Sequences(Loss):
    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return functional.cross_entropy(values[0].flatten(0, 1), targets["class"].flatten())


@pytest.mark.parametrize("forward", [False, True])
def test_a_graph_with_memory_learns_sequences_as_one_backward_pass_does(forward: bool) -> None:
    whole, parts = remembering(forward), remembering(forward)
    optimiser = torch.optim.Adam(whole.parameters(), 1e-2)
    losses = [Sequences("class", parts["head"])]
    unlocked = Unlocked(parts, losses, partial(torch.optim.Adam, lr=1e-2))
    assert [group.name for group in unlocked.groups] == ["eyes", "core"]
    for step in range(20):
        inputs, targets = sequences(step)
        optimiser.zero_grad()
        Sequences("class", whole["head"]).value((whole(inputs),), targets).backward()
        optimiser.step()
        unlocked.update(inputs, targets)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parts.state_dict()[name], rtol=1e-12, atol=1e-13), name


def test_bridges_between_windows_are_refused() -> None:
    graph = remembering(False)
    graph.bridge(graph["core"], LinearSynthesizer(10))
    with pytest.raises(PhysimError, match="whole sequences"):
        groups_of(graph)


def test_groups_are_what_no_cut_parts() -> None:
    graph = net()
    groups = groups_of(graph, loss_of(graph))
    assert [group.name for group in groups] == ["layer_1", "layer_2", "layer_3"]
    assert [len(group.losses) for group in groups] == [0, 0, 1]
    assert [(len(group.enters), len(group.leaves)) for group in groups] == [(0, 1), (1, 1), (1, 0)]
    graph.mend(graph["layer_1"], graph["layer_2"])
    assert [group.name for group in groups_of(graph)] == ["layer_1", "layer_3"]


@pytest.mark.parametrize("probability", [1.0, 0.3])
def test_it_learns_also_where_layers_update_seldom_and_in_any_order(probability: float) -> None:
    graph = net()
    unlocked = Unlocked(graph, loss_of(graph), partial(torch.optim.Adam, lr=3e-2), probability)
    inputs, targets = data()
    before = float(functional.cross_entropy(graph(inputs), targets["class"]).detach())
    for _ in range(round(100 / probability)):
        unlocked.update(inputs, targets)
    assert float(functional.cross_entropy(graph(inputs), targets["class"]).detach()) < 0.5 * before


def test_a_group_whose_turn_it_is_not_stays_as_it_is() -> None:
    graph = net()
    unlocked = Unlocked(graph, loss_of(graph), partial(torch.optim.SGD, lr=0.1), 1e-9)
    before = {name: value.clone() for name, value in graph.state_dict().items()}
    assert unlocked.update(*data()) == {}
    assert all(torch.equal(value, before[name]) for name, value in graph.state_dict().items())


def test_what_cannot_train_is_refused_by_name() -> None:
    graph = net()
    optimiser: Callable[..., Any] = partial(torch.optim.SGD, lr=0.1)
    with pytest.raises(PhysimError, match="probability is 0, wanted a number above 0"):
        Unlocked(graph, loss_of(graph), optimiser, 0)
    both = CrossEntropy("both", graph["layer_1"], graph["layer_3"])
    with pytest.raises(PhysimError, match=r"loss 'both' stands on ports of several groups: \['layer_1', 'layer_3'\]"):
        groups_of(graph, [both])
    lonely = net()
    lonely.add("lonely", nn.Linear(6, 2), decoupled(lonely["layer_1"], LinearSynthesizer(6)))
    lonely.returns(lonely["layer_3"])
    with pytest.raises(PhysimError, match="group 'lonely' has neither a loss nor a cut wire that leaves it"):
        Unlocked(lonely, loss_of(lonely), optimiser)
    mixed = net()
    mixed.cut(mixed["layer_1"], mixed["decoupled(layer_1)"], LinearSynthesizer(6), mix=0.5)
    with pytest.raises(PhysimError, match="takes part of the true gradient"):
        Unlocked(mixed, loss_of(mixed), optimiser)
    early = ModuleGraph()
    early.add("layer", nn.Linear(4, 3), decoupled(early.input("image"), LinearSynthesizer(4)))
    with pytest.raises(PhysimError, match=r"the cut decoupled\(image\) stands on 'image', wanted a port that a group"):
        Unlocked(early, loss_of(early), optimiser)
    with pytest.raises(PhysimError, match=r"loss 'cut' stands on 'decoupled\(layer_1\)'"):
        Unlocked(graph, [CrossEntropy("cut", graph["decoupled(layer_1)"])], optimiser)


def test_one_cut_that_two_groups_read_learns_from_both() -> None:
    """Two heads behind one cut: as one backward pass of both losses."""

    def heads() -> tuple[ModuleGraph, list[Loss]]:
        torch.manual_seed(0)
        graph = ModuleGraph()
        trunk = graph.add("trunk", nn.Linear(4, 6), graph.input("image"))
        behind = decoupled(trunk, LinearSynthesizer(6, CLASSES), given=graph.input("label"))
        ports = [graph.add(name, nn.Linear(6, CLASSES), behind) for name in ("one", "other")]
        return graph.double(), [CrossEntropy(port.name, port) for port in ports]

    (whole, losses), (parts, its) = heads(), heads()
    optimiser = torch.optim.SGD(whole.parameters(), 0.1)
    unlocked = Unlocked(parts, its, partial(torch.optim.SGD, lr=0.1))
    assert [group.name for group in unlocked.groups] == ["trunk", "one", "other"]
    for step in range(5):
        inputs, targets = data(step)
        optimiser.zero_grad()
        sum(functional.cross_entropy(value, targets["class"]) for value in whole(inputs)).backward()
        optimiser.step()
        unlocked.update(inputs, targets)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parts.state_dict()[name], rtol=1e-12, atol=1e-13), name
    assert len(losses) == 2
