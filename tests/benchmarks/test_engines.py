"""Run by `pytest tests/benchmarks`: the shipped engine beside `MetaLayer`, and the making of data."""

from __future__ import annotations

import pytest
import torch

from learners.physics import bench
from learners.physics.timing import compare
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
def test_an_engines_step_costs_little_over_its_graphs(bodies: int) -> None:
    engine = LearnedEngine.load("nbody")
    state = engine.start(NBody(bodies=bodies).scene(0))
    with torch.no_grad():
        whole, bare = compare(lambda: engine.step(state), lambda: engine.graph.step(state.inputs, {}))
    assert whole <= 1.5 * bare, (whole, bare)


def test_scenes_step_together_faster_than_one_by_one() -> None:
    engine, scenes = LearnedEngine.load("nbody"), NBody().scenes(0, 16)
    batch, states = engine.start(Scene.batch_of(scenes)), [engine.start(scene) for scene in scenes]
    together, alone = compare(lambda: engine.step(batch), lambda: [engine.step(state) for state in states])
    assert together <= alone / 8, (together, alone)


def test_scenes_are_simulated_together_faster_than_one_by_one() -> None:
    engine, scenes = NBody().engine(), NBody().scenes(0, 64)
    together, alone = compare(
        lambda: rollout(engine, Scene.batch_of(scenes), 100),
        lambda: [rollout(engine, scene, 100) for scene in scenes],
        range(5),
    )
    assert together <= alone / 10, (together, alone)
