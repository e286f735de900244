from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pymunk
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from physim.manifold import Hulls, manifold
from physim.scenes.scene import Scene
from physim.scenes.spaces import scene_of

Corners = list[tuple[float, float]]
Maker = Callable[[pymunk.Body, np.random.Generator], tuple[pymunk.Shape, Corners, float]]


def circle(body: pymunk.Body, rng: np.random.Generator) -> tuple[pymunk.Shape, Corners, float]:
    radius = rng.uniform(0.1, 0.7)
    return pymunk.Circle(body, radius), [(0.0, 0.0)], radius


def segment(body: pymunk.Body, rng: np.random.Generator) -> tuple[pymunk.Shape, Corners, float]:
    end, radius = rng.normal(size=2), rng.uniform(0.01, 0.4)
    return pymunk.Segment(body, tuple(-end), tuple(end), radius), [tuple(-end), tuple(end)], radius


def polygon(body: pymunk.Body, rng: np.random.Generator) -> tuple[pymunk.Shape, Corners, float]:
    radius = float(rng.choice([0.0, rng.uniform(0, 0.4)]))
    shape = pymunk.Poly(body, [tuple(corner) for corner in rng.normal(size=(rng.integers(3, 7), 2))], radius=radius)
    return shape, [tuple(corner) for corner in shape.get_vertices()], radius


KINDS: dict[str, Maker] = {"circle": circle, "segment": segment, "polygon": polygon}
PAIRS = [(first, second) for first in KINDS for second in KINDS]


def placed(maker: Maker, rng: np.random.Generator, spread: float) -> tuple[pymunk.Shape, Corners, float]:
    """A shape on a body somewhere, with its corners in the world frame."""
    body = pymunk.Body(1, 1)
    body.position, body.angle = tuple(spread * rng.normal(size=2)), rng.uniform(0, 6.3)
    shape, corners, radius = maker(body, rng)
    vars(shape)["held"] = body  # a shape alone would let its body go
    shape.cache_bb()
    return shape, [tuple(body.local_to_world(corner)) for corner in corners], radius


def hulls_of(shapes: list[tuple[pymunk.Shape, Corners, float]]) -> Hulls:
    width = max(len(corners) for _, corners, _ in shapes)
    rows = [corners + [(0.0, 0.0)] * (width - len(corners)) for _, corners, _ in shapes]
    counts = torch.tensor([len(corners) for _, corners, _ in shapes])
    return Hulls(
        torch.tensor(rows, dtype=torch.float64),
        counts,
        torch.tensor([radius for *_, radius in shapes], dtype=torch.float64),
    )


def meeting(first: str, second: str, count: int = 200, spread: float = 1.3) -> tuple[list[pymunk.Shape], ...]:
    rng = np.random.default_rng(len(first) * 10 + len(second))
    pairs = [(placed(KINDS[first], rng, spread), placed(KINDS[second], rng, spread)) for _ in range(count)]
    return [list(side) for side in zip(*pairs, strict=True)]  # type: ignore[return-value]


def distance(first: tuple[pymunk.Shape, Corners, float], second: tuple[pymunk.Shape, Corners, float]) -> float:
    """The distance of two shapes by pymunk: where hulls do not overlap, some corner is nearest."""
    there = min(second[0].point_query(corner).distance for corner in first[1]) - first[2]
    here = min(first[0].point_query(corner).distance for corner in second[1]) - second[2]
    return min(here, there)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_gaps_and_normals_are_pymunks(first: str, second: str) -> None:
    own, other = meeting(first, second)
    met = manifold(hulls_of(own), hulls_of(other))
    overlapping = 0
    for number, (one, two) in enumerate(zip(own, other, strict=True)):
        gap = float(met.gap[number].min())
        try:
            points = one[0].shapes_collide(two[0])
        except AssertionError:  # what pymunk says where nothing touches
            assert gap == pytest.approx(distance(one, two), abs=1e-9)
            continue
        overlapping += 1
        assert gap == pytest.approx(-max(abs(point.distance) for point in points.points), abs=1e-9)
        assert tuple(met.normal[number].tolist()) == pytest.approx(points.normal, abs=1e-9)
    assert 10 < overlapping < 190


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_looking_from_the_other_shape_turns_all_round(first: str, second: str) -> None:
    own, other = map(hulls_of, meeting(first, second))
    met, back = manifold(own, other), manifold(other, own)
    torch.testing.assert_close(back.normal, -met.normal)
    torch.testing.assert_close(back.gap.sort(dim=1).values, met.gap.sort(dim=1).values)
    torch.testing.assert_close(back.first.sum(1), met.second.sum(1))
    assert torch.equal(back.two, met.two)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_rigid_motion_moves_the_points_along(first: str, second: str) -> None:
    own, other = map(hulls_of, meeting(first, second))
    cosine, sine = np.cos(0.7), np.sin(0.7)
    turn, shift = torch.tensor([[cosine, -sine], [sine, cosine]]).double(), torch.tensor([3.0, -20.0]).double()

    def moved(hulls: Hulls) -> Hulls:
        return Hulls(hulls.corner @ turn.T + shift, hulls.count, hulls.radius)

    met, after = manifold(own, other), manifold(moved(own), moved(other))
    torch.testing.assert_close(after.gap, met.gap)
    torch.testing.assert_close(after.normal, met.normal @ turn.T)
    torch.testing.assert_close(after.second, met.second @ turn.T + shift)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_the_gap_has_the_gradient_of_finite_differences(first: str, second: str) -> None:
    own, other = map(hulls_of, meeting(first, second, 20))

    def gap(shift: Tensor) -> Tensor:
        moved = Hulls(other.corner + shift[:, None], other.count, other.radius)
        return manifold(own, moved).gap.amin(1)

    shift = torch.zeros(20, 2, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(gap(shift).sum(), shift)
    step = 1e-7
    with torch.no_grad():
        ahead = [(gap(shift + step * axis) - gap(shift - step * axis)) / (2 * step) for axis in torch.eye(2).double()]
    torch.testing.assert_close(slope, torch.stack(ahead, dim=1), rtol=1e-5, atol=1e-5)


def test_a_box_on_a_floor_stands_on_both_lower_corners() -> None:
    box = [(-1.0, 0.01), (1.0, 0.01), (1.0, 2.01), (-1.0, 2.01)]
    floor = [(-9.0, 0.0), (9.0, 0.0)]
    met = manifold(
        Hulls(torch.tensor([box], dtype=torch.float64), torch.tensor([4]), torch.zeros(1, dtype=torch.float64)),
        Hulls(torch.tensor([floor], dtype=torch.float64), torch.tensor([2]), torch.zeros(1, dtype=torch.float64)),
    )
    assert met.two.tolist() == [True]
    assert met.normal[0].tolist() == pytest.approx([0.0, -1.0])
    assert met.gap[0].tolist() == pytest.approx([0.01, 0.01])
    assert sorted(met.first[0, :, 0].tolist()) == pytest.approx([-1.0, 1.0])


def test_circles_touch_in_one_point() -> None:
    centres = torch.tensor([[[0.0, 0.0]], [[3.0, 4.0]]], dtype=torch.float64)
    discs = Hulls(centres, torch.ones(2, dtype=torch.int64), torch.tensor([1.0, 2.0], dtype=torch.float64))
    met = manifold(discs[torch.tensor([0])], discs[torch.tensor([1])])
    assert met.two.tolist() == [False]
    assert met.gap[0].tolist() == pytest.approx([2.0, 2.0])
    assert met.first[0, 0].tolist() == pytest.approx([0.6, 0.8])
    low, high = discs.boxes
    assert low.tolist() == [[-1.0, -1.0], [1.0, 2.0]]
    assert high.tolist() == [[1.0, 1.0], [5.0, 6.0]]


def hull(corners: Corners, radius: float = 0.0) -> Hulls:
    count = torch.tensor([len(corners)])
    return Hulls(torch.tensor([corners], dtype=torch.float64), count, torch.tensor([radius], dtype=torch.float64))


def hull_of_scene(outlines: list[Corners]) -> Hulls:
    """The hulls of a scene of polygons with these corners; of fewer than three, as they are."""
    if min(map(len, outlines)) < 3:
        return hull(*outlines)
    space = pymunk.Space()
    for _ in outlines:
        body = pymunk.Body(1, 1)
        space.add(body, pymunk.Poly.create_box(body))
    owners = [number for number, corners in enumerate(outlines) for _ in corners]
    corners = torch.tensor([corner for corners in outlines for corner in corners], dtype=torch.float64)
    return Hulls.of(scene_of(space).moved(corner=corners, corner_index=torch.tensor(owners)))


DIRECTIONS = np.stack([np.cos(np.linspace(0, 2 * np.pi, 20001)), np.sin(np.linspace(0, 2 * np.pi, 20001))])


def by_directions(own: Corners, other: Corners) -> float:
    """The largest gap that any of many directions sees between two convex shapes."""
    return float(((np.array(other) @ DIRECTIONS).min(axis=0) - (np.array(own) @ DIRECTIONS).max(axis=0)).max())


def points(count: int) -> st.SearchStrategy[Corners]:
    number = st.integers(-100, 100).map(lambda hundredths: hundredths / 100)
    return st.lists(st.tuples(number, number), min_size=count, max_size=count, unique=True)


@given(
    own=points(6) | points(2) | points(1), other=points(6) | points(2), x=st.integers(-20, 20), y=st.integers(-20, 20)
)
@example(
    own=[(0.0, 0.01), (0.0, 0.02)],
    other=[(0.0, 0.01), (-0.01, 0.0), (-0.01, 0.01), (-0.01, -0.01), (-0.03, 0.04), (-0.05, 0.06)],
    x=0,
    y=0,
)
@example(
    own=[(0.0, 0.0), (-0.01, 0.02)],
    other=[(0.0, 0.0), (0.0, 0.01), (0.0, -0.01), (-0.01, 0.0), (-0.03, 0.04), (-0.05, 0.06)],
    x=0,
    y=0,
)
@settings(max_examples=150, deadline=None)
def test_shapes_are_as_far_apart_or_as_deep_as_the_best_direction_says(
    own: Corners, other: Corners, x: int, y: int
) -> None:
    """Of corners on a grid, where edges are often parallel and corners in line."""
    first, second = (
        [tuple(corner) for corner in pymunk.Poly(None, corners).get_vertices()] if len(corners) > 2 else corners
        for corners in (own, [(east + x / 10, north + y / 10) for east, north in other])
    )
    wanted, (one, two) = by_directions(first, second), (hull_of_scene([corners]) for corners in (first, second))
    assert float(manifold(one, two).gap.min()) == pytest.approx(wanted, abs=1e-3)
    assert float(manifold(two, one).gap.min()) == pytest.approx(wanted, abs=1e-3)


def test_half_widths_are_across_the_edges_of_least_width() -> None:
    box, triangle = [(5.0, 5.0), (6.0, 5.0), (6.0, 8.0), (5.0, 8.0)], [(0.0, 0.0), (2.0, 0.0), (0.0, 1.0)]
    rows = [(None, corners, 0.3) for corners in ([(1.0, 2.0)], box, [(-3.0, -1.0), (3.0, 1.0)], triangle)]
    assert hulls_of(rows).half_widths.tolist() == pytest.approx([torch.inf, 0.5, 0.0, 1 / 5**0.5])


def test_the_corners_that_only_fill_up_mean_nothing() -> None:
    own, other = map(hulls_of, meeting("polygon", "segment"))
    met = manifold(own, other)
    filled = torch.nn.functional.pad(own.corner, (0, 0, 0, 3), value=0.1)
    again = manifold(Hulls(filled, own.count, own.radius), other)
    for name in ("normal", "first", "second", "gap", "two"):
        assert torch.equal(getattr(again, name), getattr(met, name))


def test_circles_on_one_place_are_parted_sideways_as_by_pymunk() -> None:
    met = manifold(hull([(2.0, 1.0)], 0.5), hull([(2.0, 1.0)], 0.25))
    bodies = [pymunk.Body(1, 1), pymunk.Body(1, 1)]
    wanted = pymunk.Circle(bodies[0], 0.5).shapes_collide(pymunk.Circle(bodies[1], 0.25))
    assert met.normal[0].tolist() == list(wanted.normal) == [1.0, 0.0]
    assert met.gap[0].tolist() == [wanted.points[0].distance] * 2 == [-0.75] * 2


@pytest.mark.parametrize("end", [1.0, 3.0])
def test_a_segment_has_no_side_at_its_ends(end: float) -> None:
    """What lies in one line with it is beyond it."""
    beam = hull([(-1.0, 0.5), (1.0, 0.5)], 0.1)
    for other in (hull([(end + 0.6, 0.5)], 0.2), hull([(end + 0.6, 0.5), (end + 2.0, 0.5)], 0.2)):
        met = manifold(beam, other)
        assert met.normal[0].tolist() == pytest.approx([1.0, 0.0])
        assert met.gap[0].tolist() == pytest.approx([end - 0.7] * 2)


@pytest.mark.parametrize("shift", [-1.9, -1.0, 0.0, 1e-16, 0.3, 1.9])
@pytest.mark.parametrize("height", [-0.05, 0.0, 0.02])
def test_a_box_may_stand_on_the_edge_of_another(shift: float, height: float) -> None:
    """Whichever of its lower corners hangs over."""
    box = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
    met = manifold(hull(box), hull([(x + shift, y + 2 + height) for x, y in box]))
    assert met.normal[0].tolist() == pytest.approx([0.0, 1.0], abs=1e-12)
    assert met.gap[0].tolist() == pytest.approx([height] * 2, abs=1e-12)
    assert sorted(met.first[0, :, 0].tolist()) == pytest.approx([max(-1.0, shift - 1), min(1.0, shift + 1)])


@pytest.mark.parametrize("turn", range(7))
def test_corners_in_the_middle_of_an_edge_are_left_out(turn: int) -> None:
    """Whichever corner comes first, of the second of three objects; those beside it keep all of theirs."""
    floor = [(-3.0, -1.0), (3.0, -1.0), (3.0, 0.0), (1.0, 0.0), (0.1, 0.0), (-1.0, 0.0), (-3.0, 0.0)]
    box = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    found = hull_of_scene([box, floor[turn:] + floor[:turn], box])
    assert found.count.tolist() == [4] * 3
    assert sorted(map(tuple, found.corner[1].tolist())) == sorted(floor[:3] + floor[-1:])
    assert found.corner[[0, 2]].tolist() == torch.tensor([box, box]).tolist()


def test_no_pairs_meet_nowhere() -> None:
    none = hull([(0.0, 0.0), (1.0, 0.0)])[torch.zeros(0, dtype=torch.int64)]
    met = manifold(none, none)
    assert met.gap.shape == (0, 2)
    assert met.first.shape == met.second.shape == (0, 2, 2)


def test_the_hulls_of_a_scene_lie_where_its_shapes_do() -> None:
    """Of all kinds of shapes, in a batch of scenes, turned and moved; static ones among them."""
    scenes, wanted = [], []
    for seed in range(3):
        rng, space = np.random.default_rng(seed), pymunk.Space()
        shapes = [placed(KINDS[kind], rng, 5.0) for kind in ("polygon", "circle", "segment", "polygon")]
        bodies = [shape.body for shape, *_ in shapes if shape.body is not None]
        bodies[0].body_type = pymunk.Body.STATIC
        space.add(*bodies, *(shape for shape, *_ in shapes))
        scenes.append(scene_of(space))
        wanted += shapes
    batch = Scene.batch_of(scenes)
    hulls = Hulls.of(batch)
    there = hulls.placed(batch.pos, batch.angle)
    assert hulls.count.tolist() == [len(corners) for _, corners, _ in wanted]
    assert hulls.corner.shape[1] == hulls.count.max()
    assert hulls.radius.tolist() == [radius for *_, radius in wanted]
    for found, (_, corners, _) in zip(there.corner, wanted, strict=True):
        np.testing.assert_allclose(found[: len(corners)], corners, atol=1e-12)


def test_scenes_of_points_and_of_nothing_have_hulls_of_one_corner(crowd: Callable[[], Scene]) -> None:
    hulls = Hulls.of(crowd())
    assert hulls.corner.shape[1:] == (1, 2)
    assert not hulls.corner.any()
    assert Hulls.of(scene_of(pymunk.Space())).corner.shape == (0, 1, 2)
