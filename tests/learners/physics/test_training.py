from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor

from learners.physics.data import OneSteps
from learners.physics.training import EngineTask, split
from learners.training import Training
from physim.engines.learned import LearnedEngine, Terms
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.learner import TrainSettings
from physim.scenes.scene import Scene, scenes_of
from physim.scenes.trajectory import Trajectory
from physim.worlds import World
from worlds.nbody import NBody

Settings = Callable[..., TrainSettings]
Start = Callable[..., Training]
Make = Callable[..., EngineTask]
BATCH = slice(0, 128)


def training_of(trajectory: Trajectory, settings: TrainSettings, world: World) -> Training:
    task = EngineTask(OneSteps(trajectory, ("mass",)), settings, world)
    return Training(task, settings, Fabric(accelerator="cpu", devices=1))


@pytest.fixture
def start(trajectory: Trajectory, settings: Settings) -> Start:
    def make(**changes: object) -> Training:
        return training_of(trajectory, settings(**changes), NBody(bodies=3))

    return make


@pytest.fixture
def make(trajectory: Trajectory, settings: Settings) -> Make:
    def make(**changes: object) -> EngineTask:
        return EngineTask(OneSteps(trajectory, ("mass",)), settings(**changes), NBody(bodies=3))

    return make


def trajectory_at(data: OneSteps, tick: int) -> Scene:
    return data.scene.moved(pos=data.pos[tick], vel=data.vel[tick])


def weights(training: Training) -> dict[str, Tensor]:
    return training.task.graph.state_dict()


def log_of(training: Training) -> str:
    return training.settings.out.with_suffix(".losses.csv").read_text()


@pytest.mark.parametrize("config", ["best", "paper"])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(config: str, start: Start) -> None:
    first, second = start(config=config), start(config=config)
    first.run()
    second.run()
    assert all(torch.equal(value, weights(second)[name]) for name, value in weights(first).items())


def test_another_seed_gives_other_weights(start: Start) -> None:
    first, second = start(), start(seed=1)
    assert any(not torch.equal(value, weights(second)[name]) for name, value in weights(first).items())


@pytest.mark.parametrize("config", ["best", "paper"])
@pytest.mark.parametrize("precision", ["32-true", "64-true"])
def test_after_ctrl_c_the_losses_go_on_as_if_it_had_never_come(
    config: str, precision: str, start: Start, stop_after: Callable[[int], None]
) -> None:
    whole = start(config=config, precision=precision)
    whole.run()
    wanted = log_of(whole)
    stop_after(4)
    with pytest.raises(KeyboardInterrupt):
        start(config=config, precision=precision).run()
    assert len(log_of(whole).splitlines()) == 1 + 4
    resumed = start(config=config, precision=precision, resume=True)
    assert resumed.progress.updates == 4
    resumed.run()
    assert log_of(resumed) == wanted
    assert all(torch.equal(value, weights(resumed)[name]) for name, value in weights(whole).items())


def test_scenes_held_out_are_never_drawn(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()
    examples = OneSteps.examples

    def watched(self: OneSteps, scenes: Tensor, ticks: Tensor, window: int = 1) -> object:
        seen.update(scenes.tolist())
        return examples(self, scenes, ticks, window)

    monkeypatch.setattr(OneSteps, "examples", watched)
    task = make()
    for update in range(10):
        task.examples(update, 0.5, BATCH)
    assert seen == set(task.learned) == set(range(9))
    assert list(task.unseen) == [9]


@pytest.mark.parametrize(("scenes", "held_out"), [(1, [0]), (2, [1]), (10, [9]), (100, list(range(90, 100)))])
def test_a_tenth_of_the_scenes_is_held_out_but_never_the_only_one(scenes: int, held_out: list[int]) -> None:
    learned, unseen = split(scenes)
    assert list(unseen) == held_out
    assert set(learned) == (set(range(scenes)) - set(held_out) if scenes > 1 else {0})


def test_training_lowers_the_held_out_error(start: Start) -> None:
    training = start(updates=200)
    before = training.task.figures()["ratio"]
    training.run()
    assert training.task.figures()["ratio"] < 0.5 * before


def test_in_float64_losses_and_weights_are_float64(start: Start) -> None:
    training = start(precision="64-true")
    assert training.update(0.0).dtype == torch.float64
    assert {value.dtype for value in weights(training).values()} == {torch.float64}


def test_the_papers_noise_moves_a_fifth_of_the_examples_and_dies_out(make: Make) -> None:
    task = make(config="paper")
    clean, noisy = (task.examples(0, done, BATCH)[0]["pos"].reshape(-1, 3, 2) for done in (0.2, 0.0))
    moved = (clean != noisy).flatten(1).any(1).double().mean()
    assert 0.1 < moved < 0.3


def test_a_walk_moves_everything_along_with_its_velocity_and_keeps_the_goal(make: Make) -> None:
    clean, walked = make(), make(config="noise")
    (before, goal), (after, noisy_goal) = (task.examples(0, 0.9, BATCH) for task in (clean, walked))
    moved = after["vel"] - before["vel"]
    assert bool((moved != 0).all())
    assert float(moved.std()) == pytest.approx(3e-4 * float(clean.data.vel.std()), rel=0.1)
    torch.testing.assert_close(after["pos"] - before["pos"], 1e-3 * moved, rtol=1e-5, atol=1e-12)
    assert torch.equal(noisy_goal["velocity"], goal["velocity"])
    assert torch.equal(noisy_goal["velocity_change"], goal["velocity"] - after["vel"])


@pytest.mark.parametrize("config", ["paper", "noise"])
def test_parts_of_a_batch_have_the_noise_of_the_whole(config: str, make: Make) -> None:
    task = make(config=config)
    whole, *parts = (task.examples(5, 0.0, slice(*part))[0] for part in ((0, 100), (0, 50), (50, 100)))
    for name in ("pos", "vel"):
        assert torch.equal(torch.cat([part[name] for part in parts]), whole[name])


def test_a_window_of_one_step_is_plain_training(make: Make) -> None:
    task = make()
    inputs, targets = task.examples(0, 0.5, BATCH)
    windowed = targets | {"velocities": targets["velocity"][:, None]}
    assert torch.equal(task.objective(inputs, windowed), task.objective(inputs, targets))


def test_the_steps_of_a_window_are_those_of_the_engine(make: Make) -> None:
    task = make(config="windows", precision="64-true")
    scenes, ticks = torch.tensor([3]), torch.tensor([2])
    inputs, targets = task.data.examples(scenes, ticks, 3)
    losses = []
    engine = LearnedEngine(task.graph, Terms(1e-3, 1.0, ("mass",), ("point",), ("pair",), {}))
    states = rollout(engine, scenes_of(trajectory_at(task.data, 2))[3], 2)
    for step in range(3):
        now = {"pos": states.pos[step], "vel": states.vel[step]}
        goal = {"velocity": targets["velocities"][:, step]}
        goal["velocity_change"] = goal["velocity"] - now["vel"]
        losses.append(task.objective(inputs | now, {"scene": targets["scene"]} | goal))
    torch.testing.assert_close(task.objective(inputs, targets), torch.stack(losses).mean(0))


def test_windows_longer_than_the_trajectories_are_refused(mixed: Trajectory, settings: Settings) -> None:
    short = rollout(NBody().engine(), mixed.scene, 3)
    with pytest.raises(PhysimError, match="steps: windows of 4 steps do not fit into 3"):
        EngineTask(OneSteps(short, ("mass",)), settings(config="windows"), NBody())


def test_a_training_of_other_data_is_not_gone_on_with(start: Start, mixed: Trajectory, settings: Settings) -> None:
    training = start()
    training.checkpoint.save(training.progress)
    with pytest.raises(PhysimError, match="is of a training with scenes 10, not 6"):
        training_of(mixed, settings(resume=True), NBody(bodies=3))


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        (NBody(bodies=3, gravity=5e4), r"world\.parameters \{.*\"gravity\": 60000.0\}, not"),
        (NBody(bodies=3, dt=2e-3), r"world\.dt 0\.001, not 0\.002"),
        (NBody(bodies=3, substeps=7), r"world\.substeps \d+, not 7"),
    ],
)
def test_a_training_of_another_world_is_not_gone_on_with(
    world: NBody, reason: str, trajectory: Trajectory, settings: Settings
) -> None:
    def training(world: NBody, resume: bool) -> Training:
        return training_of(replace(trajectory, metadata=world.metadata), settings(resume=resume), world)

    first = training(NBody(bodies=3), resume=False)
    first.checkpoint.save(first.progress)
    assert training(NBody(bodies=3), resume=True).progress == first.progress
    with pytest.raises(PhysimError, match=f"is of a training with {reason}"):
        training(world, resume=True)


def test_a_training_of_another_seed_of_data_is_not_gone_on_with(trajectory: Trajectory, settings: Settings) -> None:
    world = NBody(bodies=3)
    first = training_of(trajectory, settings(), world)
    first.checkpoint.save(first.progress)
    other = rollout(world.engine(), Scene.batch_of(world.scenes(seed=2, count=10)), 12)
    with pytest.raises(PhysimError, match="is of a training with trajectories "):
        training_of(other, settings(resume=True), world)


def test_an_unknown_config_is_refused_with_the_known_ones(make: Make) -> None:
    with pytest.raises(PhysimError, match=r"config must be one of best, paper, mlp, dynamics_only, .*, got 'worst'"):
        make(config="worst")


def test_processes_that_cut_the_groups_of_the_loss_are_refused(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fabric, "world_size", 16)
    with pytest.raises(PhysimError, match="16 processes take 8 examples each of a batch of 128, but the loss wants a"):
        start()
    monkeypatch.setattr(Fabric, "world_size", 4)
    start(config="paper")


def test_reports_say_whether_the_scenes_were_learned_from(make: Make, settings: Settings) -> None:
    world = NBody(bodies=3)
    alone = EngineTask(OneSteps(rollout(world.engine(), world.scene(seed=1), 12), ("mass",)), settings(), world)
    assert make().sentence({"ratio": 0.5}).endswith("error on 8192 steps drawn from unseen scenes")
    assert alone.sentence(alone.figures()).endswith("steps drawn from the one scene, which it learns from")
