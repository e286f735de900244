from __future__ import annotations

import math
from dataclasses import replace

from learners.agents.outcomes import Outcomes
from physim.reports import Row

BOUNDS = {"a": (0.0, 10.0), "b": (2.0, 4.0)}


def rows(arm: str, rate: float = 1.0, better: float = 0.0) -> list[Row]:
    """Two seeds in two tasks, which get from chance to half of the oracle's score, and `better` beyond."""
    return [
        {"arm": arm, "task": task, "seed": seed, "rate": rate, "name": "score",
         "done": done, "value": low + (high - low) * (share + better * (share > 0)), "seconds": 0.0}
        for task, (low, high) in BOUNDS.items()
        for seed in (0, 1)
        for done, share in ((10.0, 0.0), (20.0, 0.25), (30.0, 0.5), (40.0, 0.9))
    ]  # fmt: skip


def jumping(arm: str, at: int, to: float = 0.5) -> list[Row]:
    """Two seeds in two tasks, which go from chance to a share of the oracle's score at one point."""
    return [
        {"arm": arm, "task": task, "seed": seed, "name": "score",
         "done": float(done), "value": low + (high - low) * to * (done >= at), "seconds": 0.0}
        for task, (low, high) in BOUNDS.items() for seed in (0, 1) for done in range(10, 250, 10)
    ]  # fmt: skip


def test_scores_lie_between_chance_and_oracle_and_curves_are_cut() -> None:
    outcomes = Outcomes(rows("plain"), BOUNDS, 30)
    assert outcomes.lasts("plain") == [[0.5, 0.5], [0.5, 0.5]]
    assert outcomes.areas("plain") == [[0.25, 0.25], [0.25, 0.25]]


def test_who_diverged_is_as_bad_as_chance_from_there_on() -> None:
    short = [row for row in rows("plain") if row["done"] <= 30]
    assert Outcomes(short, BOUNDS, 60).areas("plain") == [[0.125, 0.125], [0.125, 0.125]]
    asked = [{**row, "decisions": 30.0} for row in short]  # another arm has more decisions
    assert Outcomes(asked, BOUNDS, 60).areas("plain") == [[0.25, 0.25], [0.25, 0.25]]
    nothing = [{**row, "done": 0.0, "value": math.nan} for row in short if row["done"] == 10]
    assert Outcomes(nothing, BOUNDS, 60).areas("plain") == [[0, 0], [0, 0]]


def test_points_before_the_first_episodes_end_count_as_chance() -> None:
    """Where all scores are below 0, 0 would be the best of them."""
    found: list[Row] = [
        {**row, "task": "c", "value": math.nan if row["done"] < 30 else -250.0}
        for row in rows("plain")
        if row["task"] == "a"
    ]
    outcomes = Outcomes(found, {"c": (-500.0, 0.0)}, 40)
    assert [curve.scores for curve in outcomes.curves("plain")[0]] == [[0.0, 0.0, 0.5, 0.5]] * 2


def test_decisions_are_counted_to_a_share_of_the_baselines_last_score() -> None:
    outcomes = Outcomes(jumping("plain", at=160) + jumping("better", at=100, to=0.55), BOUNDS, 240)
    assert outcomes.decisions_to("plain", "plain", 0.9) == [[180.0, 180.0], [180.0, 180.0]]
    assert outcomes.decisions_to("better", "plain", 0.9) == [[120.0, 120.0], [120.0, 120.0]]
    assert outcomes.faster("better", "plain", 0.9).middle == 1.5
    assert outcomes.decisions_to("plain", "better", 1.0) == [[240.0, 240.0], [240.0, 240.0]]  # never: all it had
    lines = outcomes.table(["plain", "better"], "plain").splitlines()
    assert lines[2].count("|  ") == 4  # a baseline is not compared with itself
    assert lines[-2:] == ["| a | 0.5 | 0.55 |", "| b | 0.5 | 0.55 |"]


def test_tasks_that_the_baseline_does_not_learn_say_nothing_of_how_fast_others_are() -> None:
    found = jumping("better", at=100) + [
        row if row["task"] == "b" else {**row, "value": 0.1} for row in jumping("plain", at=160)
    ]
    outcomes = Outcomes(found, BOUNDS, 240)
    assert outcomes.decisions_to("better", "plain", 0.9) == [[120.0, 120.0]]
    assert "plain does not learn a" in outcomes.table(["plain", "better"], "plain")
    neither = replace(outcomes, bounds={"a": BOUNDS["a"]})
    assert neither.faster("better", "plain", 0.9) is None
    assert "| better | 0.31" in neither.table(["plain", "better"], "plain")


def test_settings_have_scores_of_their_own() -> None:
    outcomes = Outcomes(rows("plain", rate=1.0) + rows("plain", rate=2.0, better=0.1), BOUNDS, 40)
    first, second = (outcomes.score("plain", {"rate": rate}) for rate in (1.0, 2.0))
    assert first < second
    assert outcomes.score("plain", {"rate": 1.0}, at_last=True) == outcomes.score("plain", {"rate": 1.0}) * 0.9 / 0.4125


def test_pairs_of_arms_are_compared_where_both_are_known() -> None:
    outcomes = Outcomes([*rows("plain"), *rows("better", better=0.1)], BOUNDS, 30)
    told = outcomes.pairs([("better", "plain"), ("better", "other")], ["plain", "better"])
    assert told.splitlines()[2:] == ["| better less plain | 0.0667 [0.0667, 0.0667] | 0.1 [0.1, 0.1] |", ""]
    assert outcomes.pairs([("better", "other")], ["plain", "better"]) == ""
