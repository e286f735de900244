"""What an evaluation measured, as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isnan
from typing import final

from learners.physics.baselines import BASELINES, CONSTANT_VELOCITY
from learners.physics.kept import UNITS
from learners.physics.published import published_ratio
from learners.physics.rollouts import Outcome
from physim.measures import median
from physim.reports import Row, row
from physim.worlds import World

LANDMARKS = (10, 100)
"""Steps after which position errors are reported, beside the last."""
NAMED = 10
"""At most so many of the scenes that blew up are named."""


@final
@dataclass(frozen=True)
class Judgement:
    """All that was measured on one world, by model; constant velocity is among them.

    `labels` tells the world's rows from others, `test_set` is the checksum of its true trajectories, `one_step` holds
    mean squared errors on every `stride`-th step of `scenes` scenes, `truth` is what the truth itself does, `limit` the
    position error in metres that counts as far off.
    """

    world: World
    labels: Row
    test_set: str
    scenes: int
    stride: int
    one_step: Mapping[str, float]
    outcomes: Mapping[str, Outcome]
    truth: Outcome
    limit: float

    def rows(self) -> list[Row]:
        """The rows; what a rollout that blew up no longer has is infinite."""
        made = (*self._one_step_rows(), *self._position_rows(), *self._drift_rows(), *self._kept_rows())
        return [item | {"test_set": self.test_set} for item in made]

    def _one_step_rows(self) -> Iterator[Row]:
        against = self.one_step[CONSTANT_VELOCITY]
        baselines = [self.one_step[model] for model in BASELINES if model in self.one_step]
        for model, error in self.one_step.items():
            labels: Row = self.labels | {"model": model, "scenes": self.scenes, "stride": self.stride}
            labels["paper"] = published_ratio(self.world, model)
            # under constant velocity alone is what `ratio` says
            told = model not in BASELINES and len(baselines) > 1 and error > 0
            labels["times_under_baselines"] = min(baselines) / error if told else None
            yield row("one_step_mse", error, "m2/s2", CONSTANT_VELOCITY, against) | labels

    def _position_rows(self) -> Iterator[Row]:
        still = self.outcomes[CONSTANT_VELOCITY]
        steps = len(still.error) - 1
        wanted = (*(step for step in LANDMARKS if step < steps), steps)
        for model, its in self.outcomes.items():
            labels: Row = self.labels | {"model": model, "scenes": its.scenes}
            for step in dict.fromkeys(step // its.every * its.every for step in wanted):
                value, against = its.error_at(step), still.error_at(step)
                yield row("rollout_position_error", value, "m", CONSTANT_VELOCITY, against) | labels | {"step": step}
            value, against = (median(each.steps_under(self.limit)) for each in (its, still))
            far: Row = {"step": steps, "limit": self.limit, "share_to_the_end": its.share_under(self.limit)}
            yield row("steps_under_5_percent", value, "steps", CONSTANT_VELOCITY, against) | labels | far
            blown = its.blown_up.nonzero()[:, 0].tolist()
            named = " ".join(map(str, blown[:NAMED])) + (" ..." if len(blown) > NAMED else "")
            yield row("blown_up", len(blown), "scenes") | labels | {"which": named or None}

    def _drift_rows(self) -> Iterator[Row]:
        of_truth = self.truth.energy_drift, self.truth.momentum_drift
        for model, its in self.outcomes.items():
            drifts = {"energy_drift": its.energy_drift, "momentum_drift": its.momentum_drift}
            for (name, drift), own in zip(drifts.items(), of_truth, strict=True):
                if drift is not None and own is not None:
                    labels: Row = self.labels | {"model": model, "scenes": its.scenes}
                    yield row(name, median(drift), "share", "truth", median(own)) | labels

    def _kept_rows(self) -> Iterator[Row]:
        for model, its in self.outcomes.items():
            labels: Row = self.labels | {"model": model, "scenes": its.scenes}
            for name, value in its.kept.items():
                yield row(name, value, UNITS[name], "truth", self.truth.kept[name]) | labels
            if not isnan(its.learned_share):
                yield row("learned_share", its.learned_share, "share of all impulses") | labels
            yield row("seconds_per_step", its.seconds_per_step, "s", "truth", self.truth.seconds_per_step) | labels
