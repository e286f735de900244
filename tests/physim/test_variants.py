from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from physim.geometry import Contact
from physim.graph import ModuleGraph, load_graph, save_graph
from physim.interaction import interaction_variant
from physim.relation_models import SymmetricMessage
from physim.scene_inputs import graph_inputs
from physim.scenes.scene import Scene
from physim.variants import REACHES, ContactNow, OneWayMessage, PlainMessage

SHAPES = ("mass", "elasticity", "friction")
CONTACT: dict[str, Any] = {"columns": SHAPES, "relations": ("pairs", "contacts"), "contact_dt": 0.1}
DESIGNS: dict[str, dict[str, Any]] = {
    "asymmetric": {"messages": "asymmetric"},
    "plain": {"messages": "plain"},
    "now": {"ahead": False},
    "one_round": {"rounds": 1},
}
TURN = torch.tensor([[math.cos(0.7), math.sin(0.7)], [-math.sin(0.7), math.cos(0.7)]], dtype=torch.float64)
MESSAGES: dict[str, Callable[[], nn.Module]] = {
    "exchanged": lambda: SymmetricMessage(3, 2),
    "asymmetric": lambda: OneWayMessage(3, 2),
    "plain": lambda: PlainMessage(3, 2),
}


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def message_of(name: str) -> Callable[..., Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return MESSAGES[name]().double()


ENDS = random(6, 3, seed=1), random(6, 2, seed=2), random(6, 2, seed=3)
"""Geometry and the traits of both ends."""


@pytest.mark.parametrize(("name", "opposite"), [("exchanged", True), ("asymmetric", False), ("plain", False)])
def test_only_exchanged_messages_are_opposite_seen_from_the_other_end(name: str, opposite: bool) -> None:
    message, direction = message_of(name), random(6, 2)
    geometry, first, second = ENDS
    there, back = message(direction, geometry, first, second), message(-direction, geometry, second, first)
    assert there.abs().min() > 0
    assert torch.allclose(there, -back) == opposite


@pytest.mark.parametrize(("name", "turns"), [("exchanged", True), ("asymmetric", True), ("plain", False)])
def test_only_messages_with_a_form_turn_with_the_direction(name: str, turns: bool) -> None:
    message, direction = message_of(name), random(6, 2)
    assert torch.allclose(message(direction @ TURN, *ENDS), message(direction, *ENDS) @ TURN) == turns


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_depends_on_all_that_it_is_given(name: str) -> None:
    message = message_of(name)
    given = [value.clone().requires_grad_() for value in (random(6, 2), *ENDS)]
    slopes = torch.autograd.grad(message(*given).square().sum(), given)
    assert all(slope.abs().amax(dim=0).min() > 0 for slope in slopes)


def test_the_gap_now_is_the_same_however_fast_two_bodies_come_together() -> None:
    bodies = random(2, 5, 7).abs()
    fast = bodies.clone()
    fast[..., 2:4] *= 3
    now, ahead = ContactNow(0.1).double(), Contact(0.1).double()
    assert torch.allclose(now(*bodies)[0], now(*fast)[0])
    assert not torch.allclose(ahead(*bodies)[0], ahead(*fast)[0])
    assert now(*bodies)[1].shape == (5, ContactNow.features)


def test_who_is_near_now_does_not_depend_on_how_fast_two_bodies_come_together() -> None:
    now = ContactNow(0.1)
    now.contact.reach.fill_(0.5)
    assert now.ahead == 0
    assert now.limit == REACHES * 0.5
    bodies = random(2, 50, 7).abs()
    fast = bodies.clone()
    fast[..., 2:4] *= 30
    assert torch.equal(now.near(*bodies), now.near(*fast))


@pytest.mark.parametrize("name", DESIGNS)
def test_what_is_saved_comes_back_with_its_design(
    name: str,
    tmp_path: Path,
    crowd: Callable[..., Scene],
    prediction: Callable[..., Tensor],
    settled: Callable[[ModuleGraph], ModuleGraph],
) -> None:
    graph = settled(interaction_variant(design=CONTACT | DESIGNS[name]))
    save_graph(tmp_path / "a.safetensors", graph)
    loaded, _ = load_graph(tmp_path / "a.safetensors")
    scene = crowd(6, 1, True)
    assert prediction(loaded, scene).any()
    assert all(torch.equal(loaded.state_dict()[path], value) for path, value in graph.state_dict().items())
    torch.testing.assert_close(prediction(loaded, scene), prediction(graph, scene), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", DESIGNS)
def test_every_parameter_learns(
    name: str, crowd: Callable[..., Scene], settled: Callable[[ModuleGraph], ModuleGraph]
) -> None:
    graph = settled(interaction_variant(design=CONTACT | DESIGNS[name]).double())
    graph(graph_inputs(graph, crowd(6, 1, True), SHAPES)).square().sum().backward()
    slopes = [parameter.grad for parameter in graph.parameters()]
    assert all(slope is not None and bool(torch.isfinite(slope).all()) for slope in slopes)
    assert sum(bool(slope.any()) for slope in slopes if slope is not None) > 0.9 * len(slopes)
