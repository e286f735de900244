"""The examples as modules, and as programs."""

from __future__ import annotations

import importlib.util
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from torch import nn

from learners.agents.training import Training
from learners.agents.trial import Trial

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def example() -> Callable[[str], ModuleType]:
    """Import an example by its name."""

    def imported(name: str) -> ModuleType:
        specification = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
        module = importlib.util.module_from_spec(specification)
        sys.modules[specification.name] = module
        specification.loader.exec_module(module)
        return module

    return imported


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings that diverge at once: what was learned is no number."""

    def run(trial: Trial, after: Training | None = None) -> Training:
        training = trial.training()
        for parameter in training.graph.parameters():
            nn.init.constant_(parameter, math.nan)
        training.diverged = True
        return training

    monkeypatch.setattr(Trial, "run", run)


@pytest.fixture
def without_display() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run an example as a user does who has no display."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["PYTHONPATH"] = str(EXAMPLES.parent)

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, EXAMPLES / f"{name}.py", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run
