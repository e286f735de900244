"""The network of rigid bodies, learned from scenes of a playground."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric

from learners.physics.configs import CONFIGS, config_named
from learners.physics.data import OneSteps
from learners.physics.training import EngineTask
from learners.training import Training
from physim.engines.learned import LearnedEngine, Terms
from physim.engines.rollout import rollout
from physim.learner import TrainSettings
from physim.motion import motion_after
from physim.scene_inputs import kinds_read
from physim.scenes.scene import SHAPE_KINDS, Scene
from worlds.balls import Balls
from worlds.playground import Playground

Settings = Callable[..., TrainSettings]
WORLD = Playground(bodies=4)


@pytest.fixture(scope="module")
def data() -> OneSteps:
    truth = rollout(WORLD.engine(), Scene.batch_of(WORLD.scenes(0, 6)), 20)
    return OneSteps(replace(truth, metadata=WORLD.metadata), ("mass",))


def test_best_is_rigid_where_bodies_turn_and_rub() -> None:
    assert config_named("best", WORLD.scene(0)) is config_named("rigid", WORLD.scene(0))
    assert config_named("best", Balls().scene(0)) is not config_named("rigid", Balls().scene(0))


def test_best_is_fine_where_discs_go_far_in_a_step_and_rigid_where_only_whole_steps_are_known() -> None:
    slow = Balls().scene(0)
    reach = slow.dt[0] * slow.vel.norm(dim=-1).max() / slow.radius[slow.shape == 1].min()
    fast = slow.moved(vel=slow.vel / reach)
    assert config_named("best", slow) is CONFIGS["best"]
    assert config_named("best", fast) is CONFIGS["rigid"]
    assert config_named("best", fast, simulated=True) is CONFIGS["fine"]
    assert config_named("best", slow, simulated=True) is CONFIGS["best"]
    assert config_named("best", WORLD.scene(0), simulated=True) is CONFIGS["rigid"]


def test_targets_lead_from_each_state_to_the_next(data: OneSteps, settings: Settings) -> None:
    EngineTask(data, settings(config="rigid"), WORLD)
    scenes, ticks = torch.tensor([4, 1]), torch.tensor([3, 17])
    inputs, targets = data.examples(scenes, ticks)
    after = motion_after("motion_change", targets["motion_change"], inputs, WORLD.dt, WORLD.position_rule)
    rows = torch.cat([torch.arange(data.scene.num_bodies)[data.scene.owners == scene] for scene in scenes])
    moves = data.scene.inverse_mass[rows] > 0
    tick = ticks.repeat_interleave(data.counts[scenes]) + 1
    torch.testing.assert_close(after["pos"][moves], data.pos[tick, rows][moves], rtol=0, atol=1e-9)
    turned = data.turning["angle"][tick, rows]
    torch.testing.assert_close(after["angle"][moves], turned[moves], rtol=0, atol=1e-9)


def test_training_lowers_the_loss(data: OneSteps, settings: Settings) -> None:
    task = EngineTask(data, settings(config="rigid", updates=40), WORLD)
    training = Training(task, settings(config="rigid", updates=40), Fabric(accelerator="cpu", devices=1))

    def loss() -> float:
        with torch.no_grad():
            return float(task.objective(*task.examples(1000, 0.0, slice(0, task.batch))).sum())

    before = loss()
    training.run()
    assert loss() < 0.8 * before


def test_long_gradients_are_shortened(data: OneSteps, settings: Settings) -> None:
    task = EngineTask(data, settings(config="rigid", updates=1), WORLD)
    task.clip = 1e-3
    training = Training(task, settings(config="rigid", updates=1), Fabric(accelerator="cpu", devices=1))
    training.update(0.0)
    squares = [parameter.grad.square().sum() for parameter in task.graph.parameters() if parameter.grad is not None]
    assert float(torch.stack(squares).sum().sqrt()) == pytest.approx(1e-3, rel=1e-3)


def test_its_engine_turns_bodies_and_keeps_what_cannot_move(data: OneSteps, settings: Settings) -> None:
    task = EngineTask(data, settings(config="rigid"), WORLD)
    random = torch.Generator().manual_seed(0)
    for parameter in task.graph.parameters():  # small, so that nothing blows up
        torch.nn.init.normal_(parameter, std=0.005, generator=random)
    known = kinds_read(task.graph)
    engine = LearnedEngine(task.graph, Terms(WORLD.dt, WORLD.position_rule, ("mass",), SHAPE_KINDS, known, {}))
    scene = WORLD.scene(0, 2)
    motion = rollout(engine, scene, 30)
    moves = scene.inverse_mass > 0
    assert bool((motion.angular_velocity[-1, moves] != motion.angular_velocity[0, moves]).any())
    assert bool((motion.pos[-1, ~moves] == scene.pos[~moves] + 30 * WORLD.dt * scene.vel[~moves]).all())
