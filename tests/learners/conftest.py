"""Settings for trainings of a few updates, and Ctrl-C in the middle of them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from torch import Tensor

from learners.training import Training
from physim.learner import TrainSettings


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., TrainSettings]:
    """A training of ten updates."""
    small = TrainSettings(tmp_path / "a.safetensors", updates=10, scenes=10, steps=12)

    def make(**changes: object) -> TrainSettings:
        return replace(small, **changes)  # type: ignore[arg-type]

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
