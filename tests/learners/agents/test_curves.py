from __future__ import annotations

from learners.agents.curves import curve_of, curve_rows


def test_curves_come_back_from_rows_and_points_without_episodes_take_the_last_score() -> None:
    points = [{"decisions": 10.0, "seconds": 1.0}, {"decisions": 20.0, "seconds": 2.0, "score": 4.0}]
    points += [{"decisions": 30.0, "seconds": 3.0}, {"decisions": 40.0, "seconds": 4.0, "score": 8.0}]
    curve = curve_of(curve_rows(points))
    assert curve.decisions == [10.0, 20.0, 30.0, 40.0]
    assert curve.scores == [4.0, 4.0, 4.0, 8.0]  # the first has that of the first episode
    assert curve.area == 5.0
    assert curve.last == 8.0
    assert (curve.reached(4.0), curve.reached(8.0), curve.reached(9.0)) == (10.0, 40.0, float("inf"))


def test_the_last_point_may_lie_an_unroll_behind_what_was_asked_for() -> None:
    points = [{"decisions": done, "seconds": 1.0, "score": done} for done in (102.0, 203.0, 301.0, 402.0)]
    curve = curve_of(curve_rows(points))
    assert curve.until(300).decisions == [102.0, 203.0, 301.0]
    assert curve.until(250).scores == [102.0, 203.0]
