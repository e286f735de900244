from __future__ import annotations

import math
from dataclasses import replace

import pymunk
import pytest
import torch

from learners.physics.baselines import ConstantVelocity
from physim import measures
from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.scenes.scene import STATIC, Scene
from physim.scenes.spaces import scene_of
from worlds.charges import Charges
from worlds.nbody import NBody
from worlds.strings import Strings
from worlds.swirl import Swirl


def spring_pendulum() -> Scene:
    space = pymunk.Space()
    space.gravity = 0, -9.8
    body = pymunk.Body(2.0, 3.0)
    body.position, body.angular_velocity = (1.0, 0.0), 2.0
    space.add(body, pymunk.DampedSpring(body, space.static_body, (0, 0), (0, 0), 0.7, 50.0, 0.0))
    return scene_of(space)


def test_energies_of_a_body_by_hand() -> None:
    scene = spring_pendulum()
    assert measures.kinetic_energy(scene).tolist() == [0.5 * 3 * 4]
    energy = measures.potential_energy(scene.moved(pos=scene.pos + torch.tensor([[0.0, 1.0], [0.0, 1.0]])))
    assert energy is not None
    assert energy.item() == pytest.approx(2 * 9.8 * 1 + 0.5 * 50 * 0.3**2)


def test_the_energy_of_a_spring_pendulum_is_kept() -> None:
    trajectory = rollout(PymunkEngine(1e-4), spring_pendulum(), steps=2000)
    potential = measures.potential_energy(trajectory)
    assert potential is not None
    total = (measures.kinetic_energy(trajectory) + potential)[:, 0]
    assert (total - total[0]).abs().max() < 1e-3 * (potential.max() - potential.min())


@pytest.mark.parametrize("world", [NBody(bodies=4, dt=1e-4), Charges(bodies=4, dt=1e-4)], ids=str)
def test_energy_and_momenta_of_free_bodies_are_kept(world: NBody | Charges) -> None:
    scenes = Scene.batch_of(world.scenes(seed=1, count=5))
    trajectory = rollout(world.engine(), scenes, steps=200)
    kinetic, potential = measures.kinetic_energy(trajectory), measures.potential_energy(trajectory, world.forces)
    assert potential is not None
    assert kinetic.shape == potential.shape == (201, 5)
    total = kinetic + potential
    assert ((total - total[0]).abs() / kinetic.max(dim=0).values.clamp(min=1)).max() < 2e-2
    momentum, angular = measures.momentum(trajectory), measures.angular_momentum(trajectory)
    scale = (scenes.mass.sum() * trajectory.vel.norm(dim=-1).max()).item()
    assert torch.allclose(momentum, momentum[0].expand_as(momentum), atol=1e-12 * scale)
    assert torch.allclose(angular, angular[0].expand_as(angular), atol=1e-9 * scale)


def test_swirl_keeps_momentum_and_has_no_potential() -> None:
    world = Swirl(bodies=4)
    trajectory = rollout(world.engine(), world.scene(seed=1), steps=50)
    momentum = measures.momentum(trajectory)
    assert torch.allclose(momentum, momentum[0].expand_as(momentum), atol=1e-9)
    assert measures.potential_energy(trajectory, world.forces) is None


def test_a_batch_of_unlike_scenes_is_measured_scene_by_scene() -> None:
    scenes = [NBody(bodies=count).scene(seed=count) for count in (1, 4, 2)]
    batch, forces = Scene.batch_of(scenes), NBody().forces
    together = measures.potential_energy(batch, forces)
    alone = [measures.potential_energy(scene, forces) for scene in scenes]
    assert together is not None
    assert together.tolist() == pytest.approx([float(energy) for energy in alone if energy is not None])
    assert measures.momentum(batch).shape == (3, 2)


def test_the_position_error_is_the_root_mean_square_over_bodies() -> None:
    truth = Scene.batch_of([NBody(bodies=count).scene(seed=1) for count in (2, 3)])
    pos = truth.pos.clone()
    pos[0] += torch.tensor([3.0, 4.0])
    error = measures.position_error(truth.moved(pos=pos), truth)
    assert error.tolist() == pytest.approx([5 / math.sqrt(2), 0])
    with pytest.raises(PhysimError, match="pos has shape"):
        measures.position_error(truth, NBody().scene(seed=1))


def test_the_horizon_is_the_first_step_past_the_limit() -> None:
    error = torch.tensor([[0.0, 0.0, 0.0], [1.0, 9.0, math.nan], [6.0, 1.0, 1.0], [1.0, 1.0, 9.0], [5.0, 5.0, 5.0]])
    assert measures.horizon(error, 5.0).tolist() == [2, 1, 1]
    assert measures.horizon(error, 10.0).tolist() == [5, 5, 1]


def test_what_is_not_finite_is_the_worst_of_a_median() -> None:
    assert measures.median(torch.tensor([1.0, math.nan, 3.0])) == 3.0
    assert measures.median(torch.tensor([math.nan, math.inf, 3.0])) == math.inf


def test_drifts_of_two_bodies_by_hand() -> None:
    pos, forces = torch.tensor([[0.0, 0.0], [20.0, 0.0]]), NBody().forces
    start = Scene.of(pos, torch.tensor([[0.0, 0.0], [10.0, 0.0]]), torch.ones(2))
    later = start.moved(pos=pos.double() * 1.5, vel=torch.tensor([[0.0, 5.0], [10.0, 0.0]], dtype=torch.float64))
    kinetic, before, after = 50, -6e4 / 20, -6e4 / 30
    energies = measures.energies(later, forces), measures.energies(start, forces)
    assert energies[0] is not None
    assert energies[1] is not None
    assert measures.energy_drift(*energies).item() == pytest.approx((12.5 + after - before) / (kinetic - before))
    assert measures.momentum_drift(later, start).item() == pytest.approx(5 / 10)


def test_drifts_are_never_divided_by_nothing() -> None:
    still = Scene.of(torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1))
    moved = still.moved(vel=torch.tensor([[3.0, 4.0]], dtype=torch.float64))
    for motion, energy, momentum in ((still, 0, 0), (moved, 1, 1)):
        energies = measures.energies(motion), measures.energies(still)
        assert energies[0] is not None
        assert energies[1] is not None
        assert (measures.energy_drift(*energies).item(), measures.momentum_drift(motion, still).item()) == (
            energy,
            momentum,
        )


def test_forces_without_a_potential_have_no_energies() -> None:
    assert measures.energies(Swirl(bodies=3).scene(seed=1), Swirl().forces) is None


def test_springs_are_measured_once_each_and_against_the_truth() -> None:
    world = Strings(masses=4, pins=2)
    scene = Scene.batch_of(world.scenes(seed=1, count=2))
    run = rollout(world.engine(), scene, steps=50)
    assert measures.spring_lengths(scene).tolist() == pytest.approx([0.2] * 6)
    assert measures.relative_spring_lengths(run, run).eq(1).all()
    wide = replace(run, pos=run.pos * 3)
    assert torch.allclose(measures.relative_spring_lengths(wide, run), torch.tensor(3.0, dtype=torch.float64))
    assert measures.spring_lengths(NBody().scene(seed=1)).shape == (0,)


def test_the_drift_of_static_bodies_is_the_farthest_of_all_instants() -> None:
    world = Strings(masses=4, pins=1)
    run = rollout(world.engine(), Scene.batch_of(world.scenes(seed=1, count=3)), steps=20)
    assert measures.static_drift(run).tolist() == [0, 0, 0]
    pos = run.pos.clone()
    pinned = int((run.scene.body_type == STATIC).nonzero()[0])
    pos[7, pinned] += torch.tensor([3.0, 4.0])
    assert measures.static_drift(replace(run, pos=pos)).tolist() == pytest.approx([5, 0, 0])
    pos[9, pinned] = math.nan
    assert measures.static_drift(replace(run, pos=pos)).tolist() == [math.inf, 0, 0]


def test_kinetic_energy_is_relative_to_the_start_where_something_moved() -> None:
    world = NBody(bodies=2)
    run = rollout(ConstantVelocity(1e-3), world.scene(seed=1), steps=2)
    faster = replace(run, vel=run.vel * torch.tensor([1.0, 2.0, 3.0])[:, None, None])
    assert measures.relative_kinetic_energy(faster)[:, 0].tolist() == pytest.approx([1, 4, 9])
    falling = rollout(Strings().engine(), Strings().scene(seed=1), steps=3)
    assert measures.relative_kinetic_energy(falling).isnan().all()


def test_springs_are_as_long_as_from_anchor_to_anchor() -> None:
    space = pymunk.Space()
    body = pymunk.Body(1.0, 1.0)
    body.position, body.angle = (3.0, 1.0), math.pi / 2
    space.add(body, pymunk.DampedSpring(space.static_body, body, (0, 1), (0.5, 1.0), 1.5, 8.0, 0.0))
    scene = scene_of(space)  # the anchor on the body lies at (2, 1.5)
    assert measures.spring_lengths(scene).item() == pytest.approx(math.hypot(2, 0.5))
    energy = measures.potential_energy(scene)
    assert energy is not None
    assert energy.item() == pytest.approx(4.0 * (math.hypot(2, 0.5) - 1.5) ** 2)


def test_the_energy_of_a_body_on_springs_at_its_rim_is_kept() -> None:
    space = pymunk.Space()
    body = pymunk.Body(2.0, 0.4)
    body.position, body.angle, body.velocity = (1.0, 0.3), 0.4, (0.5, 0.0)
    for side in (-1, 1):
        space.add(pymunk.DampedSpring(body, space.static_body, (side, 0.2), (2 * side, 2), 0.7, 50.0, 0.0))
    space.add(body)
    trajectory = rollout(PymunkEngine(1e-4), scene_of(space), steps=4000)
    potential = measures.potential_energy(trajectory)
    assert potential is not None
    total = (measures.kinetic_energy(trajectory) + potential)[:, 0]
    assert trajectory.angular_velocity[:, 0].abs().max() > 1
    assert (total - total[0]).abs().max() < 1e-3 * (potential.max() - potential.min())
