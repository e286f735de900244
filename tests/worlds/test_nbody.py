from __future__ import annotations

import pytest
import torch

from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.scenes.scene import Scene
from physim.worlds.contract import check_world
from worlds.nbody import STAR_MASS, NBody


def halves(bodies: int = 6, count: int = 200) -> tuple[list[Scene], list[Scene]]:
    scenes = NBody(bodies=bodies).scenes(seed=1, count=count)
    return [s for s in scenes if s.mass[0] == STAR_MASS], [s for s in scenes if s.mass[0] != STAR_MASS]


def turning(scene: Scene) -> torch.Tensor:
    return scene.pos[:, 0] * scene.vel[:, 1] - scene.pos[:, 1] * scene.vel[:, 0]


def test_the_contract_holds() -> None:
    check_world(NBody())
    check_world(NBody(bodies=1, substeps=2))


def test_half_of_the_scenes_orbit_in_either_direction() -> None:
    orbits, clouds = halves()
    assert 75 <= len(orbits) <= 125
    directions = [turning(scene)[1:].sign() for scene in orbits]
    assert all((signs == signs[0]).all() for signs in directions)
    assert 0.3 < sum(float(signs[0] > 0) for signs in directions) / len(orbits) < 0.7
    assert all(scene.vel.abs().max() <= 3 for scene in clouds)


def test_planets_around_a_star_start_on_circles() -> None:
    world = NBody(bodies=2)
    scene = next(s for s in world.scenes(seed=1, count=20) if s.mass[0] == STAR_MASS)
    scene.mass[1] = 1e-9
    distance = rollout(world.engine(), scene, steps=500).pos[:, 1].norm(dim=-1)
    assert torch.allclose(distance, distance[:1], rtol=1e-2)
    assert scene.vel[0].tolist() == [0.0, 0.0]


def test_masses_and_distances_are_the_papers() -> None:
    _, clouds = halves()
    mass = torch.cat([scene.mass for scene in clouds])
    distance = torch.cat([scene.pos.norm(dim=-1) for scene in clouds])
    assert 0.02 <= mass.min() < 0.2
    assert 8.8 < mass.max() <= 9
    assert 10 <= distance.min() < 12
    assert 98 < distance.max() <= 100


def test_the_error_of_constant_velocity_is_near_the_papers() -> None:
    world = NBody()
    trajectory = rollout(world.engine(), Scene.batch_of(world.scenes(seed=90_000, count=500)), steps=1000)
    assert 60 < float(trajectory.vel.diff(dim=0).square().mean()) < 110


@pytest.mark.parametrize("bodies", [0, -3])
def test_no_bodies_are_refused(bodies: int) -> None:
    with pytest.raises(PhysimError, match=f"bodies must be above 0, got {bodies}"):
        NBody(bodies=bodies)
