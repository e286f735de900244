from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pymunk
import pytest

from physim.viewer.dragging import CROSSING, Drag
from physim.viewer.playback import Playback
from physim.viewer.simulation import Simulation
from physim.worlds import world as as_world


@as_world(dt=1 / 60)
def pile(rng: np.random.Generator) -> pymunk.Space:
    """Three boxes on one another, in pixels."""
    space = pymunk.Space()
    space.gravity = (0, 900)
    floor = pymunk.Segment(space.static_body, (0, 500), (400, 500), 10)
    space.add(floor)
    for number in range(3):
        box = pymunk.Body(1.0, 300.0)
        box.position = 200, 469 - 41 * number
        space.add(box, pymunk.Poly.create_box(box, (40, 40)))
    for shape in space.shapes:
        shape.friction = 0.8
    return space


def frame(drag: Drag, steps: int = 4) -> None:
    """A frame of so many steps."""
    dt = drag.run.engine.dt
    drag.aim(steps * dt)
    for _ in range(steps):
        drag.carry(dt)
        drag.run.step()
    drag.measure(steps * dt)


def test_the_velocity_becomes_that_of_the_mouse(simulation: Simulation) -> None:
    drag = Drag(simulation.truth, 0)
    start = drag.position
    for number in range(1, 40):
        drag.position = start + np.array([0.2 * number, -0.1 * number])
        frame(drag)
    assert drag.velocity.tolist() == pytest.approx([50.0, -25.0], rel=0.02)
    assert simulation.truth.state.pos[0].tolist() == pytest.approx(drag.position.tolist(), abs=0.01)
    drag.release()
    assert simulation.truth.state.vel[0].tolist() == drag.velocity.tolist()


def test_a_mouse_at_rest_comes_to_rest(simulation: Simulation) -> None:
    drag = Drag(simulation.truth, 0)
    drag.position = drag.position + 1.0
    for _ in range(60):
        frame(drag)
    assert np.abs(drag.velocity).max() < 0.1
    assert simulation.truth.state.pos[0].tolist() == pytest.approx(drag.position.tolist(), abs=0.01)


def test_a_pile_at_rest_stays_at_rest_while_its_top_is_held(alone: Callable[..., Playback]) -> None:
    run = alone(pile()).simulation.truth
    for _ in range(240):
        run.step()
    still = np.hypot(*run.state.vel.T).max()
    drag = Drag(run, 2)
    for _ in range(120):
        frame(drag, 1)
        assert np.hypot(*run.state.vel.T).max() < 2 * still + 1e-3


def test_no_hand_is_faster_than_the_scene_is_wide(simulation: Simulation) -> None:
    run = simulation.truth
    low, high = run.bodies.outline(run.state.pos, run.state.angle)
    drag = Drag(run, 0)
    drag.position = np.array([1e6, -1e6])
    for _ in range(30):
        before = run.state.pos[0].copy()
        frame(drag)
        speed = np.hypot(*(run.state.pos[0] - before)) / (4 * run.engine.dt)
        assert speed <= (high - low).max() / CROSSING * 1.01
