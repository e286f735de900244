"""Timing two ways of doing the same, fairly on a machine that is busy with other things."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable

Work = Callable[[], object]


def compare(
    ours: Work, theirs: Work, rounds: Iterable[object] = range(15), seconds: float = 0.1
) -> tuple[float, float]:
    """The median seconds of one call of each; the rounds alternate, each repeating a call for about `seconds`."""
    works = (ours, theirs)
    for work in works:
        work()
    calls = [max(1, round(seconds / _seconds(work, 1))) for work in works]
    times: tuple[list[float], list[float]] = ([], [])
    for _ in rounds:
        for work, count, spent in zip(works, calls, times, strict=True):
            spent.append(_seconds(work, count))
    return statistics.median(times[0]), statistics.median(times[1])


def _seconds(work: Work, calls: int) -> float:
    begun = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - begun) / calls
