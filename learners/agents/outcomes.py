"""What came of agents in tasks: figures of their curves beside chance, an oracle and a baseline."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from learners.agents.curves import Curve, curve_of
from learners.experiment import Interval, markdown
from learners.judging import Runs, difference, improvement, interquartile, ratio
from physim.reports import Row

THRESHOLDS = (0.5, 0.9)
"""Shares of the baseline's last score, to which decisions are counted."""
LEARNED = 0.05
"""The mean last score from which who plays a task counts as having learned it: less is as good as chance."""
Drawn = Mapping[str, float]
"""Settings by name that an arm was tried with: its rows tell them."""
Bounds = Mapping[str, tuple[float, float]]
"""The scores of chance and of the oracle, or others that count 0 and 1, by task."""


@final
@dataclass(frozen=True)
class Outcomes:
    """Curves as rows with "arm", "task" and "seed", and the bounds of scores in each task.

    Scores are told between these: 0 is chance, 1 the oracle. Curves count up to so many `decisions`.
    """

    rows: Sequence[Row]
    bounds: Bounds
    decisions: float

    def runs(self, arm: str, figure: Callable[[Curve], float]) -> list[list[float]]:
        """A figure of every run of an arm, task by task, whose scores lie between chance and oracle."""
        return [[figure(curve) for curve in each] for each in self.curves(arm)]

    def curves(self, arm: str) -> list[list[Curve]]:
        """The curves of an arm, task by task, by seed."""
        return [self._curves(arm, task) for task in self.bounds]

    def areas(self, arm: str) -> Runs:
        """Mean scores over the whole training."""
        return self.runs(arm, lambda curve: curve.area)

    def lasts(self, arm: str) -> Runs:
        """Mean scores at last."""
        return self.runs(arm, lambda curve: curve.last)

    def decisions_to(self, arm: str, baseline: str, share: float) -> Runs:
        """After how many decisions runs came to a share of the mean last score of a baseline, which if none: all.

        Only tasks that the baseline learns: elsewhere it comes to its last score at any time, and so does chance.
        """
        goals = {task: share * last for task, last in self._learned(baseline).items()}
        return [
            [min(self.decisions, curve.reached(goal)) for curve in self._curves(arm, task)]
            for task, goal in goals.items()
        ]

    def faster(self, arm: str, baseline: str, share: float) -> Interval | None:
        """How many times fewer decisions than a baseline, in the tasks that it learns; None where these are none."""
        if not self._learned(baseline):
            return None
        return ratio(self.decisions_to(baseline, baseline, share), self.decisions_to(arm, baseline, share))

    def table(self, arms: Sequence[str], baseline: str) -> str:
        """A line for each arm, beside the baseline, and which tasks say nothing of how fast it is."""
        lines = []
        for arm in arms:
            scores = [interquartile(self.areas(arm)), interquartile(self.lasts(arm))]
            lines.append([arm, *scores, *(self._beside(arm, baseline) if arm != baseline else 4 * [None])])
        faster = [f"times faster to {share:.0%} of {baseline}'s last" for share in THRESHOLDS]
        more = [f"mean score less {baseline}'s", f"probability of a better one than {baseline}'s"]
        table = markdown(["", "mean score", "last score", *faster, *more], lines)
        unlearned = [task for task in self.bounds if task not in self._learned(baseline)]
        left = f"{baseline} does not learn {', '.join(unlearned)}: how much faster others are is told of the others. "
        note = "Runs that never come to such a score count as if they did at the end."
        return f"{table}\n{left if unlearned else ''}{note}\n{self._tasks(arms)}"

    def pairs(self, pairs: Sequence[tuple[str, str]], arms: Sequence[str]) -> str:
        """How much higher the scores of the first of each pair are than those of the second, if both are among arms."""
        lines = [
            [f"{ours} less {theirs}", *(difference(score(ours), score(theirs)) for score in (self.areas, self.lasts))]
            for ours, theirs in pairs
            if {ours, theirs} <= set(arms)
        ]
        return f"{markdown(('', 'mean score', 'last score'), lines)}\n" if lines else ""

    def _beside(self, arm: str, baseline: str) -> list[Interval | None]:
        """How much faster and better an arm is than a baseline."""
        areas = self.areas(arm), self.areas(baseline)
        return [*(self.faster(arm, baseline, share) for share in THRESHOLDS), difference(*areas), improvement(*areas)]

    def _tasks(self, arms: Sequence[str]) -> str:
        """The mean last score of each arm in each task, where these are several."""
        if len(self.bounds) == 1:
            return ""
        lasts = {arm: [float(np.mean(runs)) for runs in self.lasts(arm)] for arm in arms}
        lines = [[task, *(lasts[arm][number] for arm in arms)] for number, task in enumerate(self.bounds)]
        return f"\n{markdown(('mean last score', *arms), lines)}"

    def score(self, arm: str, drawn: Drawn, at_last: bool = False) -> float:
        """The mean score of an arm with some settings, or the one at last, over all tasks."""
        mine = [row for row in self.rows if all(row[name] == value for name, value in drawn.items())]
        found = Outcomes(mine, self.bounds, self.decisions)
        return float(np.mean(found.lasts(arm) if at_last else found.areas(arm)))

    def _learned(self, baseline: str) -> dict[str, float]:
        """The mean last score of a baseline in each task that it learns."""
        lasts = dict(zip(self.bounds, map(np.mean, self.lasts(baseline)), strict=True))
        return {task: float(last) for task, last in lasts.items() if last > LEARNED}

    def _curves(self, arm: str, task: str) -> list[Curve]:
        """The curves of an arm in a task, by seed."""
        mine = [row for row in self.rows if (row["arm"], row["task"]) == (arm, task) and row["name"] == "score"]
        seeds = dict.fromkeys(row["seed"] for row in mine)
        return [self._curve([row for row in mine if row["seed"] == seed], self.bounds[task]) for seed in seeds]

    def _curve(self, rows: Sequence[Row], bounds: tuple[float, float]) -> Curve:
        """One training's, between the bounds: as bad as chance before the first episode ended, and from where it
        diverged on, or as bad as it was if that is worse.
        """
        low, high = bounds
        asked = min(self.decisions, float(str(rows[0].get("decisions", self.decisions))))
        curve = curve_of(rows).until(asked)
        last, *_ = [*curve.decisions[-1:], 0.0]
        every = float(np.diff([0, *curve.decisions]).min()) if last else asked
        more = np.arange(last + every, asked + every / 2, every).tolist()
        scores = [0.0 if math.isnan(score) else (score - low) / (high - low) for score in curve.scores]
        return Curve([*curve.decisions, *more], [*scores, *[min([0.0, *scores[-1:]])] * len(more)])
