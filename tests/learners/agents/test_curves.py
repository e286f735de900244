from __future__ import annotations

import math

from learners.agents.curves import Curve, curve_of, curve_rows


def test_curves_come_back_from_rows_and_points_without_episodes_take_the_last_score() -> None:
    points = [{"decisions": 10.0, "seconds": 1.0, "score": 4.0}, {"decisions": 20.0, "seconds": 2.0}]
    points += [{"decisions": 30.0, "seconds": 3.0}, {"decisions": 40.0, "seconds": 4.0, "score": 8.0}]
    curve = curve_of(curve_rows(points))
    assert curve.decisions == [10.0, 20.0, 30.0, 40.0]
    assert curve.scores == [4.0, 4.0, 4.0, 8.0]
    assert curve.area == 5.0
    assert curve.last == 8.0


def test_nothing_is_known_of_points_before_the_first_episodes_end() -> None:
    points = [{"decisions": 10.0, "seconds": 1.0}, {"decisions": 20.0, "seconds": 2.0, "score": -4.0}]
    scores = curve_of(curve_rows(points)).scores
    assert math.isnan(scores[0])
    assert scores[1:] == [-4.0]


def test_a_score_counts_as_reached_where_it_is_on_the_average_of_neighbours() -> None:
    curve = Curve([10.0 * (k + 1) for k in range(12)], [0.0, 5.0, *[0.0] * 4, *[2.0] * 6])
    found = [curve.reached(score) for score in (0.9, 1.5, 1.9, 2.1)]
    assert found == [10.0, 80.0, 90.0, math.inf]  # for 5, which one point has, it is not enough


def test_who_diverged_before_the_first_point_has_a_row_and_no_curve() -> None:
    (row,) = curve_rows([])
    assert math.isnan(row["value"])
    assert curve_of([row]) == Curve([], [])
    assert curve_of([row]).until(100) == Curve([], [])


def test_the_last_point_may_lie_an_unroll_behind_what_was_asked_for() -> None:
    points = [{"decisions": done, "seconds": 1.0, "score": done} for done in (102.0, 203.0, 301.0, 402.0)]
    curve = curve_of(curve_rows(points))
    assert curve.until(300).decisions == [102.0, 203.0, 301.0]
    assert curve.until(250).scores == [102.0, 203.0]
