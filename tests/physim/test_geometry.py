from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from physim.geometry import SHARPNESS, Contact, Geometry, Link, Separation

NOW = len(SHARPNESS)
"""The column of the gap before the step among the features of a contact."""
ENDS = {"separation": 2, "link": 4, "contact": 7, "changed contact": 9}


def made(kind: str) -> Geometry:
    geometry = {"separation": Separation, "link": Link}.get(kind, lambda: Contact(0.1))()
    return geometry.double()


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def body(x: float, y: float, *, vel: tuple[float, float] = (0, 0), half: tuple[float, float] = (0, 0)) -> Tensor:
    return torch.tensor([[x, y, *vel, *half, 0.5]], dtype=torch.float64)


def test_separation_gives_the_unit_vector_from_sender_to_receiver() -> None:
    direction, features = Separation()(torch.zeros(1, 2), torch.tensor([[3.0, -4.0]]))
    assert direction.tolist() == [[pytest.approx(0.6), pytest.approx(-0.8)]]
    assert features.tolist() == [[pytest.approx(math.log(5)), 5.0]]


def test_two_bodies_in_one_place_have_finite_features() -> None:
    direction, features = Separation()(torch.zeros(1, 2), torch.zeros(1, 2))
    assert torch.isfinite(torch.cat([direction, features], dim=1)).all()


def test_small_separations_far_from_the_origin_are_exact() -> None:
    far = torch.tensor([[1e7, 1e7]], dtype=torch.float64)
    direction, _ = Separation()(far, far + torch.tensor([[3e-3, 4e-3]], dtype=torch.float64))
    assert direction.tolist() == [[pytest.approx(0.6, abs=1e-6), pytest.approx(0.8, abs=1e-6)]]


@pytest.mark.parametrize(
    ("ball", "towards", "distance"),
    [((0.0, 2.0), (0, 1), 2.0), ((5.0, 0.0), (1, 0), 2.0), ((-3.0, -4.0), (0, -1), 4.0), ((6.0, 4.0), (0.6, 0.8), 5.0)],
)
def test_a_wall_touches_with_its_nearest_point(
    ball: tuple[float, float], towards: tuple[float, float], distance: float
) -> None:
    direction, features = Contact(10.0).double()(body(0, 0, half=(3, 0)), body(*ball))
    assert direction.tolist() == [[pytest.approx(towards[0]), pytest.approx(towards[1])]]
    assert float(features[0, NOW].atanh()) == pytest.approx((distance - 1) / 10)


def test_the_gap_after_a_free_step_is_among_the_features() -> None:
    contact = Contact(0.5).double()
    _, still = contact(body(0, 0), body(1.5, 0))
    _, meeting = contact(body(0, 0), body(1.5, 0, vel=(-2, 0)))
    assert meeting[0, NOW] == still[0, NOW]
    assert (meeting[0, :NOW] < 0).all()
    assert (still[0, :NOW] > 0).all()


def test_a_change_of_velocity_so_far_is_seen_beside_the_velocity_before_it() -> None:
    first, second = body(0, 0), body(1.5, 0, vel=(-3, 0))
    changed = [torch.cat([end, torch.tensor([[push, 0.0]]).double()], dim=1) for end, push in ((first, 4), (second, 0))]
    _, features = Contact(0.1).double()(*changed)
    before, after = features[0, NOW + 1 : NOW + 3].tolist()
    assert before == pytest.approx(3 / math.hypot(3, 7))
    assert after == pytest.approx(7 / math.hypot(3, 7))


def test_what_cannot_meet_in_a_step_is_not_near() -> None:
    contact = Contact(0.5)
    first = body(0, 0).repeat(3, 1)
    second = torch.cat([body(1.5, 0), body(1.5, 0, vel=(-2, 0)), body(5, 0, vel=(-2, 0))])
    assert contact.near(first, second).all()  # before anything is measured
    contact.normal.scale[1] = 0.4
    contact.measure_reach()
    assert contact.near(first, second).tolist() == [False, True, False]


def test_bodies_are_near_where_the_gap_after_a_free_step_is_under_the_limit() -> None:
    contact = Contact(0.5)
    assert contact.ahead == 0.5
    assert contact.limit == math.inf
    contact.reach.fill_(0.25)
    assert contact.limit == 0.25
    gaps = (0.0, 0.2, 0.3)
    second = torch.cat([body(3 + gap, 0, vel=(-4, 0)) for gap in gaps])
    assert contact.near(body(0, 0).repeat(3, 1), second).tolist() == [True, True, False]


def test_a_link_sees_how_much_longer_it_is_than_at_rest() -> None:
    attributes = torch.tensor([[2.0, 50.0, 0.1]]).double()
    _, features = Link().double()(torch.zeros(1, 4).double(), torch.tensor([[3.0, 4.0, 0.0, 1.0]]).double(), attributes)
    assert features[0, :3].tolist() == pytest.approx([3.0, 0.8, 0.6])
    assert features[0, 6:].tolist() == pytest.approx(attributes.log()[0].tolist())


@pytest.mark.parametrize("kind", ENDS)
def test_looking_from_the_other_end_only_turns_the_direction_round(kind: str) -> None:
    geometry, size = made(kind), ENDS[kind]
    first, second = random(9, size), random(9, size, seed=1)
    more = (random(9, 3, seed=2).abs(),) if kind == "link" else ()
    there, features = geometry(first, second, *more)
    back, same = geometry(second, first, *more)
    assert (there + back).abs().max() < 1e-12
    assert (features - same).abs().max() < 1e-9
