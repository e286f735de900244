from __future__ import annotations

import pytest
import torch

from learners.physics.baselines import ConstantVelocity
from learners.physics.one_step import SquaredErrors, one_step_errors
from physim.engines.rollout import rollout
from physim.scenes.scene import BODY_TYPES, Scene
from physim.scenes.trajectory import Trajectory
from worlds import NBody

WORLD = NBody(bodies=3)


def truth(sizes: tuple[int, ...] = (3, 3, 3)) -> Trajectory:
    scenes = [NBody(bodies=bodies).scene(7, index) for index, bodies in enumerate(sizes)]
    return rollout(WORLD.engine(), Scene.batch_of(scenes), 11)


def ignore(steps: int) -> None:
    pass


@pytest.mark.parametrize("sizes", [(3, 3, 3), (2, 5)])
@pytest.mark.parametrize("stride", [1, 4])
def test_constant_velocity_errs_by_the_change_of_velocity(sizes: tuple[int, ...], stride: int) -> None:
    true = truth(sizes)
    change = [(true.vel[instant + 1] - true.vel[instant]).square() for instant in range(0, 11, stride)]
    measured = one_step_errors(ConstantVelocity(1e-3), true, stride, ignore)
    assert measured.mean == pytest.approx(float(torch.stack(change).mean()), rel=1e-12)
    assert measured.count == 2 * sum(sizes) * len(change)


def test_the_truth_makes_no_error() -> None:
    assert one_step_errors(WORLD.engine(), truth(), 1, ignore).mean == 0


def test_bodies_that_cannot_move_are_not_counted() -> None:
    true = truth((3,))
    fixed = true.scene.moved(body_type=torch.tensor([0, 0, BODY_TYPES.index("static")]))
    vel = true.vel.clone()
    vel[:, 2] += torch.arange(12.0)[:, None]  # an error that nobody may count
    measured = one_step_errors(ConstantVelocity(1e-3), Trajectory(fixed, true.pos, vel, *unturned(true)), 1, ignore)
    assert measured.mean == pytest.approx(float((true.vel[1:, :2] - true.vel[:-1, :2]).square().mean()), rel=1e-12)


def test_parts_add_up_to_the_whole() -> None:
    engine = ConstantVelocity(1e-3)
    parts = [rollout(WORLD.engine(), WORLD.scene(7, index), 11) for index in range(3)]
    added = sum((one_step_errors(engine, part, 2, ignore) for part in parts), SquaredErrors())
    assert added.mean == pytest.approx(one_step_errors(engine, truth(), 2, ignore).mean, rel=1e-12)


def test_every_step_made_is_told() -> None:
    told: list[int] = []
    one_step_errors(ConstantVelocity(1e-3), truth(), 4, told.append)
    assert sum(told) == 3


def unturned(true: Trajectory) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return true.angle, true.angular_velocity, true.times
