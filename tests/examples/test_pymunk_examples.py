from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pymunk
import pytest

from learners.experiment import Cell

Example = Callable[[str], ModuleType]


@pytest.fixture
def examples(example: Example, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example, whose neighbours Python finds as it does for a program."""
    monkeypatch.setitem(sys.modules, "pyglet_stand_in", example("pyglet_stand_in"))
    monkeypatch.setitem(sys.modules, "programs", example("programs"))
    return example("pymunk_examples")


def cell(engine: str, name: str, frames: int = 45) -> Cell:
    return Cell(engine, setting=(("example", name), ("frames", frames)))


def test_a_program_is_run_as_it_is_and_compared_with_a_finer_truth(examples: ModuleType) -> None:
    (row,) = examples.run(cell("truth 1", "point_query"))
    assert row["supported"]
    assert (row["bodies"], row["steps_per_frame"], row["lost"]) == (1, 1.0, 0)
    assert row["dt"] == pytest.approx(1 / 60)
    assert 0 < row["error_0.5"] < 10
    assert row["error_1"] is None  # in 45 frames nobody gets that old


def test_what_cannot_be_expressed_is_told_in_its_sentence(examples: ModuleType) -> None:
    (row,) = examples.run(cell("truth 10", "contact_with_friction", frames=12))
    assert not row["supported"]
    assert row["why"] == "the Space has collision callbacks, which a scene cannot express"
    table = next(text for text in examples.tables([{"arm": "truth 10", "example": "contact", **row}]) if "|" in text)
    assert "| contact | the Space has collision callbacks" in table


def test_a_stack_stands_in_the_truth(examples: ModuleType) -> None:
    (row,) = examples.run(cell("truth 2", examples.STACK, frames=60))
    assert row["stands"] == 60


def recording(examples: ModuleType, *rows: tuple[float, float, float, float]) -> ModuleType:
    told = {"failure": None, "refusal": None, "frames": 4, "dts": [0.5], "steps_per_frame": 1.0}
    return examples.Recording(told, np.array(rows), np.array([0.1, 0.2]))


def test_bodies_are_compared_at_their_own_age_and_lost_far_from_all_of_the_truths(examples: ModuleType) -> None:
    fine = recording(examples, (1, 0, 0, 0), (2, 0, 1, 0), (3, 0, 2, 0), (3, 1, 5, 0), (4, 1, 5, 1))
    own = recording(examples, (1, 0, 0, 0), (2, 0, 4, 0), (3, 0, 90, 0), (2, 1, 5, 0), (3, 1, 5, 2))
    row = examples._row(own, fine)
    assert row["error_0.5"] == pytest.approx((3 + 1) / 2)
    assert row["error_1"] == pytest.approx(88)
    assert row["lost"] == 1
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
