"""Learned physics: training and evaluation of engines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import final

from physim.learner import EvaluateSettings, Learner, TrainSettings
from physim.reports import Row
from physim.scenes.tracks import Tracks
from physim.worlds.base import World


@final
class Physics(Learner):
    """Fits interaction networks and the paper's baselines to a world's trajectories."""

    @property
    def configs(self) -> tuple[str, ...]:
        from learners.physics.configs import CONFIGS

        return tuple(CONFIGS)

    def train(self, world: World, settings: TrainSettings) -> Path:
        from learners.physics.train import train

        return train(world, settings)

    def train_tracks(self, tracks: Tracks, settings: TrainSettings) -> Path:
        from learners.physics.tracks import train_tracks

        return train_tracks(tracks, settings)

    def evaluate(self, worlds: Sequence[World], settings: EvaluateSettings) -> list[Row]:
        from learners.physics.evaluate import evaluate

        return evaluate(worlds, settings)
