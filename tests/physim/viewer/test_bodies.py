from __future__ import annotations

import numpy as np

from physim.viewer.bodies import Bodies
from worlds.strings import Strings


def test_pinned_are_the_ends_that_stand_still_and_not_the_well() -> None:
    bodies = Bodies.of(Strings(masses=5, pins=2).scene(0))
    assert np.flatnonzero(bodies.pinned).tolist() == [0, 4]
    assert bodies.static.sum() == 3


def test_each_spring_stands_there_once_with_its_length() -> None:
    bodies = Bodies.of(Strings(masses=5).scene(0))
    assert bodies.links.shape == (2, 4)
    assert bodies.springs.all()
    np.testing.assert_allclose(bodies.rest, 0.2)
