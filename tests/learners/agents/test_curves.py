from __future__ import annotations

import pytest

from learners.agents.curves import curve_of, curve_rows


def test_curves_begin_with_the_first_score_and_points_without_episodes_take_the_last_one() -> None:
    points = [{"decisions": 10.0, "seconds": 1.0}, {"decisions": 20.0, "seconds": 2.0, "score": 4.0}]
    points += [{"decisions": 30.0, "seconds": 3.0}, {"decisions": 40.0, "seconds": 4.0, "score": 8.0}]
    curve = curve_of(curve_rows(points))
    assert curve.decisions == [20.0, 30.0, 40.0]
    assert curve.scores == [4.0, 4.0, 8.0]
    assert curve.area == pytest.approx(16 / 3)
    assert curve.last == 8.0
    assert (curve.reached(4.0), curve.reached(8.0), curve.reached(9.0)) == (20.0, 40.0, float("inf"))


def test_the_last_point_may_lie_an_unroll_behind_what_was_asked_for() -> None:
    points = [{"decisions": done, "seconds": 1.0, "score": done} for done in (102.0, 203.0, 301.0, 402.0)]
    curve = curve_of(curve_rows(points))
    assert curve.until(300).decisions == [102.0, 203.0, 301.0]
    assert curve.until(250).scores == [102.0, 203.0]
