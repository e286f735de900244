from __future__ import annotations

import numpy as np
import pymunk
import pytest
import torch

from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.scenes.forces import Gravity
from physim.scenes.scene import Scene
from physim.scenes.spaces import scene_of
from worlds.nbody import NBody


def boxed_balls() -> pymunk.Space:
    space = pymunk.Space()
    space.gravity = 0, -9.8
    rng = np.random.default_rng(0)
    corners = [(0, 0), (3, 0), (3, 3), (0, 3)]
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        wall = pymunk.Segment(space.static_body, a, b, 0.05)
        wall.elasticity, wall.friction = 0.9, 0.5
        space.add(wall)
    for k in range(4):
        ball = pymunk.Body(1, 0.1)
        ball.position, ball.velocity = (0.5 + 0.6 * k, 1.5), tuple(rng.normal(size=2))
        shape = pymunk.Circle(ball, 0.2)
        shape.elasticity, shape.friction = 0.9, 0.5
        space.add(ball, shape)
    return space


def test_the_engine_moves_bodies_as_the_users_own_loop() -> None:
    space = boxed_balls()
    trajectory = rollout(PymunkEngine(1 / 60, substeps=10), scene_of(boxed_balls()), steps=30)
    for _ in range(300):
        space.step(1 / 60 / 10)
    balls = torch.tensor([body.position for body in space.bodies], dtype=torch.float64)
    turns = torch.tensor([body.angle for body in space.bodies], dtype=torch.float64)
    assert torch.allclose(trajectory.pos[-1, :4], balls, atol=1e-9)
    assert torch.allclose(trajectory.angle[-1, :4], turns, atol=1e-9)
    assert turns.abs().max() > 0.01


def test_static_objects_stay_where_they_are() -> None:
    trajectory = rollout(PymunkEngine(1 / 60), scene_of(boxed_balls()), steps=30)
    assert torch.equal(trajectory.pos[:, 4:], trajectory.scene.pos[4:].expand(31, -1, -1))


def test_a_batch_runs_as_its_scenes_do_alone() -> None:
    scenes = [scene_of(boxed_balls()), scene_of(boxed_balls()).moved(gravity=torch.zeros(1, 2, dtype=torch.float64))]
    engine = PymunkEngine(1 / 60, substeps=2)
    together = rollout(engine, Scene.batch_of(scenes), steps=10)
    alone = [rollout(engine, scene, steps=10).pos for scene in scenes]
    assert torch.equal(together.pos, torch.cat(alone, dim=1))


def test_forces_kick_before_the_bodies_move() -> None:
    scene = NBody(bodies=2).scene(seed=1)
    after = rollout(PymunkEngine(0.1, forces=Gravity(1e3)), scene, steps=1)
    assert torch.allclose(after.pos[1], after.pos[0] + 0.1 * after.vel[1], rtol=1e-15)
    assert not torch.equal(after.vel[1], after.vel[0])


def test_a_scene_read_from_a_state_is_a_copy() -> None:
    engine = PymunkEngine(0.1)
    state = engine.start(scene_of(boxed_balls()))
    scene = state.scene
    kept = scene.pos.clone()
    moved = engine.step(state)
    assert torch.equal(scene.pos, kept)
    assert torch.equal(state.scene.pos, kept)
    assert not torch.equal(moved.scene.pos, kept)


def test_a_state_whose_space_moved_on_is_refused() -> None:
    engine = PymunkEngine(0.1)
    state = engine.start(scene_of(boxed_balls()))
    engine.step(state)
    with pytest.raises(PhysimError, match="stepped before"):
        engine.step(state)
