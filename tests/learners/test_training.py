from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import final

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from learners.task import Examples, Task, built
from learners.training import WARM_UP, Training, run_training
from physim.errors import PhysimError
from physim.learner import TrainSettings

Settings = Callable[..., TrainSettings]
Start = Callable[..., Training]


@final
class Distance(nn.Module):
    """How far a graph is from the targets, by squares and by lengths."""

    def __init__(self, graph: nn.Module) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, inputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Tensor:
        error = self.graph(inputs["x"]) - targets["y"]
        return torch.stack([error.square().mean(), error.abs().mean()])


@final
class Line(Task):
    """The coefficients of a sum of two numbers, from points that are drawn anew for every update."""

    graph: nn.Linear
    loss_names = ("squares", "lengths")
    batch = 8
    rate = 0.1
    minutes = 2.5

    def __init__(self, settings: TrainSettings, scale: float = 1.0, pause: float = 0.0, group: int = 1) -> None:
        self.seed, self.scale, self.pause, self.group = settings.seed, scale, pause, group
        self.identity = {"scale": scale}
        self.graph = built(lambda: nn.Linear(2, 1), settings)
        self.objective = Distance(self.graph)

    def examples(self, update: int, done: float, part: slice) -> Examples:
        time.sleep(self.pause)
        chance = torch.Generator().manual_seed(1000 * self.seed + update)
        x = self.scale * torch.rand(self.batch, 2, generator=chance)
        return {"x": x[part]}, {"y": x[part].sum(1, keepdim=True)}

    def figures(self) -> dict[str, float]:
        return {"bias": float(self.graph.bias.detach())}

    def sentence(self, figures: Mapping[str, float]) -> str:
        return f"a bias of {figures['bias']:.3f}"


@pytest.fixture
def start(settings: Settings) -> Start:
    def make(scale: float = 1.0, pause: float = 0.0, group: int = 1, **changes: object) -> Training:
        made = settings(**changes)
        return Training(Line(made, scale, pause, group), made, Fabric(accelerator="cpu", devices=1))

    return make


def weights(training: Training) -> dict[str, Tensor]:
    return training.task.graph.state_dict()


def log_of(training: Training) -> str:
    return training.settings.out.with_suffix(".losses.csv").read_text()


def test_the_same_seed_gives_the_same_losses_and_another_one_others(start: Start) -> None:
    logs = []
    for seed in (0, 0, 1):
        training = start(seed=seed)
        training.run()
        logs.append(log_of(training))
    assert logs[0] == logs[1] != logs[2]


def test_training_lowers_the_losses(start: Start) -> None:
    training = start(updates=300)
    training.run()
    first, *_, last = ([float(loss) for loss in row.split(",")[1:]] for row in log_of(training).splitlines()[1:])
    assert all(late < 0.01 * early for late, early in zip(last, first, strict=True))


def test_after_ctrl_c_the_losses_go_on_as_if_it_had_never_come(start: Start, stop_after: Callable[[int], None]) -> None:
    whole = start()
    whole.run()
    wanted = log_of(whole)
    stop_after(4)
    with pytest.raises(KeyboardInterrupt):
        start().run()
    resumed = start(resume=True)
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
    assert [set(row) for row in resumed.progress.curve] == [{"updates", "minutes", "bias"}]


def test_the_curve_has_the_losses_and_the_figures(start: Start) -> None:
    training = start()
    training.run()
    (row,) = training.progress.curve
    assert set(row) == {"updates", "minutes", "squares", "lengths", "bias"}
    assert row["updates"] == training.provenance["updates"] == 10
    assert training.provenance["curve"] == [row]


def test_reports_come_without_a_terminal_in_the_words_of_the_task(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not sys.stderr.isatty()
    training = start()
    training.run()
    printed = capsys.readouterr()
    assert f"10 updates, 0.00 min: a bias of {training.task.figures()['bias']:.3f}" in printed.err
    assert not printed.out


def test_the_rate_warms_up_and_then_falls_to_a_thousandth(start: Start) -> None:
    training = start()
    rates = []
    for update in range(WARM_UP + 1):
        training.update(0.0 if update < WARM_UP else 1.0)
        rates.append(training.optimiser.param_groups[0]["lr"])
    assert rates[0] == pytest.approx(0.1 / WARM_UP)
    assert rates[:WARM_UP] == sorted(rates[:WARM_UP])
    assert rates[-2:] == pytest.approx([0.1, 1e-4])


def test_the_rate_asked_for_stands_in_for_the_tasks(start: Start) -> None:
    training = start(rate=0.4)
    training.progress.updates = WARM_UP
    training.update(0.0)
    assert training.optimiser.param_groups[0]["lr"] == pytest.approx(0.4)


def test_on_one_thread_time_spent_waiting_does_not_count(start: Start) -> None:
    waiting = 10 * 0.02
    alone, several = (start(pause=0.02, threads=threads) for threads in (1, 2))
    alone.run()
    several.run()
    assert alone.progress.seconds < waiting <= several.progress.seconds


@pytest.mark.parametrize(("minutes", "updates", "wanted"), [(None, None, 2.5), (None, 10, None), (1.0, 10, 1.0)])
def test_a_training_takes_the_minutes_of_its_task_where_nothing_is_asked_for(
    minutes: float | None, updates: int | None, wanted: float | None, start: Start
) -> None:
    assert start(minutes=minutes, updates=updates).minutes == wanted


def test_losses_that_are_no_longer_finite_end_the_training(start: Start) -> None:
    training = start()
    next(training.task.graph.parameters()).data.fill_(torch.nan)
    with pytest.raises(
        PhysimError, match=r"the training diverged: the loss of update 1 is \[nan, nan\]; .* in .*losses.csv"
    ):
        training.run()
    assert training.losses.is_file()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"scale": 2.0}, r"scale 1\.0, not 2\.0"),
        ({"updates": 20}, "updates 10, not 20"),
        ({"minutes": 1.5}, r"minutes None, not 1\.5"),
        ({"rate": 0.2}, r"rate 0\.1, not 0\.2"),
        ({"seed": 1}, "seed 0, not 1"),
        ({"precision": "64-true"}, "precision 32-true, not 64-true"),
    ],
)
def test_another_training_is_not_gone_on_with(changes: dict[str, object], reason: str, start: Start) -> None:
    training = start()
    training.checkpoint.save(training.progress)
    with pytest.raises(PhysimError, match=f"is of a training with {reason}"):
        start(resume=True, **changes)


def test_the_parts_of_all_processes_make_up_the_batch(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fabric, "world_size", 4)
    seen = []
    for rank in range(4):
        monkeypatch.setattr(Fabric, "global_rank", rank)
        training = start(group=2)
        seen.append(training.task.examples(3, 0.5, training.part)[0]["x"])
    assert torch.equal(torch.cat(seen), training.task.examples(3, 0.5, slice(0, 8))[0]["x"])


@pytest.mark.parametrize(
    ("processes", "reason"),
    [
        (3, "3 processes do not divide the batch of 8 examples"),
        (4, "4 processes take 2 examples each of a batch of 8, but the loss wants a multiple of 4: use fewer"),
    ],
)
def test_processes_that_cut_batches_or_groups_are_refused(
    processes: int, reason: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fabric, "world_size", processes)
    with pytest.raises(PhysimError, match=reason):
        start(group=4)


def test_a_trained_task_is_saved_with_its_provenance_while_its_checkpoint_is_still_there(
    settings: Settings, stop_after: Callable[[int], None]
) -> None:
    asked = settings(resume=True)
    saved: list[tuple[Line, object, bool]] = []

    def save(task: Line, provenance: Mapping[str, object]) -> None:
        saved.append((task, provenance["updates"], asked.checkpoint.exists()))

    stop_after(4)
    with pytest.raises(KeyboardInterrupt):
        run_training(lambda fabric: Line(asked), settings(), save)
    assert not saved
    task = run_training(lambda fabric: Line(asked), asked, save)
    assert saved == [(task, 10, True)]
    assert not asked.checkpoint.exists()
