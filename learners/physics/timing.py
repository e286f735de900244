"""Timing two ways of doing the same, fairly on a machine that is busy with other things."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable

Work = Callable[[], object]


def compare(
    ours: Work, theirs: Work, rounds: Iterable[object] = range(15), seconds: float = 0.1
) -> tuple[float, float]:
    """The seconds of one call of each: the median of theirs, and ours by the median of the rounds' ratios.

    Each round runs both, one right after the other and each first in turn, and repeats a call for about `seconds`.
    """
    works = (ours, theirs)
    for work in works:
        work()
    calls = [max(1, round(seconds / _seconds(work, 1))) for work in works]
    times: tuple[list[float], list[float]] = ([], [])
    for number, _ in enumerate(rounds):
        for side in (0, 1) if number % 2 else (1, 0):
            times[side].append(_seconds(works[side], calls[side]))
    ratio = statistics.median(one / other for one, other in zip(*times, strict=True))
    return ratio * statistics.median(times[1]), statistics.median(times[1])


def _seconds(work: Work, calls: int) -> float:
    begun = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - begun) / calls
