from __future__ import annotations

import numpy as np
import pytest

from physim.errors import PhysimError
from physim.viewer.simulation import LEARNED, TRUTH, Simulation
from worlds.nbody import NBody
from worlds.swirl import Swirl


def test_the_truth_beside_itself_stays_the_same(world: NBody) -> None:
    simulation = Simulation(world, world.engine, seed=3)
    simulation.need_learned()
    simulation.advance(50)
    assert simulation.position_error(LEARNED) == 0.0
    assert simulation.step == 50


def test_runs_take_the_same_steps_as_their_engines_alone(simulation: Simulation) -> None:
    scene = simulation.world.scene(3)
    simulation.advance(7)
    for run in simulation.runs.values():
        state = run.engine.start(scene)
        for _ in range(7):
            state = run.engine.step(state)
        np.testing.assert_array_equal(run.state.pos, state.pos)


def test_position_error_is_the_rms_distance(simulation: Simulation) -> None:
    simulation.advance(30)
    offset = simulation.runs[LEARNED].state.pos - simulation.truth.state.pos
    assert simulation.position_error(LEARNED) == pytest.approx(np.sqrt((offset**2).sum(axis=1).mean()))
    assert simulation.position_error(LEARNED) > 0


def test_resynchronised_runs_agree_and_keep_the_step(simulation: Simulation) -> None:
    simulation.advance(30)
    simulation.resynchronise()
    assert simulation.position_error(LEARNED) == 0.0
    assert simulation.step == 30


def test_reset_starts_all_runs_from_the_new_seed(simulation: Simulation) -> None:
    simulation.advance(5)
    simulation.reset(4)
    for run in simulation.runs.values():
        np.testing.assert_array_equal(run.state.pos, simulation.world.scene(4).pos.numpy())
    assert (simulation.seed, simulation.step) == (4, 0)


@pytest.mark.parametrize("bodies", [1, 3, 9])
def test_the_number_of_bodies_changes_in_all_runs(simulation: Simulation, bodies: int) -> None:
    simulation.set_bodies(bodies)
    simulation.advance(3)
    assert [len(run.state.pos) for run in simulation.runs.values()] == [bodies, bodies]


def test_a_refused_number_of_bodies_changes_nothing(simulation: Simulation) -> None:
    simulation.advance(3)
    with pytest.raises(PhysimError, match="bodies"):
        simulation.set_bodies(0)
    assert (simulation.bodies, simulation.step) == (4, 3)


def test_a_run_that_bursts_stops_at_its_last_state_and_the_other_goes_on(bursting: Simulation) -> None:
    bursting.advance(5)
    stopped = bursting.runs[LEARNED]
    assert "body 1" in stopped.message
    assert stopped.stopped_at == 2
    assert np.isfinite(stopped.state.pos).all()
    assert bursting.step == 5
    assert bursting.position_error(LEARNED) is None


def test_a_stopped_run_goes_on_when_resynchronised(bursting: Simulation) -> None:
    bursting.advance(5)
    bursting.resynchronise()
    assert bursting.runs[LEARNED].message == ""
    assert bursting.position_error(LEARNED) == 0.0


def test_the_band_holds_every_drift_of_the_truth(simulation: Simulation) -> None:
    for _ in range(20):
        simulation.advance(5)
        drift = simulation.truth.drift()
        assert abs(drift.energy) <= simulation.band.energy
        assert drift.momentum <= simulation.band.momentum


def test_without_a_potential_there_is_no_energy_drift() -> None:
    world = Swirl(bodies=3)
    simulation = Simulation(world, world.engine, seed=0)
    simulation.advance(4)
    assert simulation.runs[TRUTH].drift().energy is None
