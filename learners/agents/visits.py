"""How goals were found: how soon, how much sooner once they were known, and how straight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from scipy import stats
from torch import Tensor

from learners.agents.unrolls import LAST, RESET, REWARD
from physim.arrays import Floats

GOAL = 10.0
"""The reward of a goal, more than which nothing brings."""


class Search(NamedTuple):
    """The way to a goal: in which episode and to which of its goals, from when to when, and whether it was found.

    `straight` is the length of the shortest way over that of the way gone, where distances were told.
    """

    episode: tuple[int, int]
    goal: int
    decisions: int
    found: bool
    straight: float


@final
@dataclass(frozen=True)
class Latency:
    """Decisions to the first goal of an episode and to later ones, medians; in what share of episodes one was found.

    NaN where there was no such search, infinite where fewer than half of them would have ended.
    """

    first: float
    later: float
    found: float


def searches(ticks: Mapping[str, Tensor], goal: float = GOAL) -> list[Search]:
    """All searches of what was watched [B, T], episode by episode.

    "distance", "position" and "goal" tell how straight.
    """
    rewards, resets, lasts = (ticks[name].numpy() for name in (REWARD, RESET, LAST))
    labels = [ticks[name].numpy() for name in ("distance", "position", "goal") if name in ticks]
    found: list[Search] = []
    for item in range(len(rewards)):
        begin, number, count = 0, 0, 0
        for tick in range(rewards.shape[1]):
            if resets[item, tick]:
                begin, number, count = tick, number + 1, 0
            reached = rewards[item, tick] >= goal
            if reached or lasts[item, tick]:
                straight = float("nan")
                if reached and len(labels) == 3:
                    distance, position, middle = labels[0][item], labels[1][item], labels[2][item, begin] + 0.5
                    straight = _straight(float(distance[begin]), position[begin:tick], middle)
                found.append(Search((item, number), count, tick - begin, bool(reached), straight))
                begin, count = tick, count + 1
    return found


def latency(found: list[Search]) -> Latency:
    """Over all searches, first and later ones."""
    firsts, later = first_and_later(found)
    share = float(np.mean([search.found for search in firsts])) if firsts else np.nan
    return Latency(_median(firsts), _median(later), share)


def first_and_later(found: list[Search]) -> tuple[list[Search], list[Search]]:
    """The searches for the first goals of episodes, and those after them."""
    firsts, later = ([search for search in found if bool(search.goal) == known] for known in (False, True))
    return firsts, later


def mean_time(searches: list[Search], within: float) -> float:
    """How long searches take in the mean, each counted as `within` at most; NaN where there are none.

    It is the area under their survival up to there, and steadier than a median where ways are short or long.
    """
    if not searches:
        return np.nan
    times, survival = _survival(searches)
    before = times < within
    steps = np.diff([0.0, *times[before], within])
    return float(steps @ [1.0, *survival[before]])


def _median(searches: list[Search]) -> float:
    """How long half of all searches take."""
    if not searches:
        return np.nan
    times, survival = _survival(searches)
    half = times[survival <= 1 / 2]
    return float(half[0]) if len(half) else np.inf


def _survival(searches: list[Search]) -> tuple[Floats, Floats]:
    """When searches end [K], and what share takes longer than that [K], by the estimate of Kaplan and Meier.

    Those that an episode's end cut short would have taken longer: later ones have less time, so that to leave them out,
    or to count them as they are, would make them faster than first ones even for who forgets everything.
    """
    cut = [not search.found for search in searches]
    survival = stats.ecdf(stats.CensoredData.right_censored([search.decisions for search in searches], cut)).sf
    return survival.quantiles, survival.probabilities


def _straight(shortest: float, way: Floats, goal: Floats) -> float:
    """The length of the shortest way over that of the way gone [K, 2] and on to the goal's middle."""
    gone = float(np.hypot(*np.diff([*way, goal], axis=0).T).sum())
    return min(1.0, shortest / gone) if gone > 0 else float("nan")
