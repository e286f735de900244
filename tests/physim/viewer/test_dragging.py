from __future__ import annotations

import numpy as np
import pytest

from physim.viewer.dragging import CROSSING, Drag
from physim.viewer.simulation import Simulation


def frame(drag: Drag, seconds: float) -> None:
    drag.aim(seconds)
    for _ in range(4):
        drag.carry(seconds / 4)
    drag.measure(seconds)


def test_the_velocity_becomes_that_of_the_mouse(simulation: Simulation) -> None:
    drag = Drag(simulation.truth, 0)
    start = drag.position
    for number in range(1, 40):
        drag.position = start + np.array([2.0 * number, -number])
        frame(drag, 0.5)
    assert drag.velocity.tolist() == pytest.approx([4.0, -2.0])
    assert simulation.truth.state.pos[0].tolist() == pytest.approx(drag.position.tolist())


def test_a_mouse_at_rest_comes_to_rest(simulation: Simulation) -> None:
    drag = Drag(simulation.truth, 0)
    drag.position = drag.position + 1.0
    for _ in range(60):
        frame(drag, 0.1)
    assert np.abs(drag.velocity).max() < 1e-9


def test_no_hand_is_faster_than_the_scene_is_wide(simulation: Simulation) -> None:
    run = simulation.truth
    low, high = run.bodies.outline(run.state.pos, run.state.angle)
    drag = Drag(run, 0)
    drag.position = np.array([1e6, -1e6])
    for _ in range(30):
        frame(drag, 0.004)
        assert np.hypot(*run.state.vel[0]) <= (high - low).max() / CROSSING * (1 + 1e-9)
