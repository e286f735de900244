from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from physim import tradeoff as module
from physim.arrays import Floats
from physim.engines.base import Engine
from physim.reports import Row
from physim.scenes.scene import Scene
from physim.tradeoff import Runner, TradeoffSettings, ladder, measure, rows, steps_a_frame, tradeoff, truths
from worlds import Balls, NBody, Playground

SETTINGS = TradeoffSettings(scenes=20, seconds=0.1)


class Still:
    """A state in which nothing moves, but for the number of steps in the first place."""

    def __init__(self, scene: Scene, steps: int = 0) -> None:
        self.scene, self.steps = scene, steps
        self.vel, self.angle, self.angular_velocity = (
            scene[name].numpy() for name in ("vel", "angle", "angular_velocity")
        )

    @property
    def pos(self) -> Floats:
        """The places of the start, the steps beyond in x."""
        moved: Floats = self.scene.pos.numpy() + np.array([float(self.steps), 0.0])
        return moved


class Counting(Engine[Still]):
    """Moves all by a metre a step, in a time of its own on a clock that it turns; keeps a list of whom it ran."""

    dt = 1.0

    def __init__(self, clock: list[float], seconds: float, ran: list[float]) -> None:
        self.clock, self.seconds, self.ran = clock, seconds, ran

    def start(self, scene: Scene) -> Still:
        self.ran.append(self.seconds)
        self.clock[0] += 1000.0  # building is not counted
        return Still(scene)

    def step(self, state: Still) -> Still:
        self.clock[0] += self.seconds * state.scene.num_bodies
        return Still(state.scene, state.steps + 1)


@pytest.fixture(scope="module", autouse=True)
def _few_rounds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROUNDS", 2)
        patch.setattr(module, "ALONE", 2)
        yield


@pytest.fixture(scope="module")
def measured(_few_rounds: None) -> list[Row]:
    return tradeoff(NBody(), SETTINGS)


def test_substeps_double_up_to_the_worlds_own() -> None:
    assert [ladder(most) for most in (1, 2, 10, 16)] == [[1], [1, 2], [1, 2, 4, 8, 10], [1, 2, 4, 8, 16]]


def test_a_frame_is_a_step_or_a_power_of_two_of_them_within_a_sixtieth_of_a_second() -> None:
    worlds = (NBody(), Playground(), Playground(dt=1 / 30), NBody(dt=1 / 120))
    assert [steps_a_frame(world) for world in worlds] == [16, 1, 1, 2]


def test_the_worlds_own_substeps_are_its_own_steps() -> None:
    world = NBody()
    scene = world.scene(0)
    state = world.engine().start(scene)
    for _ in range(32):
        state = world.engine().step(state)
    for own in (runner for runner in truths(world, 16) if runner.substeps == 16):
        paths, _ = own.run(scene, [2])
        np.testing.assert_allclose(paths[2], state.pos, rtol=0, atol=1e-6)


def test_pymunk_stands_beside_a_truth_that_is_another_engine() -> None:
    assert [runner.label for runner in truths(NBody(), 2)] == ["truth"] * 2 + ["pymunk"] * 2
    assert [runner.label for runner in truths(Balls(), 2)] == ["truth"] * 2


def test_every_engine_has_a_row_the_learned_one_last(measured: list[Row]) -> None:
    assert [(row["engine"], row["substeps"]) for row in measured] == [
        *((engine, substeps) for engine in ("truth", "pymunk") for substeps in (1, 2, 4, 8, 16)),
        ("learned", 16),
    ]
    for row in measured:
        assert (row["world"], row["bodies"], row["scenes"], row["device"]) == ("nbody", 6, 20, "cpu")
        assert (row["seconds"], row["early_seconds"]) == pytest.approx((0.096, 0.016))
        assert min(row["ms_alone"], row["ms_together"]) > 0  # type: ignore[type-var]
        assert row["against"] == "truth, 16 substeps"


def test_more_substeps_bring_smaller_errors(measured: list[Row]) -> None:
    for engine, name in product(("truth", "pymunk"), ("value", "early_error")):
        errors = [float(row[name] or 0) for row in measured if row["engine"] == engine]
        assert errors == sorted(errors, reverse=True)
        assert errors[-1] > 0
    assert measured[4]["ratio"] == 1


def test_the_same_seed_gives_the_same_errors_and_another_does_not(measured: list[Row]) -> None:
    errors = [
        [row["value"] for row in tradeoff(NBody(), replace(SETTINGS, seed=seed))] for seed in (SETTINGS.seed, 90_001)
    ]
    assert errors[0] == [row["value"] for row in measured]
    assert all(one != other for one, other in zip(*errors, strict=True))


def test_milliseconds_are_those_of_one_scene_for_each_second_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, ran = [0.0], list[float]()
    monkeypatch.setattr(module, "process_time", lambda: clock[0])
    scenes = NBody(bodies=3).scenes(0, 4)
    runners = [Runner("truth", Counting(clock, 1.0, ran), 1, 1), Runner("learned", Counting(clock, 5.0, ran), 2, 2)]
    measure(runners, Runner("truth", Counting(clock, 0.0, ran), 2, 2), scenes, [1, 10])
    made = rows(runners, [1, 10], 0.5, {"scenes": 4}, "px")
    assert [row["ms_alone"] for row in made] == pytest.approx([6e3, 60e3])  # 3 bodies, 2 frames a second
    assert [row["ms_together"] for row in made] == pytest.approx([6e3, 60e3])
    assert [row["value"] for row in made] == pytest.approx([10.0, 0.0])
    assert [row["early_error"] for row in made] == pytest.approx([1.0, 0.0])
    assert ran[3:] == [1.0] * 3 + [5.0] * 3 + [5.0] * 3 + [1.0] * 3  # after a warm start, each first in turn


def test_who_blows_up_is_infinitely_far_off() -> None:
    class Bursting(Counting):
        def step(self, state: Still) -> Still:
            return Still(state.scene.moved(pos=torch.full_like(state.scene.pos, torch.nan)))

    scenes = NBody().scenes(0, 2)
    bursting = Runner("truth", Bursting([0.0], 0.0, []), 1, 1)
    measure([bursting], Runner("truth", Counting([0.0], 0.0, []), 1, 1), scenes, [1])
    assert bursting.errors == {1: float("inf")}
