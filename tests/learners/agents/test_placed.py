from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import torch
from torch import Tensor

from learners.agents import placed
from learners.agents.curves import curve_of, curve_rows
from learners.agents.learning import Learning
from learners.agents.losses import AgentLoss, PolicyGradient, Values
from learners.agents.placed import train_placed
from learners.agents.training import Diverged, Training, TrainingSettings
from learners.agents.transports import Playing
from physim.errors import PhysimError
from physim.graph import ModuleGraph

UNCLIPPED = Learning(clip=1e9, reward_scale=0.5)
"""Processes know the length of no gradient but their own."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, forkserver: Any) -> None:
    """Processes start at once."""
    monkeypatch.setattr(placed, "CONTEXT", forkserver)


def plain(net: ModuleGraph) -> list[AgentLoss]:
    return [PolicyGradient(net), Values(net)]


def training(playing: Playing, decisions: int = 300, learning: Learning = UNCLIPPED, **settings: Any) -> Training:
    return Training(playing, plain, learning, TrainingSettings(decisions, points=5, **settings))


def weights(one: Training) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in one.graph.state_dict().items()}


@pytest.mark.parametrize("cores", [(8,), pytest.param((4, 8), marks=pytest.mark.slow)])
def test_a_plain_wire_plays_and_learns_in_two_processes_what_one_process_does(
    playing: Callable[..., Playing], cores: tuple[int, ...]
) -> None:
    setting = playing(cores=list(cores))
    one, two = training(setting), training(setting)
    before = weights(one)
    one.run(progress=False)
    train_placed(two)
    assert curve_of(curve_rows(one.progress.curve)) == curve_of(curve_rows(two.progress.curve))
    assert any("score" in row for row in one.progress.curve)
    for name, value in weights(one).items():
        assert torch.allclose(value, weights(two)[name], atol=1e-6), name
        assert not torch.equal(value, before[name]), name


def test_cut_vision_and_core_learn_in_processes_of_their_own(playing: Callable[..., Playing]) -> None:
    cut = training(playing(cut=True), learning=Learning())
    before = weights(cut)
    curve = train_placed(cut)
    assert [row["decisions"] for row in curve] == [60, 120, 180, 240, 300]
    assert all(row["seconds"] > 0 for row in curve)
    assert cut.decisions == 300
    assert not [name for name, value in weights(cut).items() if torch.equal(value, before[name])]
    assert not active_children()


@pytest.mark.parametrize(
    ("name", "told"), [("core", "core"), pytest.param("vision", "vision|features", marks=pytest.mark.slow)]
)
def test_where_a_process_dies_the_other_ends_with_its_name(
    playing: Callable[..., Playing], name: str, told: str
) -> None:
    endless = training(playing(cut=True), 10**7)
    weight = endless.graph.get_parameter("policy.weight")
    before = weight.detach().clone()

    def kill() -> None:
        while torch.equal(weight, before):
            time.sleep(0.01)
        next(process for process in active_children() if process.name == name).kill()

    killer = Thread(target=kill, daemon=True)
    killer.start()
    with pytest.raises(PhysimError, match=rf"({told})\b.* died"):
        train_placed(endless)
    killer.join()
    assert not active_children()


def test_a_loss_that_is_not_finite_is_told(playing: Callable[..., Playing]) -> None:
    with pytest.raises(PhysimError, match=r"the training diverged: after [0-9]+ updates the losses are"):
        train_placed(training(playing(), learning=Learning(reward_scale=1e38)))


def test_the_curve_of_a_training_that_diverges_ends_there(playing: Callable[..., Playing]) -> None:
    lost = training(playing(), 3000, learning=Learning(rate=1e25, clip=1e30))
    lost.settings = replace(lost.settings, points=1000)
    with pytest.raises(Diverged):
        train_placed(lost)
    assert lost.diverged
    assert 0 < len(lost.progress.curve) < 20


def test_what_two_processes_do_not_is_refused(playing: Callable[..., Playing]) -> None:
    with pytest.raises(PhysimError, match="an agent without an LSTM has no core"):
        train_placed(training(playing(cores=[])))
    with pytest.raises(PhysimError, match="wanted repeats=1 and precision='32-true'"):
        train_placed(training(playing(), learning=Learning(repeats=2)))
    with pytest.raises(PhysimError, match="wanted no actors and no folder `out`"):
        train_placed(training(playing(), actors=2))

    def replayed(net: ModuleGraph) -> list[AgentLoss]:
        return [*plain(net), Values(net, stream="replayed")]

    again = Training(playing(), replayed, Learning(replay=20), TrainingSettings(300))
    with pytest.raises(PhysimError, match="'value_replay' is of the stream 'replayed', wanted 'fresh'"):
        train_placed(again)


def test_a_process_that_cannot_even_start_says_what_it_may_be(
    playing: Callable[..., Playing], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does that a script starts which is not there for its own import."""
    (tmp_path / "leaving.py").write_text("import os\ndef leave(*_):\n    os._exit(1)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(placed, "_learn", importlib.import_module("leaving").leave)
    with pytest.raises(PhysimError, match=r"died \(exit code 1, .* under `if __name__ == \"__main__\":`$"):
        train_placed(training(playing()))
