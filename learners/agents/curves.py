"""Learning curves of agents and what is told of them: areas, frames to a threshold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.ndimage import uniform_filter1d

from physim.reports import Row

SMOOTHED = 5
"""Over how many points a score is averaged before it counts as reached: single ones are of few episodes."""


class Curve(NamedTuple):
    """Scores after so many decisions; a point at which no episode ended has the score of the one before, NaN where none
    ended yet.
    """

    decisions: Sequence[float]
    scores: Sequence[float]

    @property
    def area(self) -> float:
        """The mean score over the whole training: the area under the curve over its length."""
        return float(np.mean(self.scores))

    @property
    def last(self) -> float:
        """The mean score over its last tenth."""
        return float(np.mean(self.scores[-max(1, len(self.scores) // 10) :]))

    def until(self, decisions: float) -> Curve:
        """What it was up to so many decisions; the point that was meant for them may lie a little behind, where an
        unroll ends.
        """
        between = self.decisions[0] if self.decisions else 0.0
        kept = sum(done < decisions + between / 2 for done in self.decisions)
        return Curve(self.decisions[:kept], self.scores[:kept])

    def reached(self, threshold: float) -> float:
        """After how many decisions the score, averaged over neighbouring points, first came to a threshold; infinity if
        never.
        """
        smooth = uniform_filter1d(np.asarray(self.scores), SMOOTHED, mode="nearest")
        return next((done for done, score in zip(self.decisions, smooth, strict=True) if score >= threshold), math.inf)


def curve_rows(points: Iterable[dict[str, float]]) -> list[Row]:
    """A training's curve as rows of its scores and of the processor's seconds; NaN after 0 decisions where it has none.

    Points before the first episode's end have the score NaN: nothing is known of them.
    """
    points = list(points) or [{"decisions": 0.0, "score": math.nan, "seconds": 0.0}]
    rows: list[Row] = []
    score = math.nan
    for point in points:
        score = point.get("score", score)
        rows.append({"name": "score", "done": point["decisions"], "value": score, "seconds": point["seconds"]})
    return rows


def curve_of(rows: Iterable[Row]) -> Curve:
    """The curve that rows tell: without points where the training diverged before the first."""
    scores = [row for row in rows if row["name"] == "score" and row["done"]]
    return Curve([float(str(row["done"])) for row in scores], [float(str(row["value"])) for row in scores])
