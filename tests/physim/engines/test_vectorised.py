from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.engines.vectorised import VectorEngine
from physim.errors import PhysimError
from physim.scenes.forces import Gravity
from physim.scenes.scene import BODY_TYPES, Scene
from worlds.charges import Charges
from worlds.nbody import NBody
from worlds.points import PointWorld
from worlds.swirl import Swirl

DT = 1e-3


@pytest.mark.parametrize("world", [NBody(), NBody(bodies=3, substeps=3), Charges(bodies=5), Swirl(bodies=9)], ids=str)
def test_it_equals_pymunk(world: PointWorld) -> None:
    scene = world.scene(seed=2)
    vectorised = rollout(world.engine(), scene, steps=200)
    pymunk = rollout(PymunkEngine(world.dt, world.substeps, world.forces), scene, steps=200)
    assert torch.allclose(vectorised.pos, pymunk.pos, rtol=1e-12, atol=1e-9)
    assert torch.allclose(vectorised.vel, pymunk.vel, rtol=1e-12, atol=1e-9)


def test_it_equals_pymunk_with_gravity_damping_turning_and_bodies_that_do_not_feel() -> None:
    kinds = torch.tensor([BODY_TYPES.index(name) for name in ("dynamic", "kinematic", "static", "dynamic")])
    free = kinds == 0
    scene = NBody(bodies=4).scene(seed=2)
    scene = scene.moved(
        body_type=kinds,
        mass=torch.where(free, scene.mass, 0.0),
        moment=torch.where(free, 2.0, torch.inf).double(),
        angular_velocity=torch.tensor([1.0, 2.0, 0.0, -3.0], dtype=torch.float64),
        gravity=torch.tensor([[1.0, -9.8]], dtype=torch.float64),
        damping=torch.tensor([0.5], dtype=torch.float64),
    )
    forces = Gravity(1e4, 1.0)
    first, second = (
        rollout(engine, scene, 50) for engine in (VectorEngine(0.01, forces, 2), PymunkEngine(0.01, 2, forces))
    )
    for name in ("pos", "vel", "angle", "angular_velocity"):
        assert torch.allclose(getattr(first, name), getattr(second, name), rtol=1e-12, atol=1e-10), name


def test_a_scene_moves_the_same_bits_whatever_else_is_in_the_batch() -> None:
    engine = NBody().engine()
    scenes = [NBody(bodies=count).scene(seed=k) for k, count in enumerate((6, 3, 6, 1, 12, 3))]
    together = rollout(engine, Scene.batch_of(scenes), steps=50)
    alone = [rollout(engine, scene, steps=50) for scene in scenes]
    assert torch.equal(together.pos, torch.cat([part.pos for part in alone], dim=1))
    assert torch.equal(together.vel, torch.cat([part.vel for part in alone], dim=1))


def test_it_converges_to_dop853_in_first_order_of_dt() -> None:
    forces = Gravity(6e4, softening=6.0)
    scene = NBody(bodies=4).scene(seed=5)
    mass, shape = scene.mass.numpy(), scene.pos.shape

    def slope(_: float, values: np.ndarray) -> np.ndarray:
        pos, vel = values.reshape(2, *shape)
        force = forces(pos[None], vel[None], {"mass": mass[None]})[0]
        return np.concatenate([vel.ravel(), (force / mass[:, None]).ravel()])

    start = np.concatenate([scene.pos.ravel(), scene.vel.ravel()])
    exact = solve_ivp(slope, (0, 0.2), start, method="DOP853", rtol=1e-11, atol=1e-10).y[: scene.pos.numel(), -1]
    errors = []
    for steps in (100, 200, 400, 800):
        reached = rollout(VectorEngine(0.2 / steps, forces), scene, steps).pos[-1].ravel().numpy()
        errors.append(float(np.abs(reached - exact).max()))
    ratios = np.array(errors[:-1]) / errors[1:]
    assert np.allclose(ratios, 2, atol=0.1), errors


def test_a_state_offers_its_scene_as_a_copy() -> None:
    world = NBody(bodies=3)
    state = world.engine().start(world.scene(seed=1))
    scene = state.scene
    scene.pos += 1
    assert np.array_equal(state.pos + 1, scene.pos.numpy())


def test_shapes_and_springs_are_refused() -> None:
    scene, engine = NBody(bodies=3).scene(seed=1), NBody().engine()
    with pytest.raises(PhysimError, match="points only"):
        engine.start(scene.moved(shape=torch.ones(3, dtype=torch.int64)))
    with pytest.raises(PhysimError, match="springs or joints"):
        engine.start(scene.moved(edge_kind=torch.ones(6, dtype=torch.int64)))
