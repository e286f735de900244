from __future__ import annotations

import pytest
import torch

from physim.errors import PhysimError
from physim.scenes.scene import (
    BODY_TYPES,
    CORNER_FIELDS,
    DYNAMIC,
    KINEMATIC,
    POLYGON,
    RELATION_FIELDS,
    STATIC,
    Scene,
    scenes_of,
)


def points(count: int, seed: int = 0, **fields: torch.Tensor) -> Scene:
    generator = torch.Generator().manual_seed(seed)
    pos, vel = (torch.randn(count, 2, generator=generator, dtype=torch.float64) for _ in range(2))
    return Scene.of(pos, vel, torch.arange(1.0, count + 1), **fields)


def test_the_short_constructor_makes_free_points_in_all_pairs() -> None:
    scene = points(4)
    assert scene.owners.tolist() == [0] * 4
    assert scene.mass.dtype == torch.float64
    assert scene.edge_index.shape == (2, 12)
    assert scene.edge_attr.shape == (12, 4)
    assert torch.isinf(scene.moment).all()
    assert not scene.shape.any()


def test_columns_name_every_float_column_of_the_objects() -> None:
    scene = points(3, charge=torch.ones(3))
    assert scene.columns == (
        "angle",
        "angular_velocity",
        "charge",
        "elasticity",
        "friction",
        "mass",
        "moment",
        "radius",
    )
    assert Scene.batch_of([scene, scene]).columns == scene.columns


def test_inverse_mass_is_0_unless_dynamic() -> None:
    kinds = torch.tensor([BODY_TYPES.index(name) for name in ("dynamic", "kinematic", "static")])
    scene = Scene.of(torch.zeros(3, 2), torch.zeros(3, 2), torch.arange(1.0, 4.0), body_type=kinds)
    assert scene.inverse_mass.tolist() == [1.0, 0.0, 0.0]


def test_half_extents_turn_with_their_segments_at_all_instants() -> None:
    scene = points(2, extent=torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    angle = torch.tensor([[0.0, 0.0], [torch.pi / 2, 1.0]], dtype=torch.float64)
    wanted = torch.tensor([[[3.0, 4.0], [0.0, 0.0]], [[-4.0, 3.0], [0.0, 0.0]]], dtype=torch.float64)
    torch.testing.assert_close(scene.half_extents(angle), wanted)


def test_a_batch_comes_apart_into_the_same_scenes() -> None:
    scenes = [points(count, seed=count) for count in (1, 3, 2)]
    batch = Scene.batch_of(scenes)
    assert batch.counts.tolist() == [1, 3, 2]
    assert batch.owners.tolist() == batch.batch.tolist()
    assert batch.num_bodies == 6
    for part, scene in zip(scenes_of(batch), scenes, strict=True):
        assert all(torch.equal(part[name], scene[name]) for name in ("pos", "mass", "edge_index", "solver"))


def boxes(count: int) -> Scene:
    """Boxes whose numbers come after that of a point."""
    corner = torch.tensor([[1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]]).repeat(count, 1)
    index = torch.arange(1, count + 1).repeat_interleave(4)
    return points(count + 1, shape=(torch.arange(count + 1) > 0) * POLYGON, corner=corner, corner_index=index)


def test_corners_follow_their_objects_into_a_batch_and_out_of_it() -> None:
    scenes = [boxes(2), points(3), boxes(1), points(1)]
    batch = Scene.batch_of(scenes)
    assert batch.corner_index.tolist() == [1] * 4 + [2] * 4 + [7] * 4
    assert batch.moved(pos=batch.pos + 1).corner_index is batch.corner_index
    for part, scene in zip(scenes_of(batch), scenes, strict=True):
        assert all(torch.equal(part[name], scene[name]) for name in (*CORNER_FIELDS, *RELATION_FIELDS))


def test_corners_lie_where_their_bodies_are_at_all_instants() -> None:
    scene = boxes(1)
    pos = torch.tensor([[[0.0, 0.0], [5.0, 6.0]]] * 2, dtype=torch.float64)
    angle = torch.tensor([[9.0, 0.0], [9.0, torch.pi / 2]], dtype=torch.float64)
    places = scene.corners_at(pos, angle)
    assert places.shape == (2, 4, 2)
    assert places[0].tolist() == [[6.0, 5.0], [6.0, 7.0], [4.0, 7.0], [4.0, 5.0]]
    torch.testing.assert_close(places[1], places[0].roll(-1, dims=0))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"corner": torch.ones(3, 2)}, r"corner has shape \(3, 2\), wanted \(0, 2\)"),
        ({"edge_attr": torch.ones(6, 3)}, r"edge_attr has shape \(6, 3\), wanted \(6, 4\)"),
        ({"edge_anchor": torch.ones(2, 4)}, r"edge_anchor has shape \(2, 4\), wanted \(6, 4\)"),
        ({"edge_kind": torch.ones(5)}, r"edge_kind has shape \(5,\), wanted \(6,\)"),
    ],
)
def test_corners_and_relations_that_do_not_fit_are_refused_by_field(
    fields: dict[str, torch.Tensor], named: str
) -> None:
    with pytest.raises(PhysimError, match=named):
        points(3, **fields)


def test_a_moved_scene_shares_everything_else() -> None:
    scene = points(3)
    moved = scene.moved(pos=scene.pos + 1)
    assert torch.equal(moved.pos, scene.pos + 1)
    assert moved.mass is scene.mass
    assert torch.equal(points(3).pos, scene.pos)


def test_a_scene_may_keep_some_of_its_relations() -> None:
    anchors = torch.arange(24.0, dtype=torch.float64).reshape(6, 4)
    scene = points(3, edge_anchor=anchors, edge_attr=2 * anchors)
    chosen = scene.edge_index[0] == 2
    fewer = scene.related(chosen)
    assert fewer.edge_index.tolist() == [[2, 2], [0, 1]]
    assert torch.equal(fewer.edge_anchor, anchors[chosen])
    assert torch.equal(fewer.edge_attr, 2 * anchors[chosen])
    assert torch.equal(fewer.edge_kind, scene.edge_kind[chosen])
    assert scene.edge_index.shape == (2, 6)
    assert torch.equal(scene.related(scene.edge_index[0] >= 0).edge_index, scene.edge_index)


def test_a_moved_batch_comes_apart_into_moved_scenes() -> None:
    batch = Scene.batch_of([points(2), points(3)])
    parts = scenes_of(batch.moved(pos=batch.pos + 1))
    assert torch.equal(torch.cat([part.pos for part in parts]), batch.pos + 1)


def test_rows_that_do_not_fit_are_refused_by_field() -> None:
    with pytest.raises(PhysimError, match="charge has 2 rows, wanted one for each of the 3 objects"):
        points(3, charge=torch.ones(2))


def test_scenes_of_unlike_columns_are_no_batch() -> None:
    with pytest.raises(PhysimError, match="scene 1 has the columns"):
        Scene.batch_of([points(2, charge=torch.ones(2)), points(2)])
    with pytest.raises(PhysimError, match="at least one scene"):
        Scene.batch_of([])


@pytest.mark.parametrize(
    ("field", "value"),
    [("vel", torch.tensor([[0.0, 0.0], [0.0, 3.0]])), ("angular_velocity", torch.tensor([0.0, 3.0]))],
)
def test_static_bodies_with_a_velocity_are_refused_and_kinematic_ones_are_not(field: str, value: torch.Tensor) -> None:
    state = {"pos": torch.zeros(2, 2), "vel": torch.zeros(2, 2), "mass": torch.tensor([1.0, 0.0]), field: value}
    with pytest.raises(PhysimError, match=f"{field} of object 1, which is static, is .*3.*, wanted 0"):
        Scene.of(**state, body_type=torch.tensor([DYNAMIC, STATIC]))
    assert torch.equal(Scene.of(**state, body_type=torch.tensor([DYNAMIC, KINEMATIC]))[field], value)


@pytest.mark.parametrize("name", ["index", "team_index", "edge_age", "minibatch", "face", "x"])
def test_columns_of_any_name_come_through_a_batch_as_they_are(name: str) -> None:
    scenes = [points(2, **{name: torch.tensor([1.0, 2.0])}), points(3, **{name: torch.tensor([5.0, 6.0, 7.0])})]
    batch = Scene.batch_of(scenes)
    assert batch[name].tolist() == [1.0, 2.0, 5.0, 6.0, 7.0]
    assert batch.edge_index.shape == (2, 8)
    for part, scene in zip(scenes_of(batch), scenes, strict=True):
        assert torch.equal(part[name], scene[name])
        assert torch.equal(part.edge_index, scene.edge_index)


@pytest.mark.parametrize("name", ["batch", "ptr", "num_nodes", "objects", "corners", "relations"])
def test_columns_with_the_names_of_what_a_batch_or_a_file_counts_are_refused(name: str) -> None:
    with pytest.raises(PhysimError, match=f"a scene has no column '{name}'"):
        points(2, **{name: torch.ones(2)})


def test_the_radius_of_gyration_is_that_of_what_can_turn() -> None:
    still = torch.zeros(4, 2, dtype=torch.float64)
    mass, moment = torch.tensor([2.0, 2.0, 0.0, 4.0]), torch.tensor([8.0, torch.inf, torch.inf, 1.0])
    scene = Scene.of(still, still, mass, moment=moment, body_type=torch.tensor([0, 0, 2, 0]))
    assert scene.gyration.tolist() == [2.0, 0.0, 0.0, 0.5]
