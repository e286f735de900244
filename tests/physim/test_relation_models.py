from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from physim.relation_models import Contact, Drift, Motion, Separation, SymmetricMessage, Traits


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
    direction, features = Contact(0.1).double()(body(0, 0, half=(3, 0)), body(*ball))
    assert direction.tolist() == [[pytest.approx(towards[0]), pytest.approx(towards[1])]]
    assert float(features[0, 1]) == pytest.approx(distance)


def test_the_gap_after_a_free_step_is_among_the_features() -> None:
    contact = Contact(0.5).double()
    _, still = contact(body(0, 0), body(1.5, 0))
    _, meeting = contact(body(0, 0), body(1.5, 0, vel=(-2, 0)))
    now, soon = 4, 5
    assert meeting[0, now] == still[0, now]
    assert meeting[0, soon] < 0 < still[0, soon]
    assert meeting[0, 2] == -2.0


@pytest.mark.parametrize("kind", ["separation", "contact"])
def test_looking_from_the_other_end_only_turns_the_direction_round(kind: str) -> None:
    geometry = Separation() if kind == "separation" else Contact(0.1)
    size = 2 if kind == "separation" else 7
    first, second = random(9, size), random(9, size, seed=1)
    there, features = geometry.double()(first, second)
    back, same = geometry(second, first)
    assert (there + back).abs().max() < 1e-12
    assert (features - same).abs().max() < 1e-9


def test_a_message_looked_at_from_the_other_end_is_its_opposite() -> None:
    message = SymmetricMessage(geometry=3, traits=2, width=8, depth=2).double()
    direction, geometry, first, second = random(5, 2), random(5, 3, seed=1), random(5, 2, seed=2), random(5, 2, seed=3)
    there = message(direction, geometry, first, second)
    assert there.abs().min() > 0
    assert torch.equal(there, -message(-direction, geometry, second, first))


def test_messages_stay_finite_however_far_the_features_go() -> None:
    message = SymmetricMessage(geometry=1, traits=1, width=8, depth=1)
    huge = torch.full((4, 1), 1e4)
    assert torch.isfinite(message(torch.ones(4, 2), huge, huge, -huge)).all()


def test_motion_measures_the_geometric_mean_of_the_impulses() -> None:
    motion = Motion()
    change, inverse_mass = torch.tensor([[3.0, 4.0], [0.0, 0.2], [0.0, 0.0], [9.0, 9.0]]), torch.ones(4, 1)
    inverse_mass[1], inverse_mass[3] = 0.1, 0.0
    motion.measure(change, inverse_mass)
    assert float(motion.log_scale.exp()) == pytest.approx(math.sqrt(5 * 2))


def test_motion_without_any_impulse_keeps_its_scale() -> None:
    motion = Motion()
    motion.measure(torch.zeros(3, 2), torch.ones(3, 1))
    assert float(motion.log_scale) == 0.0


def test_a_drift_starts_from_rest_and_leaves_static_bodies_alone() -> None:
    drift = Drift(4)
    assert not drift(torch.ones(2, 2), torch.ones(2, 2), torch.ones(2, 1)).any()
    drift.line.bias.data.fill_(1.0)
    assert drift(torch.ones(2, 2), torch.ones(2, 2), torch.tensor([[0.5], [0.0]])).tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_traits_of_charges_of_both_signs_and_of_none_are_finite_and_differ() -> None:
    traits = Traits(1, 4)(torch.tensor([[-2.0], [0.0], [2.0]]))
    assert torch.isfinite(traits).all()
    assert len(traits.unique(dim=0)) == 3
