"""Data and weights that do not fit, refused on the command line by the real learner and engines."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from physim.cli import main

Refused = Callable[[str], str]
BALLS = """
import pymunk


def balls(rng):
    space = pymunk.Space()
    for place in (0.0, 5.0):
        body = pymunk.Body(1.0, 1.0)
        body.position = place, 0.0
        space.add(body, pymunk.Circle(body, 1.0))
    return space
"""


@pytest.fixture(autouse=True)
def _broken_files(folder: Path) -> None:
    (folder / "foreign").write_text("neither data nor weights")
    shipped = (files("physim") / "weights" / "nbody.safetensors").read_bytes()
    (folder / "short.safetensors").write_bytes(shipped[: len(shipped) // 2])


@pytest.mark.parametrize("data", ["missing.h5", "foreign"])
def test_training_refuses_data_it_cannot_read(data: str, refused: Refused) -> None:
    assert data in refused(f"train nbody --data {data} --updates 1")


def test_training_refuses_data_that_was_cut_short(folder: Path, refused: Refused) -> None:
    assert main(["generate", "nbody", "--scenes", "2", "--steps", "20", "--out", "whole.h5"]) == 0
    whole = (folder / "whole.h5").read_bytes()
    (folder / "short.h5").write_bytes(whole[: len(whole) // 2])
    assert "short.h5" in refused("train nbody --data short.h5 --updates 1")


@pytest.mark.parametrize("weights", ["missing.safetensors", "foreign", "short.safetensors", "no_such_name"])
@pytest.mark.parametrize("command", ["evaluate nbody --scenes 1 --steps 1", "play nbody --headless --steps 1"])
def test_weights_that_cannot_be_read_are_named(command: str, weights: str, refused: Refused) -> None:
    assert weights in refused(f"{command} --weights {weights}")


@pytest.mark.parametrize("command", ["evaluate nbody --scenes 1 --steps 1", "play nbody --headless --steps 1"])
def test_weights_of_another_step_are_refused(command: str, refused: Refused) -> None:
    assert "dt" in refused(f"{command} --weights nbody --dt 0.5")


def test_weights_of_other_shapes_are_refused(folder: Path, refused: Refused) -> None:
    (folder / "balls.py").write_text(BALLS)
    assert "circle" in refused("evaluate balls.py:balls --dt 0.001 --scenes 1 --steps 1 --weights nbody")
