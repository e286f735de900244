from __future__ import annotations

import math

import pytest
import torch

from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.scenes.scene import CIRCLE, Scene
from physim.worlds.contract import check_world
from worlds.balls import Balls
from worlds.putty import Putty


def head_on(speed: float) -> Scene:
    """Two equal, elastic discs about to meet at a relative `speed`."""
    pos = torch.tensor([[0.0, 0.0], [1.001, 0.0]], dtype=torch.float64)
    vel = torch.tensor([[speed, 0.0], [0.0, 0.0]], dtype=torch.float64)
    half, one = torch.full((2,), 0.5), torch.ones(2)
    return Scene.of(pos, vel, one, shape=torch.tensor([CIRCLE] * 2), radius=half, elasticity=one)


def test_the_contract_holds() -> None:
    check_world(Putty())


@pytest.mark.parametrize("speed", [0.5, 2.0, 8.0])
def test_restitution_falls_with_the_speed_of_the_impact(speed: float) -> None:
    run = rollout(Putty(softness=2.0, dt=1e-2).engine(), head_on(speed), steps=30)
    apart = float(run.vel[-1, 1, 0] - run.vel[-1, 0, 0])
    assert apart / speed == pytest.approx(1 / (1 + speed / 2))


def test_putty_that_never_softens_is_balls() -> None:
    scene = Balls().scene(seed=3)
    runs = [rollout(world.engine(), scene, steps=300) for world in (Balls(), Putty(softness=1e12))]
    assert (runs[0].pos - runs[1].pos).abs().max() < 1e-6
    assert (runs[0].vel[-1] - runs[0].vel[0]).abs().max() > 0.1


@pytest.mark.parametrize("softness", [0.0, -1.0, math.nan])
def test_bad_softness_is_refused(softness: float) -> None:
    with pytest.raises(PhysimError, match="softness"):
        Putty(softness=softness)
