"""Data and weights that do not fit, refused on the command line by the real learner and engines."""

from __future__ import annotations

import subprocess
import sys
import time
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


ENGINES = """
import physim

number = 3


def none():
    return 3


class Absent:
    dt = 1e-3


class Slow:
    def __init__(self, world):
        self.dt, self.inner = 2 * world.dt, world.engine()
        self.start, self.step = self.inner.start, self.inner.step


class Failing(Slow):
    def __init__(self, world):
        super().__init__(world)
        self.dt = world.dt
        self.step = lambda state: 1 / 0


def two(first, second):
    return None
"""


@pytest.fixture(autouse=True)
def _broken_files(folder: Path) -> None:
    (folder / "mine.py").write_text(ENGINES)
    (folder / "foreign").write_text("neither data nor weights")
    shipped = (files("physim") / "weights" / "nbody.safetensors").read_bytes()
    (folder / "short.safetensors").write_bytes(shipped[: len(shipped) // 2])


@pytest.mark.parametrize("data", ["missing.h5", "foreign"])
def test_training_refuses_data_it_cannot_read(data: str, refused: Refused) -> None:
    assert data in refused(f"train nbody --data {data} --updates 1")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("train nbody --scenes 1000000000", "1000000000 scenes like the first would take"),
        (
            "train nbody --scenes 10 --steps 1000000000000",
            "1000000000000 steps of 60 objects would take 1,788,139 GiB of memory",
        ),
        (
            "evaluate nbody --scenes 2 --steps 1000000000000",
            "1000000000000 steps of 12 objects would take 357,628 GiB of memory",
        ),
    ],
)
def test_sizes_beyond_the_machines_memory_are_refused_before_work_starts(
    command: str, sentence: str, refused: Refused
) -> None:
    assert sentence in refused(command)


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


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        ("mine", "unknown engine 'mine': the known ones are truth, learned, hybrid, hybrid_contacts and path/to"),
        ("mine.py:", "engine is 'mine.py:', wanted path/to/file.py:Engine"),
        ("theirs.py:Engine", "there is no file theirs.py, wanted path/to/file.py:engine"),
        ("mine.py:Engine", "mine.py has no engine 'Engine': it defines none, Absent, Slow, Failing, two"),
        ("no_such_module:Engine", "engine no_such_module:Engine cannot be loaded: No module named 'no_such_module'"),
        ("mine.py:number", "engine mine.py:number is a int, wanted a class or function that gives an engine"),
        ("mine.py:none", "int is no engine: it has no method start"),
        ("mine.py:Absent", "Absent is no engine: it has no method start, wanted dt, start(scene) and step(state)"),
        ("mine.py:two", "engine mine.py:two wants the arguments first, second, wanted at most one"),
        ("mine.py:Slow", "dt: the engine mine.py:Slow takes steps of 0.002 s, the world's are 0.001 s"),
        ("mine.py:Failing", "step of mine.py:Failing raised ZeroDivisionError: division by zero"),
    ],
)
def test_what_is_no_engine_is_refused(engine: str, sentence: str, refused: Refused) -> None:
    assert sentence in refused(f"evaluate nbody --scenes 1 --steps 1 --engine {engine}")


def test_a_generation_that_is_asked_to_end_leaves_nothing_half_written(folder: Path) -> None:
    command = [sys.executable, "-m", "physim", "generate", "nbody", "--scenes", "100000", "--steps", "10"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        while not list(folder.glob(".*.nbody.h5")):
            assert running.poll() is None
            time.sleep(0.05)
        running.terminate()
        _, told = running.communicate(timeout=30)
    assert (running.returncode, told.splitlines()[-1]) == (130, "physim: interrupted")
    assert not list(folder.glob("*nbody*"))
    assert not list(folder.glob(".*"))
