from __future__ import annotations

import math
from collections.abc import Callable

import pymunk
import pytest
import torch
from torch import Tensor

from physim.contact_points import BODY, Moving, contact_points
from physim.scene_inputs import FIELDS
from physim.scenes.edges import all_pairs, undirected
from physim.scenes.scene import Scene
from physim.scenes.spaces import scene_of

DT = 1 / 60
Fields = dict[str, Tensor]
Shape = Callable[[pymunk.Body], pymunk.Shape]


def box(body: pymunk.Body) -> pymunk.Shape:
    return pymunk.Poly.create_box(body, (40, 20))


def disc(body: pymunk.Body) -> pymunk.Shape:
    return pymunk.Circle(body, 10)


def scene(*bodies: tuple[Shape, tuple[float, float], tuple[float, float], float, float]) -> Scene:
    """A scene of bodies: shape, position, velocity, angle, angular velocity."""
    space = pymunk.Space()
    for shape, pos, vel, angle, turning in bodies:
        body = pymunk.Body(1, 100)
        body.position, body.velocity, body.angle, body.angular_velocity = pos, vel, angle, turning
        space.add(body, shape(body))
    return scene_of(space)


def fields(given: Scene) -> Fields:
    return {name: FIELDS[name](given) for name in BODY}


def moving(given: Scene) -> Moving:
    return Moving.of(fields(given))


def points(given: Scene, reach: float = 2.0) -> tuple[Tensor, Tensor]:
    found = contact_points(undirected(all_pairs(given.counts)), moving(given), DT, reach)
    assert found.attributes is not None
    return found.index, found.attributes


def test_a_box_stands_on_another_by_two_points() -> None:
    index, rows = points(scene((box, (0, 0), (0, 0), 0, 0), (box, (10, 19.5), (0, 0), 0, 0)))
    assert index.tolist() == [[0, 0], [1, 1]]
    assert rows[:, :2].tolist() == [[0, 1], [0, 1]]
    assert sorted(rows[:, 2].tolist()) == [-10, 20]  # where the two overlap, seen from the lower one
    assert rows[:, 6].tolist() == pytest.approx([-0.5, -0.5])


def test_a_disc_touches_by_one_point() -> None:
    _, rows = points(scene((disc, (0, 0), (0, 0), 0, 0), (disc, (12, 16), (0, 0), 0, 0)))
    assert rows.tolist() == [pytest.approx([0.6, 0.8, 6, 8, -6, -8, 0], abs=1e-12)]


def test_both_ends_see_one_point() -> None:
    given = scene(
        (box, (0, 0), (30, 10), 0.3, 2), (box, (25, 20), (-50, -40), 1.1, -3), (disc, (-18, 16), (9, 9), 0, 1)
    )
    index, rows = points(given, reach=50.0)
    assert len(rows) >= 4
    apart = rows[:, 2:4] - rows[:, 4:6]
    centres = given.pos[index[1]] - given.pos[index[0]]
    # centres move until the two meet, at most for one step
    assert bool(((apart - centres).norm(dim=-1) <= DT * 200).all())


def test_shapes_that_will_meet_touch_where_they_meet() -> None:
    """A fast disc beside another: now the normal is aslant, when they meet it is not."""
    away = math.sqrt(20**2 - 8**2)
    _, rows = points(scene((disc, (0, 0), (0, 0), 0, 0), (disc, (away + 10, 8), (-1200, 0), 0, 0)))
    assert rows[0, :2].tolist() == pytest.approx([away / 20, 0.4], abs=0.02)
    assert float(rows[0, 6]) == pytest.approx(10 * away / 20, rel=0.05)  # how far apart along that normal


def test_nothing_slips_through_a_thin_wall_unseen() -> None:
    def wall(body: pymunk.Body) -> pymunk.Shape:
        return pymunk.Segment(body, (0, -100), (0, 100), 1)

    index, rows = points(scene((disc, (-15, 0), (1500, 0), 0, 0), (wall, (0, 0), (0, 0), 0, 0)))
    assert index.tolist() == [[0], [1]]
    assert float(rows[0, 6]) == pytest.approx(4)


def test_what_stays_apart_is_left_out() -> None:
    far = scene((disc, (0, 0), (0, 0), 0, 0), (disc, (23, 0), (0, 0), 0, 0))
    assert points(far, reach=2.0)[0].shape == (2, 0)
    assert points(far, reach=3.5)[0].shape == (2, 1)
    leaving = scene((disc, (0, 0), (0, 0), 0, 0), (disc, (21, 0), (120, 0), 0, 0))
    assert points(leaving, reach=2.0)[0].shape == (2, 0)


def test_swapping_the_ends_turns_points_round() -> None:
    given = scene((box, (0, 0), (30, 10), 0.3, 2), (box, (25, 20), (-50, -40), 1.1, -3))
    pairs = torch.tensor([[0], [1]])
    there = contact_points(pairs, moving(given), DT, 50.0).attributes
    back = contact_points(pairs.flip(0), moving(given), DT, 50.0).attributes
    assert there is not None
    assert back is not None
    turned = torch.cat([-back[:, :2], back[:, 4:6], back[:, 2:4], back[:, 6:]], dim=-1)
    torch.testing.assert_close(turned[turned[:, 2].argsort()], there[there[:, 2].argsort()], rtol=0, atol=1e-9)


def test_points_have_derivatives_by_the_motion() -> None:
    given = fields(scene((box, (0, 0), (30, 10), 0.3, 2), (disc, (24, 21), (-90, -80), 0, -3)))
    pairs, wanted = torch.tensor([[0], [1]]), ("pos", "vel", "angle", "angular_velocity")

    def rows(*motion: Tensor) -> Tensor | None:
        return contact_points(pairs, Moving.of(given | dict(zip(wanted, motion, strict=True))), DT, 50.0).attributes

    assert torch.autograd.gradcheck(rows, [given[name].clone().requires_grad_() for name in wanted], atol=1e-4)
