"""Run by `pytest tests/benchmarks`: the shipped engine beside `MetaLayer`, and the making of data."""

from __future__ import annotations

from typing import Any

import pytest

from learners.physics import bench
from learners.physics.versus import PRECISIONS, inference_speed, training_speed
from physim.engines.learned import LearnedEngine
from physim.engines.rollout import rollout
from physim.scenes.scene import Scene
from worlds import NBody


@pytest.mark.parametrize("precision", PRECISIONS)
def test_training_beats_metalayer(precision: str) -> None:
    row = training_speed(LearnedEngine.load("nbody"), NBody(), precision, range(15))
    assert row["ratio"] >= 1.5, row


@pytest.mark.parametrize("precision", PRECISIONS)
def test_inference_beats_metalayer(precision: str) -> None:
    row = inference_speed(LearnedEngine.load("nbody"), NBody(bodies=128), precision, range(15))
    assert row["ratio"] <= 1 / 2, row


def test_generation_beats_a_pymunk_loop() -> None:
    row = bench.generation_speed(NBody(), 256, 1000, range(3))
    assert row["ratio"] >= 20, row


@pytest.mark.parametrize("bodies", [6, 64, 128])
def test_learned_step(benchmark: Any, bodies: int) -> None:
    engine = LearnedEngine.load("nbody")
    state = engine.start(NBody(bodies=bodies).scene(0))
    benchmark(lambda: engine.step(state))


def test_generation(benchmark: Any) -> None:
    world = NBody()
    benchmark(lambda: rollout(world.engine(), Scene.batch_of(world.scenes(0, 64)), 100))
