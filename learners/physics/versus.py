"""Our interaction network against the same one on torch-geometric's `MetaLayer`: speeds, and the error beside."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from learners.physics.metalayer import MetaLayerNetwork, metalayer_inputs
from learners.physics.timing import Work, compare
from physim.checks import TEST_SEEDS_FROM
from physim.engines.learned import LearnedEngine
from physim.engines.rollout import rollout
from physim.reports import Row, row
from physim.scene_inputs import graph_inputs
from physim.scenes.scene import Scene
from physim.worlds import World

PRECISIONS = ("fp32", "bf16")
BATCH = 128


@dataclass(frozen=True)
class Side:
    """A network and what it is given, in one precision ("bf16": torch's autocast)."""

    network: nn.Module
    given: tuple[Any, ...]
    precision: str

    def run(self) -> Tensor:
        """The predicted changes of velocity [N, 2]."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.precision == "bf16"):
            predicted: Tensor = self.network(*self.given)
        return predicted

    @torch.no_grad()
    def predict(self) -> Tensor:
        """One prediction."""
        return self.run()

    def training(self) -> Work:
        """Updates by Adam, at a rate of 0 so that each is like the last."""
        target = 1.01 * self.predict().float()
        optimiser = torch.optim.Adam(self.network.parameters(), lr=0.0, fused=True)

        def update() -> None:
            optimiser.zero_grad()
            (self.run().float() - target).square().mean().backward()
            optimiser.step()

        return update


def sides(engine: LearnedEngine, scenes: Scene, precision: str, compiled: bool = False) -> tuple[Side, Side]:
    """Ours and the peer on the same scenes, with the same weights."""
    columns = engine.terms.columns
    ours, theirs = copy.deepcopy(engine.graph), MetaLayerNetwork(engine.graph)
    if compiled:
        ours.compile()
        theirs.compile()
    return (
        Side(ours, (graph_inputs(ours, scenes, columns),), precision),
        Side(theirs, metalayer_inputs(scenes, columns, torch.float32), precision),
    )


def training_speed(
    engine: LearnedEngine, world: World, precision: str, rounds: Iterable[object], compiled: bool = False
) -> Row:
    """Samples (states of one scene) a second in training: forward, backward and Adam."""
    ours, theirs = sides(engine, Scene.batch_of(world.scenes(0, BATCH)), precision, compiled)
    seconds = compare(ours.training(), theirs.training(), rounds)
    speeds = BATCH / seconds[0], BATCH / seconds[1]
    figure = row("train_samples_per_second", speeds[0], "1/s", "MetaLayer", speeds[1])
    return figure | _labels(engine, world, precision, compiled)


def inference_speed(
    engine: LearnedEngine, world: World, precision: str, rounds: Iterable[object], compiled: bool = False
) -> Row:
    """Seconds of one prediction for one scene: the ratio is under 1 where ours is faster."""
    ours, theirs = sides(engine, world.scene(0), precision, compiled)
    seconds = compare(ours.predict, theirs.predict, rounds)
    figure = row("one_step_inference_seconds", seconds[0], "s", "MetaLayer", seconds[1])
    return figure | _labels(engine, world, precision, compiled)


def one_step_ratio(engine: LearnedEngine, world: World, precision: str, scenes: int = 100) -> float:
    """The mean squared error of the velocity after one step over constant velocity's, on unseen scenes."""
    truth = rollout(world.engine(), Scene.batch_of(world.scenes(TEST_SEEDS_FROM, scenes)), 1)
    change = truth.vel[1] - truth.vel[0]
    ours, _ = sides(engine, truth.at(0), precision)
    return float((ours.predict().double() - change).square().mean() / change.square().mean())


def _labels(engine: LearnedEngine, world: World, precision: str, compiled: bool) -> Row:
    return {
        "world": world.name,
        "bodies": int(world.scene(0).num_bodies),
        "precision": precision,
        "compiled": compiled,
        "threads": torch.get_num_threads(),
        "one_step_mse_over_constant_velocity": one_step_ratio(engine, world, precision),
    }
