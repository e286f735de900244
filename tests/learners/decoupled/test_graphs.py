from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from learners.decoupled.graphs import ARMS, CLASSES, Size, perceptron
from learners.decoupled.losses import CrossEntropy
from physim.graph import ModuleGraph
from physim.graph.groups import groups_of

SIZE = Size(layers=4, width=16, hidden=(8,))


def inputs(items: int = 12) -> tuple[dict[str, Tensor], Tensor]:
    random = torch.Generator().manual_seed(0)
    kind = torch.arange(items) % CLASSES
    label = functional.one_hot(kind, CLASSES).float()
    return {"image": torch.rand(items, 20, generator=random), "label": label}, kind


def made(arm: str) -> ModuleGraph:
    torch.manual_seed(0)
    return perceptron(SIZE, arm, features=20)


def gradients(net: ModuleGraph) -> dict[str, Tensor]:
    given, kind = inputs()
    net.zero_grad()
    functional.cross_entropy(net(given), kind).backward()
    return {name: value.grad for name, value in net.named_parameters() if value.grad is not None}


@pytest.mark.parametrize("arm", ARMS)
def test_all_arms_are_one_network_once_trained(arm: str) -> None:
    """What wires do to gradients changes nothing of what a network says."""
    net, plain = made(arm).eval(), made("backprop").eval()
    layers = plain.state_dict()
    net.load_state_dict(net.state_dict() | layers)
    with torch.no_grad():
        assert torch.equal(net(inputs()[0]), plain(inputs()[0]))


def test_without_backprop_only_the_last_layer_learns() -> None:
    assert {name.partition(".")[0] for name in gradients(made("none"))} == {"logits"}
    assert {name.partition(".")[0] for name in gradients(made("backprop"))} == {
        "layer_1",
        "layer_2",
        "layer_3",
        "logits",
    }


@pytest.mark.parametrize("arm", ["dni", "cdni", "unlocked"])
def test_every_layer_is_a_group_of_its_own(arm: str) -> None:
    net = made(arm)
    groups = groups_of(net, [CrossEntropy(net["logits"])])
    assert [group.name for group in groups] == ["layer_1", "layer_2", "layer_3", "logits"]


@pytest.mark.parametrize("arm", ["dni", "cdni"])
def test_before_synthesizers_know_anything_lower_layers_do_not_move(arm: str) -> None:
    found = gradients(made(arm))
    assert not any(bool(found[f"layer_{number}.0.weight"].any()) for number in (1, 2, 3))
    assert bool(found["logits.weight"].any())
