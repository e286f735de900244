from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from physim.errors import BlowUp
from physim.viewer.run import check_finite
from physim.viewer.simulation import LEARNED, Simulation


@dataclass
class Still:
    pos: np.ndarray
    vel: np.ndarray


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_body_that_is_not_finite_is_named(value: float) -> None:
    still = Still(np.zeros((3, 2)), np.zeros((3, 2)))
    check_finite(still, 5)
    still.vel[2, 0] = value
    with pytest.raises(BlowUp, match=r"body 2 .* step 5"):
        check_finite(still, 5)


def test_a_placed_body_is_where_it_was_put_and_keeps_its_velocity(simulation: Simulation) -> None:
    run = simulation.runs[LEARNED]
    before, vel = run.state.pos.copy(), run.state.vel.copy()
    run.place_body(1, np.array([7.0, -8.0]))
    assert run.state.pos[1].tolist() == [7.0, -8.0]
    np.testing.assert_array_equal(np.delete(run.state.pos, 1, 0), np.delete(before, 1, 0))
    np.testing.assert_array_equal(run.state.vel, vel)


def test_a_pushed_body_has_the_velocity_given_and_the_others_are_untouched(simulation: Simulation) -> None:
    run = simulation.runs[LEARNED]
    pos, vel = run.state.pos.copy(), run.state.vel.copy()
    run.push(1, np.array([1.0, 2.0]))
    assert run.state.vel[1].tolist() == pytest.approx([1.0, 2.0])
    np.testing.assert_array_equal(np.delete(run.state.vel, 1, 0), np.delete(vel, 1, 0))
    np.testing.assert_array_equal(run.state.pos, pos)


def test_drifts_count_anew_when_told(simulation: Simulation) -> None:
    run = simulation.runs[LEARNED]
    simulation.advance(20)
    run.place_body(0, np.array([300.0, 0.0]))
    assert abs(run.drift().energy) > 0.01
    run.count_anew()
    assert run.drift().energy == pytest.approx(0.0, abs=1e-12)


def test_a_scene_that_the_engine_refuses_stops_the_run(simulation: Simulation) -> None:
    run = simulation.runs[LEARNED]
    circles = replace(simulation.world).scene(3)
    run.start(circles.moved(shape=circles.shape + 1), clock=9)
    assert "points only" in run.message
    assert run.stopped_at == 9
