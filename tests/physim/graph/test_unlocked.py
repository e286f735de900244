from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from physim.errors import PhysimError
from physim.graph import (
    LSTM,
    Edges,
    Loss,
    ModuleGraph,
    State,
    decoupled,
    detach,
    imagined,
    joined,
    losses_of,
    receivers,
    senders,
    summed,
)
from physim.graph.context import flattened
from physim.graph.synthesizers import LinearSynthesizer, PerceptronSynthesizer
from physim.graph.unlocked import Unlocked

CLASSES = 3


class CrossEntropy(Loss):
    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return functional.cross_entropy(values[0], targets["class"])


def net(forward: bool = False, layers: int = 3, scale: float = 1.0) -> ModuleGraph:
    torch.manual_seed(0)
    graph = ModuleGraph()
    image, label = graph.input("image"), graph.input("label")
    value = graph.add("layer_1", nn.Sequential(nn.Linear(4, 6), nn.Tanh()), image)
    for number in range(2, layers + 1):
        value = decoupled(value, LinearSynthesizer(6, CLASSES), given=label, scale=scale)
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


@pytest.mark.parametrize(("forward", "scale"), [(False, 1.0), (True, 1.0), (False, 0.3), (True, -2.0)])
def test_group_by_group_it_learns_what_one_backward_pass_does(forward: bool, scale: float) -> None:
    whole, parts = net(forward, scale=scale), net(forward, scale=scale)
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


def same(one: State, other: State) -> bool:
    """Whether memories are equal, to rounding."""
    found, wanted = flattened(one), flattened(other)
    return found.keys() == wanted.keys() and all(torch.allclose(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("forward", [False, True])
def test_a_graph_with_memory_learns_windows_as_one_backward_pass_does(
    forward: bool, reset: bool, carried: bool
) -> None:
    whole, parts = remembering(forward), remembering(forward)
    optimiser = torch.optim.Adam(whole.parameters(), 1e-2)
    losses = [Sequences("class", parts["head"])]
    unlocked = Unlocked(parts, losses, partial(torch.optim.Adam, lr=1e-2))
    assert [group.name for group in unlocked.groups] == ["eyes", "core"]
    state: State | None = None
    for step in range(20):
        inputs, targets = sequences(step)
        if reset:
            targets["reset"] = torch.rand(targets["class"].shape, generator=torch.Generator().manual_seed(step)) < 0.3
        optimiser.zero_grad()
        found, after = losses_of(whole, [Sequences("class", whole["head"])], inputs, targets, state=state)
        found["class"].backward()
        optimiser.step()
        unlocked.update(inputs, targets, state)
        assert same(unlocked.state, detach(after))
        state = unlocked.state if carried else None
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parts.state_dict()[name], rtol=1e-12, atol=1e-13), name


class Silent(Loss):
    """Depends on nothing."""

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return 0 * values[0].detach().sum()


def test_where_no_loss_depends_on_a_value_its_guess_learns_to_be_nothing() -> None:
    graph = net(layers=2)
    (wire,) = [node for node in graph.nodes if node.kind == "decoupled"]
    with torch.no_grad():
        wire.synthesizer.line.bias.fill_(0.3)  # type: ignore[attr-defined]
    unlocked = Unlocked(graph, [Silent("class", graph["layer_2"])], partial(torch.optim.Adam, lr=0.02))
    guesses = []
    for step in range(100):
        unlocked.update(*data(step))
        guesses.append(wire.regression.meter.synthetic)  # type: ignore[attr-defined]
    assert guesses[-1] < 0.1 * guesses[0]


def test_a_synthesizer_that_is_frozen_stays_as_it_is() -> None:
    graph = net(layers=2)
    (wire,) = [node for node in graph.nodes if node.kind == "decoupled"]
    wire.synthesizer.requires_grad_(False)  # type: ignore[attr-defined]
    unlocked = Unlocked(graph, [CrossEntropy("class", graph["layer_2"])], partial(torch.optim.SGD, lr=0.2))
    before = {name: value.clone() for name, value in graph.state_dict().items()}
    unlocked.update(*data())
    changed = [name for name, value in graph.state_dict().items() if not torch.equal(value, before[name])]
    assert changed == ["layer_2.weight", "layer_2.bias"]


@pytest.mark.parametrize("probability", [1.0, 0.3])
def test_it_learns_also_where_layers_update_seldom(probability: float) -> None:
    graph = net()
    unlocked = Unlocked(graph, loss_of(graph), partial(torch.optim.Adam, lr=3e-2), probability)
    inputs, targets = data()
    before = float(functional.cross_entropy(graph(inputs), targets["class"]).detach())
    for _ in range(round(100 / probability)):
        unlocked.update(inputs, targets)
    assert float(functional.cross_entropy(graph(inputs), targets["class"]).detach()) < 0.5 * before


def normalised() -> ModuleGraph:
    """Layers, and guesses of gradients and of values, with statistics of batches."""
    torch.manual_seed(0)
    graph = ModuleGraph()
    value = image = graph.input("image")
    for number in range(1, 4):
        layer = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Tanh())
        value = graph.add(f"layer_{number}", layer, value)
        value = decoupled(value, PerceptronSynthesizer(4, hidden=(5,)))
        if number == 2:
            value = imagined(value, nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)), image)
    graph.add("head", nn.Linear(4, CLASSES), value)
    for parameter in graph.parameters():
        if not parameter.any():
            nn.init.normal_(parameter)  # so that guesses say something
    return graph.double()


@pytest.mark.parametrize("probability", [1e-9, 0.4])
def test_a_group_whose_turn_it_is_not_stays_as_it_is(probability: float) -> None:
    graph = normalised()
    unlocked = Unlocked(graph, loss_of(graph), partial(torch.optim.SGD, lr=0.1), probability)
    turns = 0
    for step in range(8):
        before = {name: value.clone() for name, value in graph.state_dict().items()}
        found = unlocked.update(*data(step))
        moved = {name for name, value in graph.state_dict().items() if not torch.equal(value, before[name])}
        assert bool(found) == ("head.weight" in moved)
        assert not moved or probability > 0.1
        for number in (1, 2, 3):
            its = {name.rpartition(".")[2] for name in moved if name.startswith(f"layer_{number}.1.")}
            assert its >= {"weight", "running_mean", "running_var", "num_batches_tracked"} or not its
            turns += bool(its)
        counted = {name for name in moved if name.endswith("num_batches_tracked")}
        assert "imagined(decoupled).1.num_batches_tracked" not in counted or "layer_3.1.weight" in moved
    assert (turns > 0) == (probability > 0.1)
    assert turns < 8 * 3


def test_what_a_group_gives_is_the_same_whether_or_not_it_has_its_turn() -> None:
    """Its batches are normalised by themselves: its statistics are left alone, but not used."""
    learned = []
    for first in (0, 3):
        graph = normalised()
        unlocked = Unlocked(graph, loss_of(graph), partial(torch.optim.SGD, lr=0.1), 0.5)
        turns = unlocked.groups[first:]
        unlocked._turns = turns.copy  # type: ignore[method-assign]
        unlocked.update(*data(0))
        learned.append(graph.get_submodule("head").weight.detach())
    assert torch.equal(*learned)


def test_what_cannot_train_is_refused_by_name() -> None:
    graph = net()
    optimiser: Callable[..., Any] = partial(torch.optim.SGD, lr=0.1)
    with pytest.raises(PhysimError, match="probability is 0, wanted a number above 0"):
        Unlocked(graph, loss_of(graph), optimiser, 0)
    lonely = net()
    lonely.add("lonely", nn.Linear(6, 2), decoupled(lonely["layer_1"], LinearSynthesizer(6)))
    lonely.returns(lonely["layer_3"])
    with pytest.raises(PhysimError, match="group 'lonely' has neither a loss nor a cut wire that leaves it"):
        Unlocked(lonely, loss_of(lonely), optimiser)
    mixed = net()
    mixed.cut(mixed["layer_1"], mixed["decoupled(layer_1)"], LinearSynthesizer(6), mix=0.5)
    with pytest.raises(PhysimError, match="takes part of the true gradient"):
        Unlocked(mixed, loss_of(mixed), optimiser)
    with pytest.raises(PhysimError, match="group 'layer_3' has neither a loss nor a cut wire that leaves it"):
        Unlocked(graph, [], optimiser)
    twice = [CrossEntropy("class", graph["layer_3"])] * 2
    with pytest.raises(PhysimError, match="2 losses are called 'class', wanted a name for each"):
        Unlocked(graph, twice, optimiser)
    trainer = Unlocked(graph, loss_of(graph), optimiser)
    graph.mend(graph["layer_1"], graph["layer_2"])
    with pytest.raises(PhysimError, match="the graph was changed after its trainer was made"):
        trainer.update(*data())


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


@pytest.mark.parametrize("where", ["relations", "objects"])
def test_interaction_networks_learn_as_by_one_backward_pass(where: str) -> None:
    """Cut before or behind the sum of relations: the same relations are followed in every group."""

    def network() -> ModuleGraph:
        torch.manual_seed(0)
        graph = ModuleGraph()
        objects, pairs = graph.input("objects"), graph.relations("pairs")
        ends = joined(senders(objects, pairs), receivers(objects, pairs))
        effects = graph.add("relation_model", nn.Sequential(nn.Linear(8, 6), nn.Tanh()), ends)
        if where == "relations":
            effects = decoupled(effects, LinearSynthesizer(6, 2), given=pairs.attributes)
        total = summed(effects)
        if where == "objects":
            total = decoupled(total, LinearSynthesizer(6, CLASSES), given=graph.input("label"))
        graph.add("object_model", nn.Linear(10, CLASSES), joined(objects, total))
        return graph.double()

    whole, parts = network(), network()
    optimiser = torch.optim.Adam(whole.parameters(), 1e-2)
    unlocked = Unlocked(parts, loss_of(parts), partial(torch.optim.Adam, lr=1e-2))
    assert [group.name for group in unlocked.groups] == ["relation_model", "object_model"]
    for step in range(10):
        inputs, targets = data(step)
        random = torch.Generator().manual_seed(step)
        index = torch.randint(len(targets["class"]), (2, 50 + step), generator=random)
        attributes = torch.randn(50 + step, 2, generator=random, dtype=torch.float64)
        seen = {"objects": inputs["image"], "label": inputs["label"], "pairs": Edges(index, attributes)}
        optimiser.zero_grad()
        functional.cross_entropy(whole(seen), targets["class"]).backward()
        optimiser.step()
        unlocked.update(seen, targets)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parts.state_dict()[name], rtol=1e-12, atol=1e-13), name
