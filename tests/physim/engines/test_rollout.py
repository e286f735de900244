from __future__ import annotations

import pytest
import torch

from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.engines.vectorised import VectorEngine
from physim.errors import BlowUp, PhysimError
from physim.scenes.forces import Gravity
from physim.scenes.scene import Scene
from worlds.nbody import NBody


def free(count: int) -> Scene:
    pos = torch.arange(2.0 * count, dtype=torch.float64).reshape(count, 2)
    return Scene.of(pos, torch.ones(count, 2), torch.ones(count))


def test_a_rollout_holds_the_start_and_every_step() -> None:
    trajectory = rollout(PymunkEngine(0.25), free(3), steps=4)
    assert trajectory.times.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert torch.equal(trajectory.pos[4], trajectory.pos[0] + 1)
    assert trajectory.angle.shape == (5, 3)


def test_a_rollout_is_free_running() -> None:
    world = NBody(bodies=4)
    engine, scene = world.engine(), world.scene(seed=3)
    whole = rollout(engine, scene, steps=20)
    first = rollout(engine, scene, steps=12)
    assert torch.equal(rollout(engine, first.at(-1), steps=8).pos, whole.pos[12:])


def test_angles_are_recorded_where_bodies_turn() -> None:
    scene = free(2).moved(angular_velocity=torch.tensor([0.0, 2.0], dtype=torch.float64))
    trajectory = rollout(PymunkEngine(0.5), scene, steps=2)
    assert trajectory.angle.tolist() == [[0.0, 0.0], [0.0, 1.0], [0.0, 2.0]]


@pytest.mark.parametrize("batched", [False, True])
def test_a_blow_up_names_the_body_and_the_step(batched: bool) -> None:
    fast = free(3)
    fast.vel = torch.tensor([[0.0, 0.0], [1e308, 0.0], [0.0, 0.0]], dtype=torch.float64)
    scene = Scene.batch_of([free(2), fast]) if batched else fast
    with pytest.raises(BlowUp) as caught:
        rollout(VectorEngine(1.0, Gravity(0.0, floor=1.0)), scene, steps=9)
    assert (caught.value.body, caught.value.step) == (1, 2)
    assert ("of scene 1" in str(caught.value)) == batched


def test_a_start_that_is_not_finite_is_a_blow_up_at_step_0() -> None:
    scene = free(3)
    scene.pos[2, 0] = torch.nan
    with pytest.raises(BlowUp, match="body 2 is no longer finite at step 0"):
        rollout(VectorEngine(1.0, Gravity(1.0)), scene, steps=1)


@pytest.mark.parametrize("steps", [0, -3])
def test_no_steps_are_refused(steps: int) -> None:
    with pytest.raises(PhysimError, match=f"steps must be at least 1, got {steps}"):
        rollout(PymunkEngine(1.0), free(1), steps)
