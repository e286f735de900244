from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from learners.agents.contest import Contest, Ranges
from learners.experiment import TUNING_SEED, Cell, read_rows
from learners.papers import PaperSettings
from physim.reports import Row

RANGES = Ranges({"rate": (1e-3, 1e-1), "entropy": (1e-4, 1e-2)}, {"ticks": (5, 20)})


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Compare."""


def played(cell: Cell) -> Sequence[Row]:
    """A curve that is the better the larger the rate is for one arm, the smaller for the other."""
    told = dict(cell.setting)
    rate = float(str(told["rate"]))
    score = rate if cell.arm == "bold" else 1 - rate
    return [{"name": "score", "done": told["decisions"], "value": score, "seconds": 0.0}]


@pytest.fixture
def contest(tmp_path: Path) -> Contest:
    return Contest(
        Args(out=tmp_path, workers=1),
        {"bold": 0.01, "shy": 0.02},
        600,
        RANGES,
        played,
        lambda tasks: dict.fromkeys(tasks, (0.0, 1.0)),
    )


def test_draws_are_the_same_again_and_within_their_ranges() -> None:
    draws = RANGES.draws(8)
    assert draws == RANGES.draws(8)
    assert len({tuple(drawn.values()) for drawn in draws}) == 8
    assert [drawn["ticks"] for drawn in draws].count(5) == 4
    for name in RANGES.between:
        assert [int(8 * place) for place in places_of(RANGES, name)] == list(range(8))  # each eighth has its own


def places_of(ranges: Ranges, name: str) -> list[float]:
    """Where eight draws lie in a range, by logarithms from 0 to 1, in order."""
    low, high = ranges.between[name]
    return sorted(math.log(drawn[name] / low) / math.log(high / low) for drawn in ranges.draws(8))


def test_draws_that_are_spread_do_not_go_along_with_one_another() -> None:
    def largest(ranges: Ranges) -> float:
        values = np.array([list(drawn.values()) for drawn in ranges.draws(8)])
        found = spearmanr(values).statistic
        return float(np.abs(np.atleast_2d(found) - np.eye(len(found))).max())

    assert largest(RANGES) > 0.6
    four = Ranges({**RANGES.between, "weight": (0.1, 1.0)}, {"ticks": (5, 10, 20)})
    for ranges in (RANGES, four):
        spread = replace(ranges, spread=True)
        assert largest(spread) < 0.35
        for name in ranges.between:
            ours, theirs = ([int(8 * place) for place in places_of(each, name)] for each in (spread, ranges))
            assert ours == theirs == list(range(8))  # each eighth has its own all the same


def test_arms_take_the_settings_of_whom_they_are_like_and_are_not_tried(contest: Contest, tmp_path: Path) -> None:
    chosen = replace(contest, like={"shy": "bold"}, final=True).chosen("tuning", ["a"])
    assert chosen["shy"] == chosen["bold"] == max(RANGES.draws(8), key=lambda drawn: drawn["rate"])
    assert {row["arm"] for row in read_rows(tmp_path / "tuning.csv")} == {"bold"}
    assert "shy has the settings of bold." in (tmp_path / "tuning_sweep.md").read_text()


def test_each_arm_gets_the_settings_that_were_best_for_it(contest: Contest, tmp_path: Path) -> None:
    chosen = contest.chosen("tuning", ["a", "b"])
    rates = [drawn["rate"] for drawn in RANGES.draws(8)]
    assert (chosen["bold"]["rate"], chosen["shy"]["rate"]) == (max(rates), min(rates))
    rows = read_rows(tmp_path / "tuning.csv")
    assert {row["seed"] for row in rows} == {TUNING_SEED}
    assert len(rows) == 2 * 2 * 8
    assert len((tmp_path / "tuning_sweep.md").read_text().splitlines()) == 2 + 8 + 1
    outcomes = contest.outcomes("runs", (0, 1), ["c"], chosen)
    assert outcomes.lasts("bold") == [[max(rates)] * 2]
    assert outcomes.lasts("shy") == [[1 - min(rates)] * 2]


def lucky(cell: Cell) -> Sequence[Row]:
    """Larger rates are better, but the smallest has luck where settings are tried first."""
    told = dict(cell.setting)
    rate = float(str(told["rate"]))
    rates = [drawn["rate"] for drawn in RANGES.draws(8)]
    luck = cell.seed == TUNING_SEED and rate == min(rates)
    return [{"name": "score", "done": told["decisions"], "value": 1.2 * max(rates) if luck else rate, "seconds": 0.0}]


def test_who_was_lucky_is_not_chosen_where_the_best_are_tried_again(contest: Contest, tmp_path: Path) -> None:
    rates = sorted(drawn["rate"] for drawn in RANGES.draws(8))
    once = replace(contest, run=lucky).chosen("tuning", ["a"])
    assert once["bold"]["rate"] == rates[0]
    twice = replace(contest, run=lucky, final=True).chosen("tuning", ["a"])
    assert twice["bold"]["rate"] == rates[-1]
    finals = read_rows(tmp_path / "tuning_finals.csv")
    assert {row["rate"] for row in finals} == {rates[0], *rates[-2:]}
    assert {row["seed"] for row in finals} == {TUNING_SEED + 1}


def test_some_arms_have_so_many_times_as_many_decisions(contest: Contest) -> None:
    longer = replace(contest, times={"shy": 3})
    chosen = dict.fromkeys(contest.arms, RANGES.draws(1)[0])
    cells = {cell.arm: cell for cell in longer.cells((0,), ["a"], chosen)}
    assert {arm: cell["decisions"] for arm, cell in cells.items()} == {"bold": 600, "shy": 1800}
    assert {arm: cell.minutes for arm, cell in cells.items()} == pytest.approx({"bold": 0.1, "shy": 0.6})
    assert longer.outcomes("runs", (0,), ["a"], chosen).decisions == 1800
