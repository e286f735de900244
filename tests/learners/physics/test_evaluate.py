from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import final

import numpy as np
import pymunk
import pytest
import torch

import physim
from learners.physics import checksums
from learners.physics import evaluate as module
from learners.physics.baselines import CONSTANT_VELOCITY, ConstantVelocity, Gliding
from learners.physics.evaluate import Engines, evaluate, judged
from physim.contact_measures import penetration
from physim.engines.base import Engine
from physim.engines.learned import LearnedEngine, Terms
from physim.engines.rollout import rollout
from physim.interaction import interaction_network
from physim.learner import EvaluateSettings
from physim.measures import position_error
from physim.reports import LEADING, Row, for_json
from physim.scenes.scene import DYNAMIC, STATE_FIELDS, Scene
from physim.scenes.trajectory import Trajectory
from worlds import Balls, Charges, NBody

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
    assert [len({row["test_set"] for row in rows if row["bodies"] == bodies}) for bodies in (2, 3)] == [1, 1]
    assert len({row["test_set"] for row in rows}) == 2
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


def test_without_a_trained_baseline_there_is_no_margin() -> None:
    engines: Engines = {CONSTANT_VELOCITY: ConstantVelocity(1e-3), "best": ConstantVelocity(1e-3)}
    rows = judged(WORLD, engines, SETTINGS).rows()
    assert {row["times_under_baselines"] for row in rows if row["name"] == "one_step_mse"} == {None}


@final
class Lost(Engine[Gliding]):
    """Every body is nowhere from its first step on."""

    def __init__(self) -> None:
        self.dt = 1e-3

    def start(self, scene: Scene) -> Gliding:
        return ConstantVelocity(self.dt).start(scene)

    def step(self, state: Gliding) -> Gliding:
        return replace(state, pos=state.pos * np.nan, vel=state.vel * np.nan)


def test_what_blew_up_is_infinite_and_is_told(tmp_path: Path) -> None:
    rows = judged(WORLD, {CONSTANT_VELOCITY: ConstantVelocity(1e-3), "best": Lost()}, SETTINGS).rows()
    for name in ("one_step_mse", "rollout_position_error", "energy_drift"):
        assert {(row["value"], row["ratio"]) for row in named(rows, name, "best")} == {(np.inf, np.inf)}
    assert {row["value"] for row in named(rows, "momentum_drift", "best")} == {np.inf}
    json.dumps(for_json(rows), allow_nan=False)


def test_far_off_is_a_share_of_where_moving_bodies_start() -> None:
    still = Balls(balls=3)
    scenes = [still.scene(90_000, index) for index in range(2)]
    places = [scene.pos[scene.inverse_mass > 0] for scene in scenes]
    reach = max(float((pos - pos.mean(dim=0)).norm(dim=-1).max()) for pos in places)
    engines: Engines = {CONSTANT_VELOCITY: ConstantVelocity(still.dt)}
    rows = judged(still, engines, EvaluateSettings(scenes=2, steps=3)).rows()
    assert named(rows, "steps_under_5_percent", CONSTANT_VELOCITY)[0]["limit"] == pytest.approx(0.05 * reach)


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


def balls(settings: EvaluateSettings) -> list[Row]:
    world = Balls(balls=6)
    engines: Engines = {CONSTANT_VELOCITY: ConstantVelocity(world.dt), "best": world.engine()}
    return judged(world, engines, settings).rows()


def test_the_coarse_truth_of_contacts_is_that_of_a_world_of_its_dt() -> None:
    settings = EvaluateSettings(scenes=2, steps=202)
    rows, scenes = balls(settings), Scene.batch_of(Balls(balls=6).scenes(settings.seed, 2))
    coarse = rollout(Balls(balls=9, dt=4e-3).engine(), scenes, 50)
    true = rollout(Balls(balls=6).engine(), scenes, 202)
    thinned = Trajectory(scenes, *(getattr(true, name)[:201:4] for name in (*STATE_FIELDS, "times")))
    error = position_error(coarse, thinned)
    measured = named(rows, "rollout_position_error", "truth_4dt")[-1]
    assert measured["step"] == 200
    assert measured["value"] == pytest.approx(float(error[-1].mean()))  # the median of two
    for model, run in (("truth_4dt", coarse), ("best", true)):
        solid = scenes.body_type == DYNAMIC
        assert named(rows, "deepest_penetration", model)[0]["value"] == float(penetration(run)[:, solid].max())
        assert named(rows, "static_drift", model)[0]["value"] == 0


def test_contacts_and_walls_are_judged_beside_the_truth() -> None:
    rows = balls(EvaluateSettings(scenes=2, steps=200))
    for name in ("penetration", "deepest_penetration", "bodies_outside", "static_drift", "kinetic_energy"):
        (row,) = named(rows, name, "best")
        assert (row["against"], row["value"]) == ("truth", row["against_value"])
    assert not [row for row in perfect() if row["name"] in ("penetration", "static_drift")]


def test_every_engine_says_how_long_a_step_takes() -> None:
    rows = perfect()
    for model in (CONSTANT_VELOCITY, "best", "mlp", "truth_4dt"):
        (row,) = named(rows, "seconds_per_step", model)
        assert 0 < row["value"] < 1  # type: ignore[operator]
        assert 0 < row["against_value"] < 1  # type: ignore[operator]


def test_a_guest_is_judged_in_the_same_table(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def truth(world):\n    return world.engine()\n")
    guest = f"{tmp_path / 'mine.py'}:truth"
    rows = evaluate([Balls(balls=2)], EvaluateSettings(scenes=2, steps=8, engines=(guest,)))
    assert {row["model"] for row in rows} >= {CONSTANT_VELOCITY, "best", "truth_4dt", guest}
    assert {row["value"] for row in named(rows, "rollout_position_error", guest)} == {0}


def test_a_test_set_that_differs_from_the_record_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], weights: str
) -> None:
    settings = EvaluateSettings((weights,), scenes=2, steps=4)
    label = evaluate([WORLD], settings)[0]["test_set"]
    assert "test set" not in capsys.readouterr().err
    monkeypatch.setattr(checksums, "on_record", lambda world, settings: "another")
    assert evaluate([WORLD], settings)[0]["test_set"] == label
    assert f"test set of nbody: it is {label} here and another on record" in capsys.readouterr().err


@final
class Braking(Engine[Gliding]):
    """Every body loses a thousandth of its velocity a step."""

    def __init__(self, dt: float) -> None:
        self.dt, self.inner = dt, ConstantVelocity(dt)

    def start(self, scene: Scene) -> Gliding:
        return self.inner.start(scene)

    def step(self, state: Gliding) -> Gliding:
        return replace(self.inner.step(state), vel=0.999 * state.vel)


def test_figures_over_a_truth_that_keeps_its_energy_have_no_ratio_and_say_why() -> None:
    world = Charges(bodies=1)  # which nothing ever pulls
    engines: Engines = {CONSTANT_VELOCITY: ConstantVelocity(1e-3), "braking": Braking(1e-3)}
    rows = [row for row in judged(world, engines, SETTINGS).rows() if row["model"] == "braking"]
    for name in ("energy_drift", "momentum_drift"):
        (drift,) = [row for row in rows if row["name"] == name]
        assert (drift["ratio"], drift["note"]) == (None, "no ratio over less than 1e-09")
        assert isinstance(drift["value"], float)
        assert drift["value"] > 0.01
    assert not [row for row in rows if row["name"] == "rollout_position_error" and "note" in row]
