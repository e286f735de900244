from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from physim import contacts
from physim.contacts import ContactSearch, near
from physim.engines.learned import LearnedEngine
from physim.engines.rollout import rollout
from physim.geometry import Contact
from physim.graph import Edges, ModuleGraph
from physim.interaction import interaction_network, interaction_variant
from physim.relation_models import SymmetricMessage
from physim.scene_inputs import Inputs, both_ways, graph_inputs
from physim.scenes.scene import CIRCLE, SEGMENT, Scene
from physim.variants import ContactNow
from worlds.balls import Balls

SHAPES = ("mass", "elasticity", "friction")
Crowd = Callable[..., Scene]


@pytest.fixture
def touching() -> ModuleGraph:
    return interaction_network(columns=SHAPES, relations=["contacts"], contact_dt=0.1)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few contacts suffice for a search."""
    monkeypatch.setattr(contacts, "MANY", 0)


def index_of(inputs: Inputs, name: str = "contacts") -> Tensor:
    given = inputs[name]
    assert isinstance(given, Edges)
    return given.index


def row(count: int, apart: float, **fields: Tensor) -> Scene:
    """Shapes side by side, at rest."""
    pos = torch.stack([apart * torch.arange(count).double(), torch.zeros(count).double()], dim=1)
    return Scene.of(pos, torch.zeros_like(pos), torch.ones(count), **fields)


def reaching(graph: ModuleGraph, reach: float) -> ModuleGraph:
    """The graph, for which all within `reach` is near."""
    for module in graph.modules():
        if isinstance(module, Contact):
            module.reach.fill_(reach)
    return graph


def test_far_contacts_are_left_out_and_change_nothing_else(touching: ModuleGraph, crowd: Crowd) -> None:
    scene = crowd(6, 1, True)
    inputs = graph_inputs(touching, scene, SHAPES)
    assert near(touching, inputs).keys() == inputs.keys()
    every = index_of(inputs)
    geometry = touching.get_submodule("contacts_geometry_1")
    assert isinstance(geometry, Contact)
    geometry.reach.fill_(10.0)
    kept = {tuple(pair) for pair in index_of(near(touching, inputs)).T.tolist()}
    body = torch.cat([inputs[name] for name in ("pos", "vel", "extent", "radius")], dim=1)  # type: ignore[misc]
    for first, second in every.T.tolist():
        alone = geometry.near(body[first : first + 1], body[second : second + 1])
        assert bool(alone) == ((first, second) in kept)
    assert 0 < len(kept) < every.shape[1]


@pytest.mark.usefixtures("searched")
@pytest.mark.parametrize(("ahead", "reach"), [(True, 0.0), (True, 0.02), (True, 0.5), (False, 0.02), (False, 0.5)])
@pytest.mark.parametrize("messages", ["exchanged", "asymmetric"])
def test_a_search_finds_what_looking_at_all_contacts_finds(messages: str, ahead: bool, reach: float) -> None:
    """In a batch of scenes of different sizes, with walls, in the same order."""
    design = {"columns": SHAPES, "relations": ["contacts"], "contact_dt": 0.1, "messages": messages, "ahead": ahead}
    graph = reaching(interaction_variant(design=design), reach)
    scene = Scene.batch_of([Balls(balls=balls).scene(3, balls) for balls in (5, 1, 12)])
    inputs = graph_inputs(graph, scene, SHAPES)
    search = ContactSearch.of(graph, scene, inputs)
    assert search is not None
    name = "contacts" if messages == "exchanged" else both_ways("contacts")
    found = index_of(search.near(inputs), name)
    assert torch.equal(found, index_of(near(graph, inputs), name))
    assert 0 < found.shape[1] < index_of(inputs, name).shape[1]


@pytest.mark.usefixtures("searched")
@pytest.mark.parametrize("radius", [0.1, 0.15, 0.3])
@pytest.mark.parametrize("reach", [0.0, 0.05])
def test_a_search_loses_nothing_at_the_very_limit(radius: float, reach: float, touching: ModuleGraph) -> None:
    """The radii that the graph reads are rounded up to float32."""
    sizes = torch.full((20,), radius, dtype=torch.float64)
    read = float(sizes[0].float())
    assert read > radius
    scene = row(20, 2 * read + reach - 1e-12, shape=torch.ones(20, dtype=torch.int64), radius=sizes)
    inputs = graph_inputs(reaching(touching, reach), scene, SHAPES)
    search = ContactSearch.of(touching, scene, inputs)
    assert search is not None
    found = index_of(search.near(inputs))
    assert torch.equal(found, index_of(near(touching, inputs)))
    assert found.shape[1] > 0


@pytest.mark.usefixtures("searched")
def test_a_search_keeps_to_the_contacts_that_there_are_and_to_their_order(touching: ModuleGraph) -> None:
    """However a scene names its pairs, call after call while the balls move, walls among what they touch."""
    scene = Balls(balls=12).scene(3)
    graph = reaching(touching, 0.3)
    inputs = graph_inputs(graph, scene, SHAPES)
    every = index_of(inputs)
    chosen = torch.randperm(every.shape[1], generator=torch.Generator().manual_seed(0))[: every.shape[1] * 2 // 3]
    inputs["contacts"] = Edges(every[:, chosen])
    search = ContactSearch.of(graph, scene, inputs)
    assert search is not None
    met = set()
    for step in range(40):
        inputs["pos"] = scene.pos + 0.02 * step * scene.vel
        found = index_of(search.near(inputs))
        assert torch.equal(found, index_of(near(graph, inputs)))
        met |= set(scene.shape[found].ravel().tolist())
    assert met == {CIRCLE, SEGMENT}


@pytest.mark.usefixtures("searched")
def test_a_body_that_is_lost_touches_nothing(touching: ModuleGraph) -> None:
    scene = Balls().scene(3)
    inputs = graph_inputs(reaching(touching, 0.5), scene, SHAPES)
    search = ContactSearch.of(touching, scene, inputs)
    assert search is not None
    inputs["pos"] = scene.pos.clone().index_fill_(0, torch.tensor([2]), torch.nan)
    assert 2 not in index_of(search.near(inputs))
    assert torch.equal(index_of(search.near(inputs)), index_of(near(touching, inputs)))


def test_few_contacts_are_not_searched(touching: ModuleGraph) -> None:
    reaching(touching, 0.5)
    for balls, wanted in ((9, False), (80, True)):
        scene = Balls(balls=balls).scene(3)
        search = ContactSearch.of(touching, scene, graph_inputs(touching, scene, SHAPES))
        assert (search is not None) == wanted


def test_a_search_changes_nothing_about_a_rollout(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, scene = LearnedEngine.load("balls"), Balls(balls=9).scene(3)
    plain = rollout(engine, scene, 100)
    monkeypatch.setattr(contacts, "MANY", 0)
    assert torch.equal(rollout(engine, scene, 100).pos, plain.pos)


def test_one_who_sees_only_now_is_told_of_bodies_near_now() -> None:
    """Two discs that a free step would carry through one another are near, though far apart after it."""
    geometry = ContactNow(0.1)
    geometry.contact.reach.fill_(0.5)
    discs = torch.tensor([[0.0, 0.0, 20.0, 0.0, 0.0, 0.0, 0.1], [1.0, 0.0, -20.0, 0.0, 0.0, 0.0, 0.1]]).double()
    apart = discs.clone()
    apart[1, 0] = 3.0
    assert geometry.near(discs[:1], discs[1:]).tolist() == [True]
    assert geometry.near(apart[:1], apart[1:]).tolist() == [False]


@pytest.mark.parametrize("near_by", [False, True])
def test_modules_rest_only_where_nothing_touches_and_no_gradient_is_taken(
    near_by: bool, touching: ModuleGraph, crowd: Crowd
) -> None:
    inputs = graph_inputs(touching, crowd(6, 1, True), SHAPES)
    if not near_by:
        inputs["contacts"] = Edges(index_of(inputs)[:, :0])
    ran: list[bool] = []
    model = touching.get_submodule("contacts_model_1")
    assert isinstance(model, SymmetricMessage)
    model.bend.register_forward_hook(lambda *_: ran.append(True))
    trained = touching(inputs)
    assert len(ran) == 4
    with torch.no_grad():
        rested = touching(inputs)
    assert len(ran) == (8 if near_by else 4)
    assert torch.equal(rested, trained)
    assert rested.dtype == trained.dtype
    assert bool(rested.any()) == near_by
    trained.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
