from __future__ import annotations

import torch

from learners.physics.baselines import ConstantVelocity
from physim.engines.rollout import rollout
from physim.scenes.scene import Scene


def test_constant_velocity_moves_and_turns_on() -> None:
    pos, vel = torch.tensor([[0.0, 1.0]]), torch.tensor([[2.0, -4.0]])
    scene = Scene.of(pos, vel, torch.ones(1), angular_velocity=torch.tensor([3.0]))
    end = rollout(ConstantVelocity(0.5), scene, steps=2).at(2)
    assert end.pos.tolist() == [[2.0, -3.0]]
    assert end.vel.tolist() == [[2.0, -4.0]]
    assert end.angle.tolist() == [3.0]


def test_the_state_is_a_scene_again() -> None:
    scene = Scene.of(torch.zeros(2, 2), torch.ones(2, 2), torch.ones(2))
    engine = ConstantVelocity(0.5)
    assert engine.step(engine.start(scene)).scene.pos.tolist() == [[0.5, 0.5], [0.5, 0.5]]
