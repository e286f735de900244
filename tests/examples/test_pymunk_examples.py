from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pygame
import pymunk
import pytest
import tyro

from learners.experiment import Cell
from physim.errors import PhysimError
from physim.stacks import stack

Example = Callable[[str], ModuleType]


@pytest.fixture
def examples(example: Example, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example, whose neighbours Python finds as it does for a program."""
    monkeypatch.setitem(sys.modules, "pyglet_stand_in", example("pyglet_stand_in"))
    monkeypatch.setitem(sys.modules, "programs", example("programs"))
    return example("pymunk_examples")


@pytest.fixture
def in_process(examples: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are run in this process, which takes seconds less each, and leave nothing behind."""
    programs = sys.modules["programs"]
    monkeypatch.setattr(sys.modules["pyglet_stand_in"], "install", lambda start: None)

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patch:
            for owner, name in ((pymunk.Space, "step"), (pymunk.Space, "on_collision"), (pygame.time, "Clock")):
                patch.setattr(owner, name, getattr(owner, name))
            patch.setattr(sys, "argv", sys.argv)
            programs.main(tyro.cli(programs.Args, args=command[2:]))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(examples.subprocess, "run", run)


def cell(engine: str, name: str, frames: int = 45) -> Cell:
    return Cell(engine, setting=(("example", name), ("frames", frames)))


def test_a_program_is_run_as_it_is_and_compared_with_a_finer_truth(examples: ModuleType) -> None:
    (row,) = examples.run(cell("truth 1", "point_query"))
    assert row["supported"]
    assert (row["bodies"], row["steps_per_frame"], row["lost"]) == (1, 1.0, 0)
    assert row["dt"] == pytest.approx(1 / 60)
    assert 0 < row["error_0.5"] < 10
    assert row["error_1"] is None  # in 45 frames nobody gets that old


@pytest.mark.usefixtures("in_process")
def test_what_cannot_be_expressed_is_told_in_its_sentence(examples: ModuleType) -> None:
    (row,) = examples.run(cell("truth 10", "contact_with_friction", frames=12))
    assert not row["supported"]
    assert row["why"] == "the Space has collision callbacks, which a scene cannot express"
    labels = {"arm": "truth 10", "seed": 0, "example": "contact"}
    table = next(text for text in examples.tables([labels | row]) if "|" in text)
    assert "| contact | the Space has collision callbacks" in table


def test_a_stack_stands_in_the_truth(examples: ModuleType) -> None:
    (row,) = examples.run(cell("truth 2", examples.STACK, frames=60))
    assert row["stands"] == 60


def test_hybrids_say_what_their_learned_part_gives(examples: ModuleType) -> None:
    programs = sys.modules["programs"]
    for hybrid in programs.HYBRIDS:
        shares = []
        for engine in (hybrid, f"{hybrid} silenced"):
            space = stack()
            for _ in range(5):
                programs.stepper(engine)(space, 1 / 60)
            shares.append(programs.learned_share(space, engine))
        assert 0.4 < shares[0] < 0.6  # weight and contacts balance
        assert shares[1] is None
    assert programs.learned_share(stack(), "truth 1") is None


@pytest.mark.usefixtures("in_process")
def test_a_hybrid_is_worse_without_its_learned_part(examples: ModuleType) -> None:
    engines = ("hybrid_contacts", "hybrid_contacts silenced")
    own, without = (examples.run(cell(engine, "point_query", frames=75))[0] for engine in engines)
    assert own["error_1"] < 0.5 * without["error_1"]


def test_silence_is_not_judged_by_a_stack_nor_anything_learned_at_another_step(examples: ModuleType) -> None:
    row = {"example": examples.STACK, "supported": True, "dt": 1 / 60}
    other = {"example": "newtons_cradle", "supported": True, "dt": 0.0008}
    engines = [*examples.TRUTHS[1:], "learned", "hybrid", "hybrid_contacts"]
    assert [cell.arm for cell in examples._beside(row, examples.Args())] == engines
    assert [cell.arm for cell in examples._beside(other, examples.Args())] == engines[:3]


@pytest.mark.usefixtures("in_process")
def test_examples_that_draw_random_numbers_are_run_from_several_seeds(examples: ModuleType) -> None:
    row = {"example": "point_query", "supported": True, "dt": 1 / 60}
    cells = list(examples._beside(row, examples.Args(engines=("learned",))))
    assert len(cells) == len(set(cells)) == 5 * examples.SEEDS - 1  # four truths and an engine; one has run already
    first, other = (examples.recorded("point_query", "truth 1", 15, seed).rows[0, 2] for seed in (0, 1))
    assert first != other


def recording(examples: ModuleType, *rows: tuple[float, float, float, float]) -> ModuleType:
    told = {"failure": None, "refusal": None, "frames": 4, "dts": [0.5], "steps_per_frame": 1.0, "learned_share": None}
    return examples.Recording(told, np.array(rows), np.array([0.1, 0.2]))


def test_bodies_are_compared_at_their_own_age_and_lost_far_from_all_of_the_truths(examples: ModuleType) -> None:
    fine = recording(examples, (1, 0, 0, 0), (2, 0, 1, 0), (3, 0, 2, 0), (3, 1, 5, 0), (4, 1, 5, 1))
    own = recording(examples, (1, 0, 0, 0), (2, 0, 4, 0), (3, 0, 90, 0), (2, 1, 5, 0), (3, 1, 5, 2))
    row = examples._row(own, fine)
    assert row["error_0.5"] == pytest.approx((3 + 1) / 2)
    assert row["error_1"] == pytest.approx(88)
    assert row["lost"] == 1
    gone = examples._row(recording(examples, (1, 0, 0, 0), (2, 0, 4, 0)), fine)
    assert gone["error_1"] == pytest.approx(2)  # where it was last
    assert row["left"] == 0
    assert row["sunk"] == pytest.approx(0.199)


def test_forces_act_in_all_parts_of_a_step(examples: ModuleType) -> None:
    space, body = pymunk.Space(), pymunk.Body(2.0, 1.0)
    space.add(body)
    body.force, body.torque = (6.0, 0.0), 1.0
    sys.modules["programs"].finer(space, 0.5, 4)
    assert body.velocity.x == pytest.approx(1.5)
    assert body.angular_velocity == pytest.approx(0.5)
    assert body.force == (0, 0)


def test_the_stand_in_for_pyglet_calls_what_is_scheduled_frame_by_frame(example: Example) -> None:
    clock = example("pyglet_stand_in").Clock(lambda: ended)
    calls: list[tuple[str, float]] = []

    def ended() -> None:
        calls.append(("frame", 0.0))
        if len(calls) > 7:
            raise KeyboardInterrupt

    clock.schedule_interval(lambda dt: calls.append(("update", dt)), 0.1)
    clock.schedule_interval(lambda dt: calls.append(("slow", dt)), 0.2)
    clock.schedule_once(lambda dt, word: calls.append((word, dt)), 0.0, "once")
    with pytest.raises(KeyboardInterrupt):
        clock.run()
    names = [name for name, _ in calls]
    assert names == ["once", "update", "frame", "slow", "update", "frame", "update", "frame"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"only": ("nosuch",)}, r"--only: \['nosuch'\] are unknown"),
        ({"engines": ("hybird",)}, r"--engines: \['hybird'\] are unknown, the known ones are learned"),
        ({"frames": 0}, "frames must be above 0, got 0"),
    ],
)
def test_what_there_is_not_is_refused_by_name(
    changes: dict[str, Any], sentence: str, examples: ModuleType, tmp_path: Path
) -> None:
    with pytest.raises(PhysimError, match=sentence):
        examples.main(examples.Args(folder=tmp_path, **changes))
    assert not list(tmp_path.iterdir())
