from __future__ import annotations

import json

import pytest
import torch

from learners.physics import bench
from learners.physics.versus import PRECISIONS, inference_speed, one_step_ratio, training_speed
from physim.engines.learned import LearnedEngine, Terms
from physim.engines.rollout import rollout
from physim.interaction import interaction_network
from physim.reports import Row, table
from worlds import NBody


def engine() -> LearnedEngine:
    return LearnedEngine(interaction_network(), Terms(1e-3, 1.0, ("mass",), ("point",), ("pair",), {}))


def test_overheads_stand_in_rows() -> None:
    rows = [bench.step_overhead(range(2)), bench.network_overhead(range(1))]
    assert [row["name"] for row in rows] == ["graph_overhead"] * 2
    assert all(row["ratio"] > 0 for row in rows)
    assert table(rows)


def test_the_pymunk_loop_is_the_truth() -> None:
    world = NBody(bodies=4)
    truth = rollout(world.engine(), world.scene(0, 3), 20)
    torch.testing.assert_close(bench.looped(world, 3, 20), truth.pos, rtol=0, atol=1e-9)


def test_generation_is_counted_in_scenes_a_second() -> None:
    row = bench.generation_speed(NBody(bodies=2), 2, 2, range(1))
    assert (row["name"], row["bodies"], row["against"]) == ("generate_scenes_per_second", 2, "pymunk loop")


def test_speeds_name_precision_threads_and_error() -> None:
    world = NBody(bodies=3)
    for precision in PRECISIONS:
        rows = [speed(engine(), world, precision, range(1)) for speed in (training_speed, inference_speed)]
        for row in rows:
            assert (row["precision"], row["bodies"], row["compiled"]) == (precision, 3, False)
            assert row["one_step_mse_over_constant_velocity"] > 0
        json.dumps(rows)


def test_the_bench_of_engines_has_plain_and_compiled_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    def stand_in(engine: object, world: object, precision: str, rounds: object, compiled: bool) -> Row:
        return {"precision": precision, "compiled": compiled}

    for name in ("training_speed", "inference_speed"):
        monkeypatch.setattr(bench, name, stand_in)
    monkeypatch.setattr(bench, "generation_speed", lambda *given: {})
    made = [(row["precision"], row["compiled"]) for row in bench.engines() if row]
    assert sorted(made) == sorted(2 * [(precision, compiled) for precision in PRECISIONS for compiled in (False, True)])


def test_a_network_that_predicts_no_change_is_as_good_as_constant_velocity() -> None:
    still = engine()
    for parameter in still.graph.get_submodule("pairs_model").parameters():
        torch.nn.init.zeros_(parameter)
    assert one_step_ratio(still, NBody(), "fp32", scenes=5) == 1
