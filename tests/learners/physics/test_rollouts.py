from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import pytest
import torch

from learners.physics.baselines import ConstantVelocity, Gliding
from learners.physics.rollouts import Outcome, free_run, outcome
from physim.engines.base import Engine
from physim.engines.hybrid import HybridEngine
from physim.engines.learned import LearnedEngine, Terms
from physim.engines.rollout import rollout
from physim.interaction import interaction_network
from physim.scenes.scene import BODY_TYPES, Scene
from physim.scenes.trajectory import Trajectory
from worlds import NBody, Swirl

WORLD = NBody(bodies=3)
STEPS = 12


def truth(sizes: tuple[int, ...] = (3, 3, 3), steps: int = STEPS) -> Trajectory:
    scenes = [NBody(bodies=bodies).scene(7, index) for index, bodies in enumerate(sizes)]
    return rollout(WORLD.engine(), Scene.batch_of(scenes), steps)


def ignore(steps: int) -> None:
    pass


@final
@dataclass(frozen=True)
class Exploding(Engine[Gliding]):
    """Constant velocity, but one body leaves the finite numbers with the first step."""

    body: int
    dt: float = 1e-3

    def start(self, scene: Scene) -> Gliding:
        return ConstantVelocity(self.dt).start(scene)

    def step(self, state: Gliding) -> Gliding:
        moved = ConstantVelocity(self.dt).step(state)
        pos = moved.pos.copy()
        pos[self.body] = math.inf
        return replace(moved, pos=pos)


def test_the_truth_never_leaves_itself() -> None:
    its = outcome(WORLD.engine(), truth(), WORLD.energies, ignore)
    assert float(its.error.max()) == 0
    assert its.steps_under(1e-9).tolist() == [STEPS] * 3
    assert its.share_under(1e-9) == 1
    assert float(its.momentum_drift.max()) < 1e-12


@pytest.mark.parametrize("sizes", [(3, 3), (2, 5, 1)])
def test_errors_agree_with_a_loop_over_scenes(sizes: tuple[int, ...]) -> None:
    true = truth(sizes)
    its = outcome(ConstantVelocity(1e-3), true, WORLD.energies, ignore)
    start, first = 0, true.at(0)
    for scene, bodies in enumerate(sizes):
        rows = slice(start, start + bodies)
        for step in range(STEPS + 1):
            off = (first.pos + step * 1e-3 * first.vel - true.pos[step])[rows].numpy()
            assert float(its.error[step, scene]) == pytest.approx(np.sqrt((off**2).sum(axis=1).mean()), abs=1e-9)
        start += bodies


def test_a_batch_is_its_scenes_one_by_one() -> None:
    graph = interaction_network()
    with torch.no_grad():
        graph.get_buffer("motion.log_scale").fill_(-3)
    engine = LearnedEngine(graph, Terms(1e-3, 1.0, ("mass",), ("point",), ("pair",), {}))
    together = outcome(engine, truth(), WORLD.energies, ignore)
    for index in range(3):
        alone = outcome(engine, rollout(WORLD.engine(), WORLD.scene(7, index), STEPS), WORLD.energies, ignore)
        torch.testing.assert_close(alone.error[:, 0], together.error[:, index], rtol=1e-4, atol=1e-9)
        torch.testing.assert_close(alone.momentum_drift[0], together.momentum_drift[index], rtol=1e-3, atol=1e-5)


def test_a_scene_that_blows_up_does_not_stop_the_others() -> None:
    its = outcome(Exploding(body=4), truth(), WORLD.energies, ignore)
    still = outcome(ConstantVelocity(1e-3), truth(), WORLD.energies, ignore)
    assert its.blown_up.tolist() == [False, True, False]
    assert torch.equal(its.error[:, ::2], still.error[:, ::2])
    assert its.steps_under(1e9).tolist() == [STEPS, 1, STEPS]
    assert its.share_under(1e9) == pytest.approx(2 / 3)
    assert math.isfinite(its.error_at(STEPS))


def test_of_a_hybrid_the_share_that_was_learned_is_told() -> None:
    its = outcome(HybridEngine(LearnedEngine.load("nbody")), truth(), WORLD.energies, ignore)
    assert its.learned_share == 1.0
    assert math.isnan(outcome(ConstantVelocity(1e-3), truth(), WORLD.energies, ignore).learned_share)


def test_a_free_run_is_the_rollout_where_nothing_blows_up() -> None:
    run = free_run(WORLD.engine(), truth().scene, STEPS, ignore)
    assert torch.equal(run.pos, truth().pos)
    assert torch.equal(run.times, truth().times)


def test_coarse_steps_are_compared_with_the_true_steps_between() -> None:
    its = outcome(ConstantVelocity(4e-3), truth(steps=14), WORLD.energies, ignore, every=4)
    fine = outcome(ConstantVelocity(1e-3), truth(steps=14), WORLD.energies, ignore)
    torch.testing.assert_close(its.error, fine.error[:13:4])
    assert its.error_at(12) == pytest.approx(fine.error_at(12))
    assert its.steps_under(1e9).tolist() == [12] * 3


def test_the_first_step_past_the_limit_ends_the_steps_under_it() -> None:
    error = torch.tensor([[0.0, 0.0], [1.0, 3.0], [3.0, 1.0], [1.0, 9.0]])
    its = Outcome(error, None, torch.zeros(2), torch.zeros(2, dtype=torch.bool))
    assert its.steps_under(2.0).tolist() == [2, 1]
    assert its.steps_under(5.0).tolist() == [3, 3]
    assert its.share_under(5.0) == 0.5
    assert its.error_at(3) == 5.0


def test_energy_of_constant_velocity_drifts_by_the_potential_alone() -> None:
    scene = Scene.of(torch.tensor([[0.0, 0.0], [20.0, 0.0]]), torch.tensor([[0.0, 0.0], [10.0, 0.0]]), torch.ones(2))
    true = rollout(WORLD.engine(), scene, 1000)
    its = outcome(ConstantVelocity(1e-3), true, WORLD.energies, ignore)
    before, after = 50 - 6e4 / 20, 50 - 6e4 / 30
    assert its.energy_drift is not None
    assert its.energy_drift.item() == pytest.approx((after - before) / (50 + 6e4 / 20))
    assert its.momentum_drift.item() == 0


def test_a_force_without_a_potential_has_no_energy_drift() -> None:
    swirl = Swirl(bodies=3)
    its = outcome(swirl.engine(), rollout(swirl.engine(), swirl.scene(7), 3), swirl.energies, ignore)
    assert its.energy_drift is None


def test_bodies_that_cannot_move_have_no_error() -> None:
    true = truth((3,))
    fixed = true.scene.moved(body_type=torch.tensor([0, BODY_TYPES.index("static"), 0]))
    pos = true.pos.clone()
    pos[1:, 1] += 50.0
    far = Trajectory(fixed, pos, true.vel, true.angle, true.angular_velocity, true.times)
    its = outcome(ConstantVelocity(1e-3), far, WORLD.energies, ignore)
    assert float(its.error.max()) < 5
