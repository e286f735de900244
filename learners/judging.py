"""What agents are judged by: interquartile means over tasks and seeds, with stratified intervals (arXiv:2108.13264)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from learners.experiment import CONFIDENCE, FEW, RESAMPLES, Interval
from physim.arrays import Floats
from physim.errors import PhysimError

MORE = 5 * RESAMPLES
"""Resamples of few runs, of whose intervals the ends lie far out."""
Runs = Sequence[Sequence[float]]
"""The score of every run, task by task."""


def interquartile(runs: Runs) -> Interval:
    """The mean of the middle half of all runs of all tasks; its interval draws runs of each task anew."""
    return _drawn([runs], lambda drawn: _middle(drawn[0]))


def difference(ours: Runs, theirs: Runs) -> Interval:
    """The interquartile mean of ours less that of theirs."""
    return _drawn([ours, theirs], lambda drawn: _middle(drawn[0]) - _middle(drawn[1]))


def ratio(ours: Runs, theirs: Runs) -> Interval:
    """The interquartile mean of ours over that of theirs: of areas under curves, or of frames to a threshold."""
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing over nothing is no number
        return _drawn([ours, theirs], lambda drawn: _middle(drawn[0]) / _middle(drawn[1]))


def improvement(ours: Runs, theirs: Runs) -> Interval:
    """How likely a run of ours is better than one of theirs of the same task, a tie counting half; mean over tasks."""

    def better(drawn: Sequence[Floats]) -> Floats:
        pairs = drawn[0][..., :, None] - drawn[1][..., None, :]
        return ((pairs > 0) + 0.5 * (pairs == 0)).mean((-3, -2, -1))

    return _drawn([ours, theirs], better)


def _drawn(arms: Sequence[Runs], statistic: Callable[[Sequence[Floats]], Floats]) -> Interval:
    """A statistic of arms [..., tasks, runs], and its percentile interval over runs drawn anew in each task.

    Few runs that are drawn anew spread too little: the interval is expanded as Student's is (arXiv:1411.5279, 5.2).
    """
    scores = [_table(runs) for runs in arms]
    middle = float(statistic(scores))
    rng = np.random.default_rng(0)
    count = RESAMPLES if min(table.shape[1] for table in scores) >= FEW else MORE
    again = []
    for table in scores:
        tasks, runs = table.shape
        picks = rng.integers(runs, size=(count, tasks, runs))
        again.append(table[np.arange(tasks)[:, None], picks])
    tail = min(_tail(*table.shape) for table in scores)
    low, high = np.quantile(statistic(again), [tail, 1 - tail], method="closest_observation")
    return Interval(middle, float(low), float(high), scores[0].size)


def _tail(tasks: int, runs: int) -> float:
    """The share of resamples on either side of an interval."""
    tail = (1 - CONFIDENCE) / 2
    if runs >= FEW or runs == 1:
        return tail
    return float(stats.norm.cdf(math.sqrt(runs / (runs - 1)) * stats.t.ppf(tail, tasks * (runs - 1))))


def _middle(scores: Floats) -> Floats:
    return np.asarray(stats.trim_mean(scores.reshape(*scores.shape[:-2], -1), 0.25, axis=-1))


def _table(runs: Runs) -> Floats:
    sizes = {len(each) for each in runs}
    if len(sizes) != 1 or 0 in sizes:
        raise PhysimError(f"the tasks have {sorted(sizes)} runs, wanted as many of each")
    return np.asarray(runs, np.float64)
