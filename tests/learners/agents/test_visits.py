from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from learners.agents.visits import Search, first_and_later, latency, mean_time, searches


def ticks() -> dict[str, Tensor]:
    """One walker, two episodes of ten ticks: goals at 4 and 6 of the first, none in the second."""
    reward, reset, last = torch.zeros(1, 20), torch.zeros(1, 20, dtype=torch.bool), torch.zeros(1, 20, dtype=torch.bool)
    reward[0, [4, 6]] = 10.0
    reward[0, 12] = 1.0  # an apple
    reset[0, [0, 10]] = True
    last[0, [9, 19]] = True
    return {"reward": reward, "reset": reset, "last": last}


def test_searches_go_from_goal_to_goal() -> None:
    found = searches(ticks())
    assert [(each.episode, each.goal, each.decisions, each.found) for each in found] == [
        ((0, 1), 0, 4, True),
        ((0, 1), 1, 2, True),
        ((0, 1), 2, 3, False),
        ((0, 2), 0, 9, False),
    ]


def test_latencies_are_of_first_and_later_goals() -> None:
    found = latency(searches(ticks()))
    assert (found.first, found.later, found.found) == (4.0, 2.0, 0.5)
    assert latency(searches({name: value[:, :10] for name, value in ticks().items()})).first == 4.0


def test_who_forgets_everything_is_no_faster_later() -> None:
    """Searches of geometric lengths in episodes that end in their middle: the estimates of both are the true median."""
    random = np.random.default_rng(0)
    found = []
    for episode in range(4000):
        now, goal = 0, 0
        while now < 300:
            needed = int(random.geometric(1 / 150))
            found.append(Search((episode, 0), goal, min(needed, 300 - now), needed <= 300 - now, math.nan))
            now, goal = now + needed, goal + 1
    told = latency(found)
    assert told.first == pytest.approx(104, rel=0.05)
    assert told.later == pytest.approx(104, rel=0.1)
    mean = sum((149 / 150) ** k for k in range(150))
    for each in first_and_later(found):
        assert mean_time(each, 150) == pytest.approx(mean, rel=0.03)


def test_searches_that_were_cut_short_count_in_the_mean_as_long_as_they_lasted() -> None:
    searched = [
        Search((0, 0), 0, decisions, found, math.nan) for decisions, found in ((4, True), (6, False), (9, True))
    ]
    assert mean_time(searched, 5) == pytest.approx(4 + 2 / 3)
    assert mean_time(searched, 20) == pytest.approx(4 + 2 / 3 * 5)  # the one that was cut is as the one that was not
    assert mean_time(searched[1:2], 20) == 20
    assert math.isnan(mean_time([], 20))


def test_what_half_would_not_find_takes_for_ever() -> None:
    searched = [Search((0, 0), 0, 9, found, math.nan) for found in (True, False, False)]
    assert latency(searched).first == math.inf
    assert math.isnan(latency(searched).later)


def test_ways_are_as_straight_as_the_shortest_is_long() -> None:
    position = torch.zeros(1, 20, 2)
    position[0, :4, 0] = torch.tensor([0.5, 2.5, 4.5, 5.5])  # and a metre on, to the goal: twice as far as need be
    labels = {"position": position, "distance": torch.full((1, 20), 3), "goal": torch.tensor([6, -1]).expand(1, 20, 2)}
    labels["position"][..., 1] = -0.5
    found = searches(ticks() | labels)
    assert found[0].straight == pytest.approx(0.5)
    assert math.isnan(found[3].straight)
