from __future__ import annotations

import math

import pymunk
import pytest
import torch
from torch import Tensor

from physim import contact_measures
from physim.contact_measures import boxes, depths, outside, penetration
from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.scenes.scene import CIRCLE, PAIR, PIVOT, POINT, POLYGON, SEGMENT, STATIC, Scene
from physim.scenes.spaces import scene_of
from physim.scenes.trajectory import Trajectory
from worlds.balls import Balls
from worlds.boxes import WALL
from worlds.strings import Strings


def moving(scene: Scene, *places: Tensor) -> Trajectory:
    """The scene at its start and then with its bodies at other places."""
    pos = torch.stack([scene.pos, *places])
    still = torch.zeros_like(pos)
    angle = scene.angle.expand(len(pos), -1)
    return Trajectory(scene, pos, still, angle, torch.zeros_like(angle), torch.arange(len(pos)).double())


def shapes(kinds: list[int], pos: list[list[float]], radius: list[float], **fields: Tensor) -> Scene:
    place = torch.tensor(pos, dtype=torch.float64)
    return Scene.of(
        place,
        torch.zeros_like(place),
        torch.ones(len(pos)),
        shape=torch.tensor(kinds),
        radius=torch.tensor(radius, dtype=torch.float64),
        **fields,
    )


def deepest(scene: Scene) -> list[float]:
    return penetration(moving(scene))[0].tolist()


def shifted(scene: Scene, body: int, x: float, y: float) -> Tensor:
    pos = scene.pos.clone()
    pos[body] = torch.tensor([x, y])
    return pos


def test_circles_sink_by_a_share_of_the_smaller_radius() -> None:
    scene = shapes([CIRCLE] * 3, [[0, 0], [1.2, 0], [9, 0]], [1.0, 0.5, 1.0])
    assert deepest(scene) == pytest.approx([0.6, 0.6, 0.0])


def test_depths_are_of_each_touching_pair_once_at_every_instant() -> None:
    scene = shapes([CIRCLE] * 3, [[0, 0], [1.9, 0], [-1.5, 0]], [1.0] * 3)
    assert sorted(depths(scene).tolist()) == pytest.approx([0.1, 0.5])
    apart = torch.tensor([[0.0, 0], [5, 0], [-1.8, 0]])
    assert sorted(depths(moving(scene, apart)).tolist()) == pytest.approx([0.1, 0.2, 0.5])
    assert len(depths(moving(scene, apart * 9).at(1))) == 0


def test_the_deepest_of_several_counts() -> None:
    scene = shapes([CIRCLE] * 3, [[0, 0], [1.9, 0], [-1.5, 0]], [1.0] * 3)
    assert deepest(scene) == pytest.approx([0.5, 0.1, 0.5])


def test_depth_in_a_static_shape_is_a_share_of_the_moving_body_however_small_the_other() -> None:
    kinds = torch.tensor([0, STATIC, STATIC])
    extent = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 0.0]])
    scene = shapes(
        [CIRCLE, SEGMENT, CIRCLE], [[1.5, 0.3], [0, 0], [3, 3]], [0.4, 0.1, 0.01], body_type=kinds, extent=extent
    )
    assert deepest(scene) == pytest.approx([0.2 / 0.4, 0.0, 0.0])


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180])
def test_beyond_its_end_a_segment_is_round(degrees: int) -> None:
    extent, still = torch.tensor([[0.0, 0.0], [0.0, 1.0]]), torch.tensor([0, STATIC])
    direction = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    for distance, depth in ((0.15, 0.5), (0.19, 0.1), (0.21, 0.0)):
        ball = [2 + distance * direction[0], 4 + 1 + distance * direction[1]]
        scene = shapes([CIRCLE, SEGMENT], [ball, [2, 4]], [0.1, 0.1], extent=extent, body_type=still)
        assert deepest(scene)[0] == pytest.approx(depth)


def test_a_turned_segment_is_where_it_is_drawn() -> None:
    extent, angle = torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([0.0, math.pi / 2])
    upright = shapes(
        [CIRCLE, SEGMENT], [[0.3, 1.5], [0, 0]], [0.4, 0.1], extent=extent, angle=angle, body_type=torch.tensor([0, 2])
    )
    assert deepest(upright)[0] == pytest.approx(0.5)


def test_rods_that_cross_are_in_each_other_as_far_as_one_must_be_moved_and_parallel_ones_not() -> None:
    extent = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    scene = shapes([SEGMENT] * 3, [[0, 0], [0.5, 0.5], [0, -0.5]], [0.1] * 3, extent=extent)
    assert deepest(scene) == pytest.approx([7.0, 7.0, 2.0])  # half a metre and both radii; the end of one on another
    apart = shapes([SEGMENT] * 2, [[0, 0], [0, 0.15]], [0.1] * 2, extent=extent[[0, 2]])
    assert deepest(apart) == pytest.approx([0.5, 0.5])


def test_a_group_points_and_other_scenes_do_not_touch() -> None:
    same = torch.tensor([1, 1])
    assert deepest(shapes([CIRCLE] * 2, [[0, 0], [0.1, 0]], [1.0] * 2, group=same)) == [0, 0]
    assert deepest(shapes([CIRCLE, POINT], [[0, 0], [0.1, 0]], [1.0] * 2)) == [0, 0]
    alone = shapes([CIRCLE], [[0, 0]], [1.0])
    assert deepest(Scene.batch_of([alone, alone])) == [0, 0]


def test_a_body_without_a_place_is_infinitely_deep_and_outside() -> None:
    scene = Balls(balls=2).scene(seed=1)
    run = moving(scene, shifted(scene, 1, math.nan, 0.0))
    assert penetration(run)[1].tolist() == [0, math.inf, 0, 0, 0, 0]
    assert outside(run)[1].tolist() == outside(run.at(1)).tolist() == [False, True, False, False, False, False]


def test_chunks_do_not_change_the_depths(monkeypatch: pytest.MonkeyPatch) -> None:
    run = rollout(Balls(balls=9).engine(), Scene.batch_of(Balls(balls=9).scenes(seed=2, count=3)), 200)
    whole = penetration(run)
    assert 0 < whole.max() < 0.2
    monkeypatch.setattr(contact_measures, "TOGETHER", 1000)
    assert torch.equal(penetration(run), whole)


def test_depths_do_not_depend_on_the_place_or_the_order() -> None:
    run = rollout(Balls(balls=9).engine(), Balls(balls=9).scene(seed=2), 100)
    far = moving(run.scene.moved(pos=run.pos[60] + 3.0))
    assert penetration(far)[0].tolist() == pytest.approx(penetration(run)[60].tolist(), abs=1e-9)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
    order = torch.cat([order, torch.arange(9, run.scene.num_bodies)])
    names = ("pos", "radius", "extent", "shape", "body_type", "angle", "group", "mass", "vel")
    mixed = moving(run.scene.moved(**{name: run.at(60)[name][order] for name in names}))
    assert penetration(mixed)[0].tolist() == pytest.approx(penetration(run)[60][order].tolist())


def test_the_box_is_that_of_the_walls_outer_faces() -> None:
    scenes = Balls(balls=3).scenes(seed=1, count=4)
    for scene, (low, high) in zip(scenes, boxes(Scene.batch_of(scenes)), strict=True):
        faces = scene.pos[3:].abs().amax(dim=0) + WALL
        torch.testing.assert_close(high, faces)
        torch.testing.assert_close(low, -faces)


def test_a_ball_is_outside_once_its_centre_is_beyond_the_walls() -> None:
    scene = Balls(balls=2).scene(seed=1)
    edge = float(boxes(scene)[0, 1, 0])
    places = [shifted(scene, 0, edge + beyond, 0.0) for beyond in (-0.01, 0.01)]
    assert outside(moving(scene, *places))[:, 0].tolist() == [False, False, True]
    assert not outside(moving(scene, *places))[:, 1:].any()


def test_a_floor_or_a_circle_closes_nothing_in() -> None:
    still = torch.tensor([0, STATIC])
    floor = shapes(
        [CIRCLE, SEGMENT], [[0, 5], [0, 0]], [1, 0.1], body_type=still, extent=torch.tensor([[0, 0], [3, 0.0]])
    )
    for scene in (floor, Strings().scene(seed=1)):
        assert boxes(scene).isinf().all()
        assert not outside(moving(scene, scene.pos + 100)).any()


Wall = tuple[list[float], list[float]]
SQUARE: list[Wall] = [([0, -2], [2, 0]), ([0, 2], [2, 0]), ([-2, 0], [0, 2]), ([2, 0], [0, 2])]
"""Floor, ceiling and two sides: where they are and their half extents."""


def walled(walls: list[Wall]) -> Scene:
    """A disc among walls of radius 0.1."""
    places, halves = zip(*walls, strict=True)
    return shapes(
        [CIRCLE, *[SEGMENT] * len(walls)],
        [[0.0, 1.5], *places],
        [0.2, *[0.1] * len(walls)],
        body_type=torch.tensor([0, *[STATIC] * len(walls)]),
        extent=torch.tensor([[0.0, 0.0], *halves]),
    )


@pytest.mark.parametrize("missing", range(4))
def test_an_open_container_closes_nothing_in(missing: int) -> None:
    scene = walled([wall for number, wall in enumerate(SQUARE) if number != missing])
    assert boxes(scene).isinf().all()
    assert not outside(scene).any()


@pytest.mark.parametrize("more", [[], [([0, 0], [1, 0])], [([3, -2], [1, 0]), ([4, 0], [0, 2])]])
def test_walls_with_a_free_end_change_nothing_about_a_closed_box(more: list[Wall]) -> None:
    """None, one within, and two in a chain that begins at a corner."""
    scene = walled([*SQUARE, *more])
    assert boxes(scene)[0].tolist() == [[pytest.approx(-2.1)] * 2, [pytest.approx(2.1)] * 2]
    assert not outside(scene).any()


def test_the_truth_of_balls_stays_inside_and_sinks_little() -> None:
    world = Balls()
    run = rollout(world.engine(), Scene.batch_of(world.scenes(seed=3, count=4)), 500)
    assert not outside(run).any()
    assert penetration(run).quantile(0.99) < 0.1


def boxes_and(kinds: list[int], pos: list[list[float]], radius: list[float], **fields: Tensor) -> Scene:
    """Boxes of 2 x 1 m where the kind is a polygon."""
    polygons = [number for number, kind in enumerate(kinds) if kind == POLYGON]
    corner = torch.tensor([[1.0, -0.5], [1.0, 0.5], [-1.0, 0.5], [-1.0, -0.5]]).repeat(len(polygons), 1)
    index = torch.tensor(polygons).repeat_interleave(4)
    return shapes(kinds, pos, radius, corner=corner, corner_index=index, **fields)


def test_polygons_sink_by_a_share_of_half_of_their_least_width() -> None:
    scene = boxes_and([POLYGON] * 3, [[0, 0], [1.8, 0], [9, 9]], [0.0] * 3)
    assert deepest(scene) == pytest.approx([0.4, 0.4, 0.0])
    rounded = boxes_and([POLYGON] * 2, [[0, 0], [2.05, 0]], [0.1] * 2)
    assert deepest(rounded) == pytest.approx([0.15 / 0.6] * 2)


def test_polygons_turn_with_their_angle() -> None:
    angle = torch.tensor([0.0, torch.pi / 2])
    assert deepest(boxes_and([POLYGON] * 2, [[0, 0], [0, 1.4]], [0.0] * 2, angle=angle)) == pytest.approx([0.2] * 2)


def test_circles_and_walls_sink_into_polygons() -> None:
    ball = boxes_and([POLYGON, CIRCLE], [[0, 0], [0, 0.7]], [0.0, 0.25])
    assert deepest(ball) == pytest.approx([0.05 / 0.25] * 2)
    inside = boxes_and([POLYGON, CIRCLE], [[0, 0], [0, 0.4]], [0.0, 0.25])
    assert deepest(inside) == pytest.approx([0.35 / 0.25] * 2)
    floor = boxes_and(
        [POLYGON, SEGMENT], [[0, 0.55], [0, 0]], [0.0, 0.1],
        body_type=torch.tensor([0, STATIC]), extent=torch.tensor([[0.0, 0.0], [9.0, 0.0]]),
    )  # fmt: skip
    assert deepest(floor) == pytest.approx([0.05 / 0.5, 0.0])


def test_what_a_joint_lets_pass_is_in_nothing() -> None:
    pair = boxes_and([POLYGON, CIRCLE, CIRCLE], [[0, 0], [0, 0.4], [5, 5]], [0.0, 0.25, 1.0])
    kept = ~torch.isin(pair.edge_index, torch.tensor([0, 1])).all(dim=0)
    index = torch.cat([pair.edge_index[:, kept], torch.tensor([[0, 1], [1, 0]])], dim=1)
    kinds = torch.tensor([PAIR] * int(kept.sum()) + [PIVOT] * 2)
    joined = pair.moved(edge_index=index, edge_kind=kinds)
    assert deepest(pair)[0] > 0
    assert deepest(joined) == [0.0, 0.0, 0.0]


def test_a_box_that_rests_on_another_sinks_in_by_little(monkeypatch: pytest.MonkeyPatch) -> None:
    space = pymunk.Space()
    space.gravity, space.collision_slop = (0, -9.8), 0.01
    floor = pymunk.Poly(space.static_body, [(-3, -1), (3, -1), (3, 0), (-3, 0)])
    body = pymunk.Body(1.0, 0.2)
    body.position = 0.1, 0.6
    box = pymunk.Poly.create_box(body, (1.0, 1.0))
    floor.friction = box.friction = 0.5
    space.add(floor, body, box)
    depths = penetration(run := rollout(PymunkEngine(1 / 120), scene_of(space), steps=240))
    assert 0 < depths[-1, 0] < 0.05
    assert not depths[:, 1].any()
    monkeypatch.setattr(contact_measures, "TOGETHER", 100)
    assert torch.equal(penetration(run), depths)
