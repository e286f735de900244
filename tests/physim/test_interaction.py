from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.geometry import Contact
from physim.graph import Edges, ModuleGraph
from physim.interaction import interaction_network, interaction_variant, mlp, paper_interaction_network, predicted
from physim.scene_inputs import graph_inputs
from physim.scenes.scene import SPRING, Scene
from physim.variants import ContactNow
from physim.yardsticks import equivariant_network, particle_simulator

Settle = Callable[[ModuleGraph], ModuleGraph]
Predict = Callable[[ModuleGraph, Scene], Tensor]
Crowd = Callable[..., Scene]

SHAPES = ("mass", "elasticity", "friction")
CONTACT: dict[str, Any] = {"columns": SHAPES, "relations": ("pairs", "contacts"), "contact_dt": 0.1}
BUILDERS: dict[str, Callable[[], ModuleGraph]] = {
    "best": interaction_network,
    "external": lambda: interaction_network(external=True),
    "contact": lambda: interaction_network(**CONTACT),
    "asymmetric": lambda: interaction_variant(design={**CONTACT, "messages": "asymmetric"}),
    "plain": lambda: interaction_variant(design={**CONTACT, "messages": "plain"}),
    "gap_now": lambda: interaction_variant(design={**CONTACT, "ahead": False}),
    "gns": lambda: particle_simulator(**CONTACT, rounds=2, width=16),
    "egnn": lambda: equivariant_network(**CONTACT, width=16),
    "paper": paper_interaction_network,
    "paper_shapes": lambda: paper_interaction_network(kinds=["pair"], external=True, change=True),
}
OURS = ["best", "contact"]
TURNING = [*OURS, "asymmetric", "gap_now", "egnn"]


@pytest.fixture(params=BUILDERS)
def network(request: pytest.FixtureRequest, settled: Settle) -> ModuleGraph:
    return settled(_seeded(BUILDERS[request.param]).double())


@pytest.fixture(params=TURNING)
def turning(request: pytest.FixtureRequest, settled: Settle) -> ModuleGraph:
    return settled(_seeded(BUILDERS[request.param]).double())


@pytest.mark.parametrize("external", [False, True])
def test_what_happens_before_contacts_may_be_read_and_given(external: bool, settled: Settle, crowd: Crowd) -> None:
    arguments = {**CONTACT, "relations": ("contacts",)} if external else CONTACT
    graph = settled(interaction_network(**arguments, external=external).double())
    inputs = graph_inputs(graph, crowd(shapes=True), SHAPES)
    free = graph["free"]
    before, after = graph(inputs, outputs=[free, graph.outputs[0]])
    assert torch.equal(graph(inputs, given={free: before}), after)
    assert torch.equal(graph({**inputs, "contacts": Edges(torch.empty(2, 0, dtype=torch.int64))}), before)
    pushed = before + torch.arange(2.0 * len(before)).reshape(-1, 2)
    assert not torch.allclose(graph(inputs, given={free: pushed}) - pushed, after - before)
    far = {name: value for name, value in inputs.items() if name not in ("contacts", "extent", "radius")}
    assert torch.equal(graph(far, outputs=free), before)


def _seeded(build: Callable[[], ModuleGraph]) -> ModuleGraph:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return build()


def _shapes(graph: ModuleGraph) -> bool:
    return bool({"extent", "outline"} & set(graph.inputs))


def _rows(scene: Scene, order: Tensor) -> Scene:
    fields = {name: scene[name][order] for name in ("body_type", "shape", "extent", *scene.columns)}
    return Scene.of(scene.pos[order], scene.vel[order], **fields)


def test_permuting_bodies_permutes_predictions(network: ModuleGraph, crowd: Crowd, prediction: Predict) -> None:
    scene = crowd(7, 1, _shapes(network))
    order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
    assert prediction(network, _rows(scene, order)).sub(prediction(network, scene)[order]).abs().max() < 1e-10


@pytest.mark.parametrize("bodies", [1, 2, 9])
def test_any_number_of_bodies_has_a_prediction(
    network: ModuleGraph, bodies: int, crowd: Crowd, prediction: Predict
) -> None:
    output = prediction(network, crowd(bodies, 2, _shapes(network)))
    assert output.shape == (bodies, 2)
    assert torch.isfinite(output).all()


def test_scenes_of_a_batch_do_not_see_each_other(network: ModuleGraph, crowd: Crowd, prediction: Predict) -> None:
    scenes = [crowd(bodies, bodies, _shapes(network)) for bodies in (3, 6, 1)]
    alone = torch.cat([prediction(network, scene) for scene in scenes])
    assert prediction(network, Scene.batch_of(scenes)).sub(alone).abs().max() < 1e-10


@pytest.mark.parametrize(("dtype", "rounding"), [(torch.float64, 1e-9), (torch.float32, 1e-4)])
@pytest.mark.parametrize("name", [*OURS, "plain", "egnn", "gns", "paper"])
def test_shifting_all_positions_changes_nothing(
    name: str, dtype: torch.dtype, rounding: float, settled: Settle, crowd: Crowd, prediction: Predict
) -> None:
    graph = settled(_seeded(BUILDERS[name])).to(dtype)
    scene = crowd(6, 4, _shapes(graph))
    still = prediction(graph, scene)
    shifted = prediction(graph, scene.moved(pos=scene.pos + torch.tensor([1e3, -2e3])))
    assert (shifted - still).abs().max() < rounding * still.abs().max()


def test_turning_the_scene_turns_the_prediction(turning: ModuleGraph, crowd: Crowd, prediction: Predict) -> None:
    scene = crowd(6, 4, _shapes(turning))
    cos, sin = math.cos(0.7), math.sin(0.7)
    turn = torch.tensor([[cos, sin], [-sin, cos]], dtype=torch.float64)
    turned = scene.moved(pos=scene.pos @ turn, vel=scene.vel @ turn, angle=scene.angle + 0.7)
    wanted = prediction(turning, scene) @ turn
    assert wanted.abs().max() > 0
    assert (prediction(turning, turned) - wanted).abs().max() < 1e-9 * wanted.abs().max()


@pytest.mark.parametrize(("messages", "kept"), [("exchanged", True), ("asymmetric", False), ("plain", False)])
def test_only_exchanged_messages_keep_momentum(
    messages: str, kept: bool, crowd: Crowd, prediction: Predict, settled: Settle
) -> None:
    graph, scene = settled(_seeded(lambda: interaction_variant(design={"messages": messages})).double()), crowd(8, 5)
    change = prediction(graph, scene)
    assert change.abs().max() > 0
    lost = (scene.mass[:, None] * change).sum(0).abs().max()
    assert bool(lost < 1e-10 * change.abs().max()) == kept


def test_a_variant_of_the_own_design_is_our_network(crowd: Crowd, prediction: Predict) -> None:
    ours, variant = (
        _seeded(lambda: interaction_network(**CONTACT)),
        _seeded(lambda: interaction_variant(design=CONTACT)),
    )
    assert torch.equal(prediction(ours, crowd(6, 5, True)), prediction(variant, crowd(6, 5, True)))


@pytest.mark.parametrize(
    ("design", "reason"), [({"messages": "loud"}, "messages must be one of exchanged"), ({"colour": 1}, "no colour")]
)
def test_unknown_designs_are_refused_by_name(design: dict[str, Any], reason: str) -> None:
    with pytest.raises(PhysimError, match=reason):
        interaction_variant(design=design)


def test_without_foresight_a_contact_looks_from_now_as_ours_looks_from_a_step_before() -> None:
    bodies = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    earlier = bodies.clone()
    earlier[..., :2] -= 0.1 * bodies[..., 2:4]
    for got, wanted in zip(ContactNow(0.1).double()(*bodies), Contact(0.1).double()(*earlier), strict=True):
        assert torch.equal(got, wanted)


@pytest.mark.parametrize("name", ["contact", "asymmetric", "gap_now", "gns", "egnn"])
def test_static_bodies_feel_nothing(name: str, crowd: Crowd, prediction: Predict, settled: Settle) -> None:
    graph = settled(_seeded(BUILDERS[name]))
    assert not prediction(graph, crowd(6, 5, True))[-2:].any()


def test_the_papers_network_has_the_papers_parameters() -> None:
    assert sum(parameter.numel() for parameter in paper_interaction_network().parameters()) == 82_052


def test_effects_of_0_leave_the_form_of_the_dynamics_only_baseline(
    crowd: Crowd, prediction: Predict, settled: Settle
) -> None:
    graph = settled(_seeded(paper_interaction_network))
    effects = graph.get_submodule("relation_model")
    assert isinstance(effects, nn.Sequential)
    for parameter in effects[-1].parameters():
        parameter.data.zero_()
    scene = crowd(4, 6)
    elsewhere = scene.moved(pos=scene.pos * 3)
    assert torch.equal(prediction(graph, scene), prediction(graph, elsewhere))


@pytest.mark.parametrize(("external", "inputs"), [(False, ("vel",)), (True, ("vel", "external"))])
def test_dynamics_only_looks_at_velocities_and_gravity_alone(external: bool, inputs: tuple[str, ...]) -> None:
    graph = paper_interaction_network(relations=False, external=external)
    assert graph.inputs == inputs
    assert not graph.relation_names


@pytest.mark.parametrize("shapes", [False, True])
def test_the_mlp_takes_scenes_of_its_size_in_a_batch(shapes: bool, crowd: Crowd, prediction: Predict) -> None:
    graph = _seeded(lambda: mlp(bodies=3, shapes=shapes, external=shapes))
    scenes = [crowd(3, seed, shapes) for seed in range(4)]
    together = prediction(graph, Scene.batch_of(scenes))
    assert together.sub(torch.cat([prediction(graph, scene) for scene in scenes])).abs().max() < 1e-5


def test_relations_between_bodies_that_cannot_move_are_left_out(crowd: Crowd) -> None:
    scene = crowd(5, 0, True)
    relations = graph_inputs(BUILDERS["contact"](), scene, SHAPES)["pairs"]
    assert isinstance(relations, Edges)
    assert relations.index.shape == (2, 10 - 1)
    assert bool((relations.index[0] < relations.index[1]).all())


def test_a_missing_column_is_named(crowd: Crowd) -> None:
    with pytest.raises(PhysimError, match=r"lacks the columns \['charge'\]"):
        graph_inputs(interaction_network(columns=("mass", "charge")), crowd(), ("mass", "charge"))


def test_relations_that_no_graph_reads_are_refused_by_name(crowd: Crowd) -> None:
    scene = crowd()
    scene.edge_kind[-2:] = SPRING
    with pytest.raises(PhysimError, match=r"edge_kind: this graph reads relations \['pair'\], got \['spring'\]"):
        graph_inputs(interaction_network(), scene, ("mass",))


def test_scenes_of_different_damping_are_not_told_apart(crowd: Crowd) -> None:
    scene = Scene.batch_of([crowd(), crowd()]).moved(damping=torch.tensor([0.9, 1.0], dtype=torch.float64))
    with pytest.raises(PhysimError, match="damping: a graph wants the same in all scenes"):
        graph_inputs(interaction_network(external=True), scene, ("mass",))


@pytest.mark.parametrize("asked", ["temperature", "tides"])
def test_what_no_scene_has_is_refused_by_name(asked: str, crowd: Crowd) -> None:
    net = ModuleGraph()
    net.relations(asked) if asked == "tides" else net.input(asked)
    with pytest.raises(PhysimError, match=f"'{asked}' for this graph"):
        graph_inputs(net, crowd(), ("mass",))


def test_a_graph_with_another_output_is_no_engine() -> None:
    net = ModuleGraph()
    net.returns(net.add("mood", nn.Linear(2, 2), net.input("pos")))
    with pytest.raises(PhysimError, match=r"gives \['mood'\]"):
        predicted(net)


def test_contacts_want_at_least_one_round() -> None:
    with pytest.raises(PhysimError, match="rounds must be at least 1, got 0"):
        interaction_network(**CONTACT, rounds=0)
