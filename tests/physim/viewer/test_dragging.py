from __future__ import annotations

import numpy as np
import pytest

from physim.viewer.dragging import Drag


def test_the_velocity_becomes_that_of_the_mouse() -> None:
    drag = Drag("truth", 0, np.zeros(2))
    for frame in range(1, 40):
        drag.position = np.array([2.0 * frame, -frame])
        drag.frame(0.5)
    assert drag.velocity.tolist() == pytest.approx([4.0, -2.0])


def test_a_mouse_at_rest_comes_to_rest() -> None:
    drag = Drag("truth", 0, np.zeros(2))
    drag.position = np.ones(2)
    for _ in range(60):
        drag.frame(0.1)
    assert np.abs(drag.velocity).max() < 1e-9
