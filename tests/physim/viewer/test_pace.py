from __future__ import annotations

import pytest

from physim.viewer.pace import Pace


def test_speeds_count_what_came_after_the_first_frame() -> None:
    pace = Pace(started=10.0)
    assert pace.seconds_to_first_frame is None
    for frame in range(11):
        pace.frame(12.0 + frame * 0.02, steps=4)
    assert pace.seconds_to_first_frame == pytest.approx(2.0)
    assert pace.average().frames == pytest.approx(50.0)
    assert pace.average().steps == pytest.approx(200.0)
    assert pace.speeds().frames == pytest.approx(50.0)
    assert pace.speeds().steps == pytest.approx(200.0)
