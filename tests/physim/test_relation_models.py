from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from physim.normalisers import measuring
from physim.relation_models import Drift, Motion, SymmetricMessage, Traits


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_message_looked_at_from_the_other_end_is_its_opposite() -> None:
    message = SymmetricMessage(geometry=3, traits=2).double()
    direction, geometry, first, second = random(5, 2), random(5, 3, seed=1), random(5, 2, seed=2), random(5, 2, seed=3)
    there = message(direction, geometry, first, second)
    assert there.abs().min() > 0
    assert torch.equal(there, -message(-direction, geometry, second, first))


def test_messages_stay_finite_however_far_the_features_go() -> None:
    message = SymmetricMessage(geometry=1, traits=1)
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


def test_a_sudden_motion_measures_the_impulses_of_collisions() -> None:
    motion = Motion(sudden=True)
    motion.measure(torch.tensor([[1e-3, 0.0]] * 99 + [[0.0, 2.0]]), torch.ones(100, 1))
    assert float(motion.log_scale.exp()) == pytest.approx(2.0, rel=0.5)


def test_a_drift_starts_from_rest_and_leaves_static_bodies_alone() -> None:
    drift, gravity, inverse_mass = Drift(4, damped=False), torch.ones(2, 2), torch.tensor([[0.5], [0.0]])
    assert not drift(gravity, inverse_mass).any()
    drift.line.bias.data.fill_(1.0)
    assert drift(gravity, inverse_mass).tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_only_a_damped_drift_sees_the_velocity() -> None:
    drift = Drift(4, damped=True)
    drift.line.weight.data.fill_(1.0)
    one, external = torch.ones(1, 1), torch.zeros(1, 2)
    assert not torch.equal(drift(external, one, torch.ones(1, 2)), drift(external, one, torch.zeros(1, 2)))


def test_a_drift_measures_the_usual_change_of_velocity() -> None:
    drift = Drift(4, damped=False)
    drift.measure(torch.tensor([[3.0, 4.0], [0.0, 0.2], [0.0, 0.0], [9.0, 9.0]]), torch.tensor([[1.0], [1], [1], [0]]))
    assert float(drift.log_scale.exp()) == pytest.approx(1.0)


def test_traits_of_charges_of_both_signs_and_of_none_are_finite_and_differ() -> None:
    traits = Traits(1, 4)(torch.tensor([[-2.0], [0.0], [2.0]]), torch.ones(3, 1))
    assert torch.isfinite(traits).all()
    assert len(traits.unique(dim=0)) == 3


def test_the_scale_of_attributes_is_that_of_the_objects_that_move() -> None:
    traits = Traits(1, 2, statics=True)
    columns = torch.tensor([[2.0], [4.0], [0.0], [0.0]])
    inverse_mass = torch.tensor([[1 / 2], [1 / 4], [0.0], [0.0]])
    with measuring(traits):
        traits(columns, inverse_mass)
    assert float(traits.normal.centre[0]) == pytest.approx(3.0)
    absent = traits(columns, inverse_mass)[2]
    assert torch.allclose(absent, traits.code.bias + traits.code.weight[:, -1])
