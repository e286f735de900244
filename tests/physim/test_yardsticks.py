from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.graph import ModuleGraph, load_graph, save_graph
from physim.scene_inputs import graph_inputs
from physim.scenes.scene import SPRING, Scene
from physim.yardsticks import Combined, Relative, Scaled, equivariant_network, particle_simulator

Settle = Callable[[ModuleGraph], ModuleGraph]
Predict = Callable[[ModuleGraph, Scene], Tensor]
Crowd = Callable[..., Scene]

SHAPES = ("mass", "elasticity", "friction")
CONTACT: dict[str, Any] = {"columns": SHAPES, "relations": ("pairs", "contacts"), "contact_dt": 0.1, "width": 16}
BUILDERS: dict[str, Callable[..., ModuleGraph]] = {"gns": particle_simulator, "egnn": equivariant_network}
TURN = torch.tensor([[math.cos(0.7), math.sin(0.7)], [-math.sin(0.7), math.cos(0.7)]], dtype=torch.float64)
MIRROR = torch.tensor([[-1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def built(name: str, **changes: Any) -> ModuleGraph:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return BUILDERS[name](**{"width": 16, **changes}).double()


@pytest.fixture(params=BUILDERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("acts", [{}, CONTACT, {"external": True}], ids=["pairs", "contacts", "gravity"])
def test_what_is_saved_comes_back_through_its_builder(
    name: str, acts: dict[str, Any], tmp_path: Path, crowd: Crowd, prediction: Predict, settled: Settle
) -> None:
    graph = settled(built(name, **acts).float())
    save_graph(tmp_path / "a.safetensors", graph)
    loaded, _ = load_graph(tmp_path / "a.safetensors")
    scene = crowd(6, 1, "contact_dt" in acts)
    assert all(torch.equal(loaded.state_dict()[path], value) for path, value in graph.state_dict().items())
    torch.testing.assert_close(prediction(loaded, scene), prediction(graph, scene), rtol=1e-4, atol=1e-6)


def test_every_parameter_that_the_output_depends_on_learns(name: str, crowd: Crowd, settled: Settle) -> None:
    graph = settled(built(name, **CONTACT))
    graph(graph_inputs(graph, crowd(6, 1, True), SHAPES)).square().sum().backward()
    idle = {path for path, parameter in graph.named_parameters() if parameter.grad is None}
    assert not idle
    assert all(torch.isfinite(parameter.grad).all() for parameter in graph.parameters())
    felt = [bool(parameter.grad.any()) for parameter in graph.parameters()]
    assert sum(felt) > 0.9 * len(felt)


@pytest.mark.parametrize("change", [TURN, MIRROR], ids=["turned", "mirrored"])
@pytest.mark.parametrize(("name", "keeps"), [("egnn", True), ("gns", False)])
def test_only_the_equivariant_network_turns_and_mirrors_with_the_scene(
    name: str, keeps: bool, change: Tensor, crowd: Crowd, prediction: Predict, settled: Settle
) -> None:
    graph, scene = settled(built(name)), crowd(6, 4)
    wanted = prediction(graph, scene) @ change
    off = prediction(graph, scene.moved(pos=scene.pos @ change, vel=scene.vel @ change)) - wanted
    assert wanted.abs().max() > 0
    assert bool(off.abs().max() < 1e-9 * wanted.abs().max()) == keeps


def test_gravity_turns_with_the_scene_too(crowd: Crowd, prediction: Predict, settled: Settle) -> None:
    graph, scene = settled(built("egnn", external=True)), crowd(5, 2)
    scene = scene.moved(gravity=torch.tensor([[0.0, -9.0]], dtype=torch.float64))
    changed = {field: scene[field] @ TURN for field in ("pos", "vel", "gravity")}
    assert torch.allclose(prediction(graph, scene.moved(**changed)), prediction(graph, scene) @ TURN, rtol=1e-9)


def test_neither_promises_to_keep_momentum(name: str, crowd: Crowd, prediction: Predict, settled: Settle) -> None:
    graph, scene = settled(built(name)), crowd(8, 5)
    change = prediction(graph, scene)
    assert (scene.mass[:, None] * change).sum(0).abs().max() > 1e-6 * change.abs().max()


def test_springs_act_by_their_attributes(name: str, crowd: Crowd, prediction: Predict) -> None:
    scene = crowd(4, 1)
    scene.edge_kind[:] = SPRING
    stiff = scene.moved(edge_attr=scene.edge_attr + torch.tensor([0.0, 5.0, 0.0, 0.0]))
    graph = built(name, relations=("springs",))
    assert not torch.allclose(prediction(graph, stiff), prediction(graph, scene))


@pytest.mark.parametrize(("name", "more"), [("gns", {"rounds": 2}), ("egnn", {"layers": 2})])
def test_a_body_hears_of_as_many_neighbours_along_a_chain_as_there_are_rounds(
    name: str, more: dict[str, int], prediction: Predict
) -> None:
    places = torch.tensor([[float(place), 0.1 * place**2] for place in range(5)])
    index = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])
    both = torch.cat([index, index.flip(0)], dim=1)
    scene = Scene.of(places, random(5, 2), torch.ones(5), edge_index=both)
    graph = built(name, **more)
    moved = scene.moved(vel=scene.vel + torch.eye(5)[:, :1])
    felt = (prediction(graph, moved) - prediction(graph, scene)).abs().amax(dim=1) > 1e-12
    assert felt.tolist() == [True, True, True, False, False]


def test_unknown_relations_are_refused_by_name(name: str) -> None:
    with pytest.raises(PhysimError, match="relations: an interaction network takes some of"):
        BUILDERS[name](relations=("tides",))
    with pytest.raises(PhysimError, match="contact_dt: wanted for the relations 'contacts'"):
        BUILDERS[name](relations=("contacts",))


@pytest.mark.parametrize("components", [True, False])
def test_relative_features_but_the_components_do_not_know_which_end_they_are_seen_from(components: bool) -> None:
    relative = Relative(0, None, components).double()
    sender, receiver = random(6, 4), random(6, 4, seed=1)
    (there, seen), (back, other) = relative(sender, receiver), relative(receiver, sender)
    assert torch.allclose(there, -back)
    assert torch.allclose(there.norm(dim=-1), torch.ones(6, dtype=torch.float64))
    assert torch.allclose(seen[:, :4], other[:, :4])
    assert torch.allclose(seen[:, 4:], -other[:, 4:])
    assert seen.shape == (6, relative.features)


def test_the_distance_of_shapes_is_that_of_their_surfaces() -> None:
    still, radius = torch.zeros(2), torch.tensor([0.5])
    ball = torch.cat([torch.tensor([0.0, 3.0]), still, torch.zeros(2), radius])
    wall = torch.cat([torch.tensor([1.0, 0.0]), still, torch.tensor([2.0, 0.0]), radius])
    direction, features = Relative(0, 0.1, False)(wall[None], ball[None])
    assert direction[0].tolist() == pytest.approx([0.0, 1.0])
    assert float(features[0, 0]) == pytest.approx(3.0 - 1.0)


def test_combined_vectors_turn_as_the_vectors_turn() -> None:
    combined = Combined(8, 2).double()
    hidden, first, second = random(5, 8), random(5, 2, seed=1), random(5, 2, seed=2)
    assert torch.allclose(combined(hidden, first @ TURN, second @ TURN), combined(hidden, first, second) @ TURN)


def test_a_scaled_change_is_as_large_as_those_of_the_data_and_none_for_what_cannot_move() -> None:
    scaled, inverse_mass = Scaled(), torch.tensor([[0.5], [2.0], [0.0]])
    scaled.measure(torch.tensor([[3.0, 4.0], [4.0, 3.0], [900.0, 0.0]]), inverse_mass)
    changed = scaled(torch.ones(3, 2), inverse_mass)
    assert changed[2].tolist() == [0.0, 0.0]
    assert torch.equal(changed[0], changed[1])
    assert 3 < float(changed[0, 0]) < 5.5
