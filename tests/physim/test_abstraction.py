from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from physim.abstraction import QUANTITIES, abstraction_mlp, abstraction_network
from physim.errors import PhysimError
from physim.graph import Edges, ModuleGraph, load_graph, save_graph
from physim.normalisers import measuring
from physim.scene_inputs import graph_inputs
from physim.scenes.scene import SPRING, STATIC, Scene

ROUNDING = 1e-9
BUILDERS: dict[str, Callable[[], ModuleGraph]] = {
    "pairs": abstraction_network,
    "springs": lambda: abstraction_network(relations=("springs",), external=True),
}


def _scene(bodies: int, seed: int, chain: bool) -> Scene:
    """A cloud, or a chain on springs under gravity that hangs from a static body."""
    random = torch.Generator().manual_seed(seed)
    pos, vel = torch.randn(2, bodies, 2, generator=random, dtype=torch.float64) * 5
    mass = torch.rand(bodies, generator=random, dtype=torch.float64) + 0.5
    if not chain:
        return Scene.of(pos, vel, mass)
    vel[0], mass[0] = 0.0, 0.0
    first = torch.arange(bodies - 1)
    one_way = torch.stack([first, first + 1])
    index = torch.cat([one_way, one_way.flip(0)], dim=1)
    kinds = torch.zeros(bodies, dtype=torch.int64)
    kinds[0] = STATIC
    return Scene.of(
        pos, vel, mass, body_type=kinds, edge_index=index, edge_kind=torch.full((index.shape[1],), SPRING),
        edge_attr=torch.tensor([[0.2, 100.0, 0.001, 0.0]], dtype=torch.float64).repeat(index.shape[1], 1),
        gravity=torch.tensor([[0.0, -9.0 - seed]], dtype=torch.float64),
    )  # fmt: skip


def _quantities(graph: ModuleGraph, scene: Scene) -> Tensor:
    inputs = graph_inputs(graph, scene, ("mass",))
    if "batch" in scene:
        inputs["batch"] = scene.batch
    output: Tensor = graph(inputs)
    return output.detach()


def _settled(build: Callable[[], ModuleGraph], chain: bool) -> ModuleGraph:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        graph = build().double()
    with measuring(graph):
        _quantities(graph, Scene.batch_of([_scene(5, seed, chain) for seed in range(8)]))
    return graph


@pytest.fixture(params=BUILDERS)
def case(request: pytest.FixtureRequest) -> tuple[ModuleGraph, bool]:
    chain = request.param == "springs"
    return _settled(BUILDERS[request.param], chain), chain


def _rows(scene: Scene, order: Tensor) -> Scene:
    """The same scene with its bodies in another order."""
    fields = {name: scene[name][order] for name in ("body_type", *scene.columns)}
    fields |= {name: scene[name] for name in ("edge_kind", "edge_attr", "gravity")}
    index = order.argsort()[scene.edge_index]
    return Scene.of(scene.pos[order], scene.vel[order], edge_index=index, **fields)


def test_permuting_bodies_leaves_the_quantities(case: tuple[ModuleGraph, bool]) -> None:
    graph, chain = case
    scene = _scene(7, 11, chain)
    wanted = _quantities(graph, scene)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
    assert wanted.shape == (1, len(QUANTITIES))
    assert (_quantities(graph, _rows(scene, order)) - wanted).abs().max() < ROUNDING * wanted.abs().max()


def test_scenes_of_a_batch_do_not_see_each_other(case: tuple[ModuleGraph, bool]) -> None:
    graph, chain = case
    scenes = [_scene(bodies, bodies, chain) for bodies in (3, 6, 2)]
    alone = torch.cat([_quantities(graph, scene) for scene in scenes])
    assert (_quantities(graph, Scene.batch_of(scenes)) - alone).abs().max() < ROUNDING * alone.abs().max()


def test_shifting_a_cloud_leaves_all_and_shifting_a_chain_across_its_gravity_too(
    case: tuple[ModuleGraph, bool],
) -> None:
    graph, chain = case
    scene = _scene(6, 4, chain)
    wanted = _quantities(graph, scene)
    across, down = (scene.moved(pos=scene.pos + torch.tensor(by)) for by in ([1e3, 0.0], [0.0, -3.0]))
    assert (_quantities(graph, across) - wanted).abs().max() < ROUNDING * wanted.abs().max()
    fallen = (_quantities(graph, down) - wanted).abs()
    assert bool(fallen[0, 0] > 1e-6) == chain
    assert fallen[0, 1] < ROUNDING


def test_turning_a_cloud_turns_its_momentum_alone() -> None:
    graph, scene = _settled(BUILDERS["pairs"], False), _scene(6, 4, False)
    wanted = _quantities(graph, scene)
    turn = torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)
    turned = _quantities(graph, scene.moved(pos=scene.pos @ turn, vel=scene.vel @ turn))
    assert torch.allclose(turned[:, :3], wanted[:, :3])
    assert torch.allclose(turned[:, 3:], wanted[:, 3:] @ turn)


def test_a_scene_of_two_parts_without_relations_has_the_energies_of_both(case: tuple[ModuleGraph, bool]) -> None:
    graph, chain = case
    scenes = [_scene(4, seed, chain) for seed in (1, 1)]
    both = graph_inputs(graph, Scene.batch_of(scenes), ("mass",))
    together = graph(both).detach()
    assert torch.allclose(together, 2 * _quantities(graph, scenes[0]))


def test_what_cannot_move_has_nothing_by_itself() -> None:
    graph, scene = _settled(BUILDERS["springs"], True), _scene(5, 2, True)
    inputs = graph_inputs(graph, scene, ("mass",))
    moving, placed = graph(inputs, outputs=(graph["motion_model"], graph["place_model"]))
    assert not moving[0].any()
    assert not placed[0].any()
    assert moving[1:].any(dim=1).all()


def test_saving_and_loading_is_the_identity(case: tuple[ModuleGraph, bool], tmp_path: Path) -> None:
    graph, chain = case
    scene = _scene(5, 9, chain)
    save_graph(tmp_path / "a.safetensors", graph)
    loaded, _ = load_graph(tmp_path / "a.safetensors")
    for name, value in graph.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
    assert torch.allclose(_quantities(loaded, scene), _quantities(graph, scene), rtol=ROUNDING)


def test_the_mlp_takes_scenes_of_its_size_in_a_batch_and_can_be_loaded(tmp_path: Path) -> None:
    graph = _settled(lambda: abstraction_mlp(bodies=5), False)
    scenes = [_scene(5, seed, False) for seed in range(4)]
    alone = torch.cat([_quantities(graph, scene) for scene in scenes])
    save_graph(tmp_path / "a.safetensors", graph)
    loaded, _ = load_graph(tmp_path / "a.safetensors")
    assert torch.allclose(_quantities(loaded, Scene.batch_of(scenes)), alone)


@pytest.mark.parametrize("relations", [(), ("pairs", "tides")])
def test_relations_that_hold_no_energy_are_refused_by_name(relations: tuple[str, ...]) -> None:
    with pytest.raises(PhysimError, match=r"relations: an abstraction network takes some of \('pairs', 'springs'\)"):
        abstraction_network(relations=relations)


def test_one_body_alone_has_no_potential_energy() -> None:
    graph = _settled(BUILDERS["pairs"], False)
    inputs = graph_inputs(graph, _scene(1, 1, False), ("mass",))
    assert isinstance(inputs["pairs"], Edges)
    assert graph(inputs)[0, 0] == 0
