from __future__ import annotations

import math

import pytest
import torch

from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.measures import energies, energy_drift
from physim.scenes.scene import CIRCLE, SEGMENT, STATIC, Scene
from physim.worlds.contract import check_world
from worlds.balls import Balls
from worlds.boxes import FULL, LOOSE


def gaps(scene: Scene) -> torch.Tensor:
    """The smallest distance between the surfaces of two balls."""
    balls = scene.shape == CIRCLE
    pos, radius = scene.pos[balls], scene.radius[balls]
    apart = (pos[:, None] - pos[None]).norm(dim=-1) - radius[:, None] - radius[None]
    return apart.masked_fill(torch.eye(len(pos), dtype=torch.bool), math.inf).min()


def fill(scene: Scene) -> tuple[float, torch.Tensor]:
    """The share of the box that the balls fill, and half of its sides."""
    walls = scene.shape == SEGMENT
    half = scene.pos[walls].abs().max(dim=0).values - scene.radius[walls][0]
    area = math.pi * float(scene.radius[~walls].square().sum())
    return area / float(4 * half.prod()), half


@pytest.mark.parametrize("world", [Balls(), Balls(balls=1), Balls(balls=30, substeps=2)])
def test_the_contract_holds(world: Balls) -> None:
    check_world(world)


@pytest.mark.parametrize("balls", [3, 6, 9, 30])
def test_balls_start_apart_inside_their_box(balls: int) -> None:
    for scene in Balls(balls=balls).scenes(seed=3, count=20):
        share, half = fill(scene)
        assert gaps(scene) > 0
        assert share <= FULL + 1e-9
        assert balls <= 9 or share == pytest.approx(LOOSE)
        inside = scene.pos[:].abs() + scene.radius[:, None] <= half + 1e-9
        assert inside[scene.shape == CIRCLE].all()
        assert (scene.body_type[scene.shape == SEGMENT] == STATIC).all()


def test_restitutions_of_pairs_are_the_papers() -> None:
    elasticity = torch.stack([scene.elasticity for scene in Balls().scenes(seed=3, count=200)])
    pairs = elasticity[:, :1] * elasticity[:, 1:]
    assert 0.4 <= pairs.min() < 0.5
    assert 0.95 < pairs.max() <= 1


def test_elastic_balls_keep_their_energy_within_the_stated_band() -> None:
    world = Balls(restitution=1.0)
    run = rollout(world.engine(), Scene.batch_of(world.scenes(seed=3, count=10)), steps=1000)
    start, end = energies(run.at(0)), energies(run.at(-1))
    assert start is not None
    assert end is not None
    assert energy_drift(end, start).abs().max() < world.energy_band
    assert (run.vel[-1] - run.vel[0]).abs().max() > 1


def test_the_error_of_constant_velocity_is_near_the_papers() -> None:
    world = Balls()
    run = rollout(world.engine(), Scene.batch_of(world.scenes(seed=90_000, count=100)), steps=1000)
    moves = run.scene.inverse_mass > 0
    assert 0.03 < float(run.vel.diff(dim=0)[:, moves].square().mean()) < 0.09


@pytest.mark.parametrize(("name", "value"), [("balls", 0), ("restitution", 1.5), ("restitution", -0.1)])
def test_bad_parameters_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(PhysimError, match=f"{name} must be .* got {value}"):
        Balls(**{name: value})  # type: ignore[arg-type]
