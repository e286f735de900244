from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pymunk
import pytest
import torch

import physim
from learners.physics import evaluate as module
from learners.physics.baselines import CONSTANT_VELOCITY, ConstantVelocity
from learners.physics.evaluate import Engines, evaluate, judged
from physim.engines.learned import LearnedEngine, Terms
from physim.engines.rollout import rollout
from physim.interaction import interaction_network
from physim.learner import EvaluateSettings
from physim.reports import LEADING, Row
from worlds import NBody

WORLD = NBody(bodies=3)
SETTINGS = EvaluateSettings(scenes=3, steps=20, varied=("bodies",))


def perfect(settings: EvaluateSettings = SETTINGS) -> list[Row]:
    engines: Engines = {
        CONSTANT_VELOCITY: ConstantVelocity(1e-3),
        "best": WORLD.engine(),
        "mlp": ConstantVelocity(1e-3),
    }
    return judged(WORLD, engines, settings).rows()


def named(rows: list[Row], name: str, model: str) -> list[Row]:
    return [row for row in rows if row["name"] == name and row["model"] == model]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An untrained network: how it fares is not the point."""
    path = tmp_path_factory.mktemp("weights") / "untrained.safetensors"
    graph = interaction_network()
    LearnedEngine(graph, Terms(1e-3, 1.0, ("mass",), ("point",), ("pair",), {})).save(path)
    return str(path)


def test_constant_velocity_is_exactly_once_itself() -> None:
    rows = perfect()
    for name in ("one_step_mse", "rollout_position_error", "steps_under_5_percent"):
        assert {row["ratio"] for row in named(rows, name, CONSTANT_VELOCITY)} == {1.0}


def test_a_perfect_engine_makes_no_error_and_never_passes_the_limit() -> None:
    rows = perfect()
    assert named(rows, "one_step_mse", "best")[0]["value"] == 0
    assert {row["value"] for row in named(rows, "rollout_position_error", "best")} == {0}
    under = named(rows, "steps_under_5_percent", "best")[0]
    assert (under["value"], under["share_to_the_end"], under["limit"]) == (20, 1, 5)
    assert named(rows, "energy_drift", "best")[0]["ratio"] == 1


def test_every_row_has_all_fields_and_is_json(weights: str) -> None:
    settings = EvaluateSettings((weights,), scenes=2, steps=10, varied=("bodies",))
    rows = evaluate([NBody(bodies=2), WORLD], settings)
    assert {(row["world"], row["bodies"]) for row in rows} == {("nbody", 2), ("nbody", 3)}
    assert {row["model"] for row in rows} == {CONSTANT_VELOCITY, "truth_4dt", weights}
    for row in rows:
        assert set(LEADING) <= row.keys()
        json.dumps(row, allow_nan=False)


def test_the_one_step_error_is_that_of_all_scenes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOGETHER", 2)
    change = [rollout(WORLD.engine(), WORLD.scene(90_000, index), 20).vel.diff(dim=0) for index in range(3)]
    measured = named(perfect(), "one_step_mse", "mlp")[0]["value"]
    assert measured == pytest.approx(float(torch.stack(change).square().mean()))


def test_a_stride_is_taken_and_stated_where_states_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STATES", 20)
    change = [rollout(WORLD.engine(), WORLD.scene(90_000, index), 20).vel.diff(dim=0)[::3] for index in range(3)]
    row = named(perfect(), "one_step_mse", CONSTANT_VELOCITY)[0]
    assert row["stride"] == 3
    assert row["value"] == pytest.approx(float(torch.stack(change).square().mean()))


def test_few_steps_have_no_coarse_truth_and_no_landmarks() -> None:
    rows = perfect(EvaluateSettings(scenes=2, steps=3))
    assert [row["step"] for row in named(rows, "rollout_position_error", "best")] == [3]
    assert not named(rows, "blown_up", "truth_4dt")


def test_the_coarse_truth_stands_beside_at_steps_it_has() -> None:
    steps = [row["step"] for row in named(perfect(), "rollout_position_error", "truth_4dt")]
    assert steps == [8, 20]


def test_the_coarse_truth_takes_steps_of_its_own_dt() -> None:
    measured = named(perfect(EvaluateSettings(scenes=1, steps=20)), "rollout_position_error", "truth_4dt")[-1]["value"]
    start = WORLD.scene(90_000)
    ends = [
        rollout(world.engine(), start, steps).pos[-1] for world, steps in ((NBody(bodies=3, dt=4e-3), 5), (WORLD, 20))
    ]
    assert measured == pytest.approx(float((ends[0] - ends[1]).square().sum(dim=-1).mean().sqrt()))


def test_steps_under_the_limit_end_where_the_error_passes_five_metres() -> None:
    measured = named(perfect(EvaluateSettings(scenes=1, steps=400)), "steps_under_5_percent", "mlp")[0]["value"]
    true = rollout(WORLD.engine(), WORLD.scene(90_000), 400)
    off = true.pos[0] + true.times[:, None, None] * true.vel[0] - true.pos
    error = off.square().sum(dim=-1).mean(dim=-1).sqrt()
    assert measured == int((error > 5).nonzero()[0])


def test_the_margin_is_over_the_lowest_baseline() -> None:
    engines: Engines = {
        CONSTANT_VELOCITY: ConstantVelocity(1e-3),
        "best": ConstantVelocity(1e-3),
        "mlp": WORLD.engine(),
    }
    rows = judged(WORLD, engines, SETTINGS).rows()
    assert named(rows, "one_step_mse", "best")[0]["times_under_baselines"] == 0
    assert named(rows, "one_step_mse", "mlp")[0]["times_under_baselines"] is None


@physim.world(dt=0.01, substeps=2)
def box(rng: np.random.Generator, balls: int = 2) -> pymunk.Space:
    """A few balls above a floor."""
    space = pymunk.Space()
    space.gravity = 0, -10
    space.add(pymunk.Segment(space.static_body, (-5, 0), (5, 0), 0.1))
    for number in range(balls):
        body = pymunk.Body(1.0, 1.0)
        body.position = 2 * number - balls, rng.uniform(1, 2)
        space.add(body, pymunk.Circle(body, 0.2))
    return space


def test_a_world_of_ones_own_is_judged_too(tmp_path: Path) -> None:
    world = box(dt=0.01, substeps=2)
    graph = interaction_network(columns=["mass"], relations=["contacts"], contact_dt=0.01, external=True)
    terms = Terms(0.01, world.position_rule, ("mass",), ("circle", "segment"), ("pair",), {})
    LearnedEngine(graph, terms).save(tmp_path / "box.safetensors")
    settings = EvaluateSettings((str(tmp_path / "box.safetensors"),), scenes=2, steps=8, varied=("balls",))
    rows = evaluate([world], settings)
    still = named(rows, "one_step_mse", CONSTANT_VELOCITY)[0]
    assert still["balls"] == 2
    assert still["value"] == pytest.approx(0.5 * 0.1**2, rel=1e-6)  # two balls fall, the floor does not count
