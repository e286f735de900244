from __future__ import annotations

import math

import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.nbody import NBody
from worlds.points import cloud, space_of_points


def test_a_cloud_is_the_same_for_the_same_generator() -> None:
    first, second = (cloud(5, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_points_do_not_turn() -> None:
    space = space_of_points(*cloud(3, np.random.default_rng(3)))
    assert [body.moment for body in space.bodies] == [math.inf] * 3
    assert not list(space.shapes)


def test_a_floor_that_is_not_above_0_is_refused() -> None:
    with pytest.raises(PhysimError, match="floor must be above 0"):
        NBody(floor=-1.0)
