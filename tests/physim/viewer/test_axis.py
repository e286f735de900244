from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physim.viewer.axis import DECADES, linear, powers, prefixed, shares, within

SIZES = st.floats(1e-6, 1e6)


@given(st.floats(-1e6, 1e6), SIZES, st.integers(1, 8))
def test_a_round_axis_holds_what_it_was_made_for(low: float, size: float, ticks: int) -> None:
    axis = linear(low, low + size, ticks)
    rounding = 1e-6 * size + 1e-15 * abs(low)
    assert axis.low <= low + rounding
    assert axis.high >= low + size - rounding
    assert 2 <= len(axis.ticks) <= ticks + 3


@given(st.floats(-1e6, 1e6), SIZES, st.integers(1, 8))
def test_ticks_within_an_axis_stay_within(low: float, size: float, ticks: int) -> None:
    axis = within(low, low + size, ticks)
    assert all(axis.low <= place <= axis.high for place, _ in axis.ticks)
    assert len(axis.ticks) <= ticks + 1


@given(SIZES, st.floats(1.0, 1e9), st.integers(1, 8))
def test_powers_show_the_largest(low: float, factor: float, ticks: int) -> None:
    axis = powers(low, low * factor, ticks)
    assert 1 <= axis.high - axis.low <= DECADES
    assert 10.0**axis.high >= low * factor * (1 - 1e-6)
    assert len(axis.ticks) <= ticks + 1


def test_shares_run_from_0_to_1() -> None:
    axis = linear(0.0, 10.0, 2)
    assert shares(np.array([0.0, 5.0, 10.0]), axis).tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(("size", "unit", "prefix"), [(2.5e4, 1e3, "k"), (0.02, 1e-3, "m"), (5, 1, ""), (0, 1, "")])
def test_prefixes_fit(size: float, unit: float, prefix: str) -> None:
    assert prefixed(size) == (pytest.approx(unit), prefix)
