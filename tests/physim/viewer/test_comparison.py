from __future__ import annotations

import numpy as np
import pytest

from physim.viewer.simulation import LEARNED, TRUTH, Simulation
from worlds.swirl import Swirl


def test_position_error_is_the_rms_distance(simulation: Simulation) -> None:
    simulation.advance(30)
    offset = simulation.runs[LEARNED].state.pos - simulation.truth.state.pos
    assert simulation.comparison.position_error(LEARNED) == pytest.approx(np.sqrt((offset**2).sum(axis=1).mean()))
    assert simulation.comparison.position_error(LEARNED) > 0


def test_the_band_holds_every_drift_of_the_truth(simulation: Simulation) -> None:
    for _ in range(20):
        simulation.advance(5)
        simulation.comparison.measure()
        drift = simulation.truth.drift()
        assert abs(drift.energy) <= simulation.comparison.band.energy
        assert drift.momentum <= simulation.comparison.band.momentum


def test_without_a_potential_there_is_no_energy_drift() -> None:
    world = Swirl(bodies=3)
    simulation = Simulation(world, [TRUTH], lambda name, world: world.engine(), seed=0)
    simulation.advance(4)
    assert simulation.runs[TRUTH].drift().energy is None


def test_with_other_bodies_a_run_is_not_compared_with_the_truth(simulation: Simulation) -> None:
    simulation.keep()
    simulation.remove(1)
    title = simulation.branch(LEARNED, simulation.snapshots[0])
    assert simulation.comparison.position_error(LEARNED) is not None
    assert "other bodies" in simulation.comparison.no_error(title)


def test_what_was_measured_after_a_kept_state_is_forgotten_when_it_comes_back(simulation: Simulation) -> None:
    simulation.advance(40)
    simulation.keep()
    for _ in range(10):
        simulation.advance(20)
    assert simulation.comparison.history.seconds.max() > 0.1
    simulation.restore(simulation.snapshots[0])
    assert simulation.comparison.history.seconds.max() <= 0.04
    assert simulation.comparison.band.energy is None
