from __future__ import annotations

import numpy as np
import pytest

from physim.charts import GROUND, bars, line


def test_bars_are_as_high_as_their_shares() -> None:
    picture = bars([0.0, 0.5, 1.0], (90, 100))
    assert picture.shape == (100, 90, 3)
    filled = (picture != np.array(GROUND)).any(-1)
    heights = [filled[:, 8 + 27 * place : 30 + 26 * place].any(1).sum() for place in range(3)]
    assert heights[0] <= 2
    assert heights[1] == pytest.approx(heights[2] / 2, abs=2)


def test_lines_rise_with_their_values() -> None:
    picture = line([0.0, 1.0, 2.0, 4.0], (100, 100), (255, 0, 0))
    red = (picture[..., 0] > 200) & (picture[..., 1] < 60)
    tops = [np.flatnonzero(red[:, column])[0] for column in (10, 50, 92)]
    assert tops[0] > tops[1] > tops[2]


@pytest.mark.parametrize("values", [[], [0.3], [2.0, 2.0]])
def test_short_lines_are_drawn_too(values: list[float]) -> None:
    assert line(values, (40, 30)).shape == (30, 40, 3)
