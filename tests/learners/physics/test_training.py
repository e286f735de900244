from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from learners.physics.data import OneSteps
from learners.physics.training import Training
from physim.engines.learned import LearnedEngine, Terms
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.learner import TrainSettings
from physim.scenes.scene import Scene, scenes_of
from physim.scenes.trajectory import Trajectory
from worlds.nbody import NBody

Settings = Callable[..., TrainSettings]
Start = Callable[..., Training]


@pytest.fixture
def start(trajectory: Trajectory, settings: Settings) -> Start:
    def make(**changes: object) -> Training:
        return Training(
            OneSteps(trajectory, ("mass",)), settings(**changes), NBody(bodies=3), Fabric(accelerator="cpu", devices=1)
        )

    return make


@pytest.fixture
def stop_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Ctrl-C in the middle of one update."""
    update = Training.update

    def arm(wanted: int) -> None:
        def interrupted(self: Training, done: float) -> Tensor:
            if self.progress.updates + 1 == wanted:
                signal.raise_signal(signal.SIGINT)
            return update(self, done)

        monkeypatch.setattr(Training, "update", interrupted)

    yield arm
    monkeypatch.undo()


def trajectory_at(training: Training, tick: int) -> Scene:
    data = training.data
    return data.scene.moved(pos=data.pos[tick], vel=data.vel[tick])


def weights(training: Training) -> dict[str, Tensor]:
    return training.graph.state_dict()


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


def test_weights_are_drawn_without_touching_torchs_own_generator(start: Start) -> None:
    before = torch.random.get_rng_state()
    start().run()
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("config", ["best", "paper"])
@pytest.mark.parametrize("precision", ["32-true", "64-true"])
def test_after_ctrl_c_the_losses_go_on_as_if_it_had_never_come(
    config: str, precision: str, start: Start, stop_after: Callable[[int], None], tmp_path: Path
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


def test_a_training_that_is_done_only_reports_when_it_resumes(start: Start, stop_after: Callable[[int], None]) -> None:
    stop_after(10)
    with pytest.raises(KeyboardInterrupt):
        start().run()
    resumed = start(resume=True)
    resumed.run()
    assert [row["updates"] for row in resumed.progress.curve] == [10]


def test_scenes_held_out_are_never_drawn(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()
    examples = OneSteps.examples

    def watched(self: OneSteps, scenes: Tensor, ticks: Tensor, window: int = 1) -> object:
        seen.update(scenes.tolist())
        return examples(self, scenes, ticks, window)

    monkeypatch.setattr(OneSteps, "examples", watched)
    training = start()
    for _ in range(10):
        training.update(0.5)
    assert seen == set(training.learned) == set(range(9))
    assert list(training.unseen) == [9]


def test_training_lowers_the_held_out_error(start: Start) -> None:
    training = start(updates=200)
    before = training.held_out_ratio()
    training.run()
    assert training.held_out_ratio() < 0.5 * before


def test_in_float64_losses_and_weights_are_float64(start: Start) -> None:
    training = start(precision="64-true")
    assert training.update(0.0).dtype == torch.float64
    assert {value.dtype for value in weights(training).values()} == {torch.float64}


def test_the_papers_noise_moves_a_fifth_of_the_examples_and_dies_out(start: Start) -> None:
    training = start(config="paper")
    clean, noisy = (training._examples(done)[0]["pos"].reshape(-1, 3, 2) for done in (0.2, 0.0))
    moved = (clean != noisy).flatten(1).any(1).double().mean()
    assert 0.1 < moved < 0.3


def test_a_walk_moves_everything_along_with_its_velocity_and_keeps_the_goal(start: Start) -> None:
    clean, walked = start(), start(config="noise")
    (before, goal), (after, noisy_goal) = clean._examples(0.9), walked._examples(0.9)
    moved = after["vel"] - before["vel"]
    assert bool((moved != 0).all())
    assert float(moved.std()) == pytest.approx(3e-4 * float(clean.data.vel.std()), rel=0.1)
    torch.testing.assert_close(after["pos"] - before["pos"], 1e-3 * moved, rtol=1e-5, atol=1e-12)
    assert torch.equal(noisy_goal["velocity"], goal["velocity"])
    assert torch.equal(noisy_goal["velocity_change"], goal["velocity"] - after["vel"])


def test_a_window_of_one_step_is_plain_training(start: Start) -> None:
    training = start()
    inputs, targets = training._examples(0.5)
    windowed = targets | {"velocities": targets["velocity"][:, None]}
    assert torch.equal(training.objective(inputs, windowed), training.objective(inputs, targets))


def test_the_steps_of_a_window_are_those_of_the_engine(start: Start) -> None:
    training = start(config="windows", precision="64-true")
    scenes, ticks = torch.tensor([3]), torch.tensor([2])
    inputs, targets = training.data.examples(scenes, ticks, 3)
    losses, graph = [], training.graph
    engine = LearnedEngine(graph, Terms(1e-3, 1.0, ("mass",), ("point",), ("pair",), {}))
    states = rollout(engine, scenes_of(trajectory_at(training, 2))[3], 2)
    for step in range(3):
        now = {"pos": states.pos[step], "vel": states.vel[step]}
        goal = {"velocity": targets["velocities"][:, step]}
        goal["velocity_change"] = goal["velocity"] - now["vel"]
        losses.append(training.objective(inputs | now, {"scene": targets["scene"]} | goal))
    torch.testing.assert_close(training.objective(inputs, targets), torch.stack(losses).mean(0))


def test_windows_longer_than_the_trajectories_are_refused(mixed: Trajectory, settings: Settings) -> None:
    short = rollout(NBody().engine(), mixed.scene, 3)
    with pytest.raises(PhysimError, match="steps: windows of 4 steps do not fit into 3"):
        Training(OneSteps(short, ("mass",)), settings(config="windows"), NBody(), Fabric(accelerator="cpu", devices=1))


def test_reports_come_without_a_terminal(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    assert not sys.stderr.isatty()
    start().run()
    printed = capsys.readouterr()
    assert "10 updates, 0.0" in printed.err
    assert "of constant velocity's error on unseen scenes" in printed.err
    assert not printed.out


def test_losses_that_are_no_longer_finite_end_the_training(start: Start) -> None:
    training = start()
    next(training.graph.parameters()).data.fill_(torch.nan)
    with pytest.raises(PhysimError, match="the training diverged: the loss of update 1 is"):
        training.run()


def test_a_training_of_other_data_is_not_gone_on_with(start: Start, mixed: Trajectory, settings: Settings) -> None:
    training = start()
    training.checkpoint.save(training.progress)
    with pytest.raises(PhysimError, match="is of a training with scenes 10, not 6"):
        Training(
            OneSteps(mixed, ("mass",)), settings(resume=True), NBody(bodies=3), Fabric(accelerator="cpu", devices=1)
        )


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        (NBody(bodies=3, gravity=5e4), r"parameters \{.*\"gravity\": 60000.0\}, not"),
        (NBody(bodies=3, dt=2e-3), r"dt 0\.001, not 0\.002"),
    ],
)
def test_a_training_of_another_world_is_not_gone_on_with(
    world: NBody, reason: str, trajectory: Trajectory, settings: Settings
) -> None:
    def training(world: NBody, resume: bool) -> Training:
        data = OneSteps(replace(trajectory, metadata=world.metadata), ("mass",))
        return Training(data, settings(resume=resume), world, Fabric(accelerator="cpu", devices=1))

    first = training(NBody(bodies=3), resume=False)
    first.checkpoint.save(first.progress)
    assert training(NBody(bodies=3), resume=True).progress == first.progress
    with pytest.raises(PhysimError, match=f"is of a training with {reason}"):
        training(world, resume=True)


def test_a_training_of_another_length_is_not_gone_on_with(start: Start) -> None:
    training = start()
    training.checkpoint.save(training.progress)
    with pytest.raises(PhysimError, match="is of a training with updates 10, not 20"):
        start(updates=20, resume=True)
    with pytest.raises(PhysimError, match=r"is of a training with minutes None, not 1\.5"):
        start(minutes=1.5, resume=True)


def test_a_checkpoint_from_before_worlds_and_lengths_were_kept_still_loads(start: Start) -> None:
    training = start()
    training.checkpoint.save(training.progress)
    path = training.checkpoint.path
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    kept = {name: json.loads(header["training"])[name] for name in ("config", "seed", "scenes")}
    save_file(load_file(path), path, header | {"training": json.dumps(kept)})
    assert start(resume=True, updates=20).progress == training.progress


def test_processes_that_cut_the_groups_of_the_loss_are_refused(
    trajectory: Trajectory, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fabric = Fabric(accelerator="cpu", devices=1)
    monkeypatch.setattr(Fabric, "world_size", 16)
    with pytest.raises(PhysimError, match="16 processes take 8 examples each of a batch of 128, but the loss wants a"):
        Training(OneSteps(trajectory, ("mass",)), settings(), NBody(bodies=3), fabric)
    monkeypatch.setattr(Fabric, "world_size", 4)
    Training(OneSteps(trajectory, ("mass",)), settings(config="paper"), NBody(bodies=3), fabric)


def test_the_report_of_a_single_scene_does_not_call_it_unseen(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    world = NBody(bodies=3)
    data = OneSteps(rollout(world.engine(), world.scene(seed=1), 12), ("mass",))
    Training(data, settings(), NBody(bodies=3), Fabric(accelerator="cpu", devices=1)).run()
    assert "error on the one scene, which it learns from" in capsys.readouterr().err
