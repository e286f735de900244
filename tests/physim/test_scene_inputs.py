from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.graph import Edges, ModuleGraph
from physim.interaction import interaction_network, interaction_variant, mlp, paper_interaction_network
from physim.scene_inputs import graph_inputs, kinds_read
from physim.scenes.scene import (
    CIRCLE,
    DYNAMIC,
    PIN,
    PIVOT,
    POLYGON,
    RELATION_KINDS,
    SEGMENT,
    SLIDE,
    SPRING,
    STATIC,
    Scene,
)

SHAPES = ("mass", "elasticity", "friction")
Crowd = Callable[..., Scene]


@pytest.fixture
def touching() -> ModuleGraph:
    return interaction_network(columns=SHAPES, relations=["contacts"], contact_dt=0.1)


def edges(graph: ModuleGraph, scene: Scene, name: str) -> Edges:
    given = graph_inputs(graph, scene, SHAPES)[name]
    assert isinstance(given, Edges)
    return given


def linked(crowd: Crowd) -> Scene:
    """Five bodies, of which the first two hang on a spring, the next two on a pin."""
    scene: Scene = crowd(5)
    index = torch.tensor([[0, 1, 2, 3], [1, 0, 3, 2]])
    attributes = torch.tensor([[1.0, 50.0, 0.1, 0.0]] * 2 + [[2.0, 0.0, 0.0, 0.0]] * 2)
    kinds = torch.tensor([SPRING, SPRING, PIN, PIN])
    return scene.moved(edge_index=index, edge_kind=kinds, edge_attr=attributes, edge_anchor=torch.zeros(4, 4))


def test_springs_and_pins_are_named_once_each_with_their_attributes(crowd: Crowd) -> None:
    graph, scene = interaction_network(relations=["springs", "pins"]), linked(crowd)
    assert edges(graph, scene, "springs").index.T.tolist() == [[0, 1]]
    assert edges(graph, scene, "pins").index.T.tolist() == [[2, 3]]
    spring: Tensor | None = edges(graph, scene, "springs").attributes
    assert spring is not None
    assert spring[0].tolist() == pytest.approx([1.0, 50.0, 0.1])


def test_both_ways_relations_are_those_read_once_and_their_reverse(crowd: Crowd) -> None:
    design = {"relations": ["springs", "pins"], "messages": "asymmetric"}
    graph, once, scene = (
        interaction_variant(design=design),
        interaction_network(relations=["springs", "pins"]),
        linked(crowd),
    )
    for name in ("springs", "pins"):
        pairs = edges(once, scene, name).index.T.tolist()
        assert sorted(edges(graph, scene, f"{name}_both_ways").index.T.tolist()) == sorted(
            pairs + [pair[::-1] for pair in pairs]
        )


def test_directed_relations_carry_kind_restitution_and_links(crowd: Crowd) -> None:
    scene = linked(crowd)
    scene.edge_kind[2:] = 0
    scene.elasticity[2:4] = torch.tensor([0.5, 0.8], dtype=torch.float64)
    given = edges(paper_interaction_network(kinds=["pair", "spring"]), scene, "directed_pair_spring")
    assert given.index.T.tolist() == [[0, 1], [1, 0], [2, 3], [3, 2]]
    assert given.attributes is not None
    assert given.attributes[0].tolist() == pytest.approx([0, 1, 0, 0, 1.0, 50.0, 0.1])
    assert given.attributes[2].tolist() == pytest.approx([1, 0, 0, 0.4, 2.0, 0.0, 0.0])


def test_outlines_are_half_widths_and_heights_of_what_lies_in_the_scene() -> None:
    scene = Scene.of(
        torch.zeros(3, 2), torch.zeros(3, 2), torch.ones(3), shape=torch.tensor([0, 1, 2]),
        radius=torch.tensor([0.0, 0.3, 0.1]), extent=torch.tensor([[0.0, 0.0], [0.0, 0.0], [2.0, 0.0]]),
        angle=torch.tensor([0.0, 0.0, torch.pi / 2]),
    )  # fmt: skip
    got = graph_inputs(paper_interaction_network(kinds=["pair"]), scene, ("mass",))["outline"]
    assert isinstance(got, Tensor)
    torch.testing.assert_close(got, torch.tensor([[0.0, 0, 0, 0], [1, 0, 0.3, 0.3], [0, 1, 0.1, 2.1]]))


def test_a_graph_knows_the_kinds_that_it_reads(touching: ModuleGraph) -> None:
    assert kinds_read(paper_interaction_network(kinds=["pair", "spring"])) == ("pair", "spring")
    assert kinds_read(paper_interaction_network(relations=False)) == RELATION_KINDS
    assert kinds_read(touching) == ("pair",)
    assert kinds_read(interaction_network(relations=["springs", "pins"])) == ("pair", "spring", "pin")


def test_points_touch_nothing(touching: ModuleGraph, crowd: Crowd) -> None:
    scene = crowd(5, 0, True)
    scene.shape[0] = 0
    index = edges(touching, scene, "contacts").index
    assert 0 not in index
    assert len(index.unique()) > 1


def test_segments_are_walls_to_graphs_that_collide() -> None:
    graph = interaction_network(relations=["contacts"], contact_dt=0.1)
    fields = {"shape": torch.tensor([CIRCLE, SEGMENT]), "extent": torch.tensor([[0.0, 0.0], [1.0, 0.0]])}
    kinds = {"body_type": torch.tensor([DYNAMIC, STATIC])}
    pos = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    wall = Scene.of(pos, torch.zeros(2, 2), torch.tensor([1.0, 0.0]), **fields, **kinds)
    assert "contacts" in graph_inputs(graph, wall, ["mass"])
    with pytest.raises(PhysimError, match="segments for walls, static or kinematic, got dynamic ones"):
        graph_inputs(graph, Scene.of(pos, torch.zeros(2, 2), torch.ones(2), **fields), ["mass"])


@pytest.mark.parametrize(
    "build",
    [
        lambda: interaction_network(columns=SHAPES, relations=["contacts"], contact_dt=0.1),
        lambda: interaction_network(relations=["springs"]),
        lambda: paper_interaction_network(kinds=["pair", "spring", "pin"]),
        lambda: mlp(bodies=5, shapes=True),
    ],
)
def test_polygons_are_refused_by_every_graph_that_reads_relations_or_shapes(
    build: Callable[[], ModuleGraph], crowd: Crowd
) -> None:
    scene = crowd(5)
    shape = torch.tensor([POLYGON, 0, 0, 0, 0])
    with pytest.raises(PhysimError, match=r"shape: .* \['point', 'circle', 'segment'\], got polygons too"):
        graph_inputs(build(), scene.moved(shape=shape), SHAPES)


@pytest.mark.parametrize(("kind", "name"), [(PIVOT, "pivot"), (SLIDE, "slide")])
def test_pivots_and_slides_are_refused_by_every_graph_that_reads_relations(kind: int, name: str, crowd: Crowd) -> None:
    scene = linked(crowd)
    joined = scene.moved(edge_kind=torch.tensor([SPRING, SPRING, kind, kind]))
    for graph in (
        interaction_network(relations=["springs", "pins"]),
        paper_interaction_network(kinds=["pair", "spring"]),
    ):
        with pytest.raises(PhysimError, match=rf"edge_kind: this graph reads relations .*, got \['{name}'\] too"):
            graph_inputs(graph, joined, SHAPES)


def test_relations_that_hold_bodies_elsewhere_than_at_their_centres_are_refused(crowd: Crowd) -> None:
    scene, graph = linked(crowd), interaction_network(relations=["springs", "pins"])
    anchors = torch.zeros(4, 4)
    anchors[0, 1] = anchors[1, 3] = 0.1
    with pytest.raises(PhysimError, match="edge_anchor: this graph takes relations to hold bodies at their centres"):
        graph_inputs(graph, scene.moved(edge_anchor=anchors), SHAPES)


def test_a_baseline_that_reads_neither_relations_nor_shapes_takes_all(crowd: Crowd) -> None:
    scene = linked(crowd)
    strange = scene.moved(shape=torch.full((5,), POLYGON), edge_anchor=torch.ones(4, 4))
    baseline = paper_interaction_network(relations=False)
    assert torch.equal(graph_inputs(baseline, strange, SHAPES)["vel"], scene.vel)
