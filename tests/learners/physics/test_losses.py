from __future__ import annotations

import pytest
import torch
from torch import Tensor

from learners.physics.losses import EffectSize, ImpulseError, VelocityError
from physim.graph import ModuleGraph, Port

Targets = dict[str, Tensor]


@pytest.fixture
def port() -> Port:
    return ModuleGraph().input("velocity_change")


def targets(bodies: int, scenes: int, seed: int = 0) -> Targets:
    random = torch.Generator().manual_seed(seed)
    wanted = torch.randn(bodies * scenes, 2, generator=random, dtype=torch.float64)
    return {
        "velocity_change": wanted,
        "velocity": wanted,
        "moves": torch.ones(bodies * scenes, 1),
        "mass": torch.rand(bodies * scenes, 1, generator=random) + 0.5,
        "scene": torch.arange(scenes).repeat_interleave(bodies),
    }


def rows(values: Targets, start: int, stop: int) -> Targets:
    part = {name: value[start:stop] for name, value in values.items()}
    return part | {"scene": part["scene"] - part["scene"][0]}


def test_the_velocity_error_is_the_mean_square_in_units_of_the_usual_change(port: Port) -> None:
    given = targets(2, 3)
    error = VelocityError(port, typical=0.5).value((given["velocity"] + 0.1,), given)
    assert float(error) == pytest.approx(0.1**2 / 0.5**2)


def test_the_velocity_error_of_a_change_is_that_of_the_velocity(port: Port) -> None:
    given = targets(2, 3) | {"velocity": torch.full((6, 2), 7.0, dtype=torch.float64)}
    change = given["velocity_change"] + 0.1
    of_velocity = VelocityError(ModuleGraph().input("velocity"), 0.5).value((given["velocity"] + 0.1,), given)
    assert float(VelocityError(port, 0.5).value((change,), given)) == pytest.approx(float(of_velocity))


def test_perfect_predictions_cost_nothing(port: Port) -> None:
    given = targets(2, 32)
    assert float(VelocityError(port, 1.0).value((given["velocity"],), given)) == 0.0
    assert float(ImpulseError(port, 0.1, 1.0).value((given["velocity_change"],), given)) < 1e-5


def test_an_error_grows_with_its_size(port: Port) -> None:
    given = targets(3, 32)
    loss = ImpulseError(port, 0.1, 1.0)
    small, large = (loss.value((given["velocity_change"] * (1 + part),), given) for part in (0.01, 0.1))
    assert float(large) == pytest.approx(10 * float(small), rel=1e-2)


@pytest.mark.parametrize("kind", [ImpulseError, VelocityError])
def test_bodies_that_cannot_move_do_not_count(kind: type, port: Port) -> None:
    given = targets(2, 32)
    given["moves"][::2] = 0
    loss = VelocityError(port, 1.0) if kind is VelocityError else ImpulseError(port, 0.1, 1.0)
    wrong = given["velocity"].clone()
    wrong[::2] += 100
    assert torch.equal(loss.value((wrong,), given), loss.value((given["velocity"],), given))


@pytest.mark.parametrize("kind", [ImpulseError, VelocityError])
def test_the_mean_over_two_halves_of_a_batch_is_that_of_the_batch(kind: type, port: Port) -> None:
    given = targets(3, 64)
    loss = VelocityError(port, 1.0) if kind is VelocityError else ImpulseError(port, 0.1, 1.0)
    output = given["velocity"] + torch.randn(192, 2, generator=torch.Generator().manual_seed(1))
    halves = [
        loss.value((output[part],), rows(given, part.start, part.stop)) for part in (slice(0, 96), slice(96, 192))
    ]
    assert float(sum(halves) / 2) == pytest.approx(float(loss.value((output,), given)), rel=1e-12)


def test_slopes_stay_finite_where_the_prediction_is_perfect(port: Port) -> None:
    given = targets(2, 32)
    output = given["velocity_change"].clone().requires_grad_()
    ImpulseError(port, 0.1, 1.0).value((output,), given).backward()
    assert output.grad is not None
    assert torch.isfinite(output.grad).all()


def test_effects_cost_their_mean_square(port: Port) -> None:
    assert float(EffectSize(port, 0.5).value((torch.tensor([[3.0, 1.0]]),), {})) == 2.5
