"""What agents are judged by: interquartile means over tasks and seeds, with stratified intervals (arXiv:2108.13264)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from learners.experiment import CONFIDENCE, FEW, RESAMPLES, Interval, grouped
from physim.arrays import Floats
from physim.errors import PhysimError
from physim.reports import Row

MORE = 5 * RESAMPLES
"""Resamples of few runs, of whose intervals the ends lie far out."""
Runs = Sequence[Sequence[float]]
"""The score of every run, task by task."""
Pairs = Sequence[tuple[Runs, Runs]]
"""Ours and theirs, kind of tasks by kind: however many tasks and runs they have, kinds count alike."""


def interquartile(runs: Runs) -> Interval:
    """The mean of the middle half of all runs of all tasks; its interval draws runs of each task anew."""
    return _drawn([[runs]], lambda drawn: _middle(drawn[0]))


def difference(ours: Runs, theirs: Runs) -> Interval:
    """The interquartile mean of ours less that of theirs."""
    return mean_difference([(ours, theirs)])


def mean_difference(kinds: Pairs) -> Interval:
    """The `difference` of each kind, the mean over kinds."""
    return _drawn(kinds, lambda drawn: _middle(drawn[0]) - _middle(drawn[1]))


def ratio(ours: Runs, theirs: Runs) -> Interval:
    """The interquartile mean of ours over that of theirs: of areas under curves, or of frames to a threshold."""
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing over nothing is no number
        return _drawn([[ours, theirs]], lambda drawn: _middle(drawn[0]) / _middle(drawn[1]))


def improvement(ours: Runs, theirs: Runs) -> Interval:
    """How likely a run of ours is better than one of theirs of the same task, a tie counting half; mean over tasks."""
    return mean_improvement([(ours, theirs)])


def mean_improvement(kinds: Pairs) -> Interval:
    """The `improvement` in each kind, the mean over kinds."""

    def better(drawn: Sequence[Floats]) -> Floats:
        pairs = drawn[0][..., :, None] - drawn[1][..., None, :]
        return ((pairs > 0) + 0.5 * (pairs == 0)).mean((-3, -2, -1))

    return _drawn(kinds, better)


def by_training(rows: Sequence[Row]) -> Floats:
    """The values of rows as scores [trainings, episodes], one training a seed; who was not trained has one row."""
    return np.array(list(grouped(rows, ("seed",)).values()))


def crossed(scores: Floats) -> Interval:
    """The mean of scores [trainings, episodes], its interval over trainings and episodes that are both drawn anew.

    Each training is judged in the same episodes. Of one training, or who was not trained, episodes alone are drawn.
    """
    rng = np.random.default_rng(0)
    rows, columns = (rng.integers(size, size=(MORE, size)) for size in scores.shape)
    again = scores[rows[:, :, None], columns[:, None, :]].mean((1, 2))
    several = [size for size in scores.shape if size > 1]
    tail = min((_tail(1, size) for size in several), default=_tail(1, 1))
    low, high = np.quantile(again, [tail, 1 - tail], method="closest_observation")
    return Interval(float(scores.mean()), float(low), float(high), scores.size)


def _drawn(kinds: Sequence[Sequence[Runs]], statistic: Callable[[Sequence[Floats]], Floats]) -> Interval:
    """A statistic of arms [..., tasks, runs], the mean over kinds, and its percentile interval over runs drawn anew in
    each task.

    Few runs that are drawn anew spread too little: the interval is expanded as Student's is (arXiv:1411.5279, 5.2).
    """
    tables = [[_table(runs) for runs in arms] for arms in kinds]
    every = [table for arms in tables for table in arms]
    count = RESAMPLES if min(table.shape[1] for table in every) >= FEW else MORE
    rng = np.random.default_rng(0)
    again = [[_again(table, count, rng) for table in arms] for arms in tables]
    middle, drawn = (np.mean([statistic(arms) for arms in several], axis=0) for several in (tables, again))
    tail = min(_tail(*table.shape) for table in every)
    low, high = np.quantile(drawn, [tail, 1 - tail], method="closest_observation")
    return Interval(float(middle), float(low), float(high), sum(arms[0].size for arms in tables))


def _again(table: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Scores [tasks, runs] so many times, the runs of each task drawn anew [count, tasks, runs]."""
    tasks, runs = table.shape
    return table[np.arange(tasks)[:, None], rng.integers(runs, size=(count, tasks, runs))]


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
