from __future__ import annotations

import math

import pytest

from physim.checks import check_between, check_finite, check_memory, check_positive, check_seed
from physim.errors import PhysimError


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_what_is_not_above_zero_is_named(value: float) -> None:
    with pytest.raises(PhysimError, match=f"steps must be (above 0|finite), got {value}"):
        check_positive(scenes=1, steps=value)


@pytest.mark.parametrize(
    ("value", "high", "told"), [(-1, 1, "from 0 to 1"), (2, 1, "from 0 to 1"), (math.inf, math.inf, "0 or more")]
)
def test_what_is_out_of_bounds_is_named(value: float, high: float, told: str) -> None:
    with pytest.raises(PhysimError, match=f"share is {value}, wanted {told}"):
        check_between(0, high, ratio=None, share=value)
    check_between(0, high, share=1)


def test_what_was_not_asked_for_passes() -> None:
    check_positive(minutes=None, updates=1)


def test_negative_seed_is_refused() -> None:
    check_seed(0)
    with pytest.raises(PhysimError, match="seed must be 0 or more, got -1"):
        check_seed(-1)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_float_that_is_not_finite_is_refused_by_name(value: float) -> None:
    with pytest.raises(PhysimError, match=f"gravity must be finite, got {value}"):
        check_finite(bodies=3, gravity=value)


def test_what_takes_more_memory_than_there_is_is_refused_with_how_much() -> None:
    check_memory("a scene", 1e6)
    with pytest.raises(PhysimError, match=r"a scene would take 931,323 GiB of memory, and this machine has [\d,]+"):
        check_memory("a scene", 1e15)
