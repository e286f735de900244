from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pymunk
import pytest
import torch

from physim.engines.base import Engine
from physim.engines.named import engine_named
from physim.errors import PhysimError
from physim.scenes.scene import STATE_FIELDS
from physim.viewer.hud import figures
from physim.viewer.pace import Pace
from physim.viewer.playback import Playback
from physim.viewer.rows import rows_of
from physim.viewer.simulation import LEARNED, TRUTH, Simulation, usual_steps
from physim.viewer.snapshots import MOST
from physim.viewer.spawning import like_neighbours
from physim.worlds import World
from physim.worlds.function import world as world_of_function
from worlds.balls import Balls
from worlds.nbody import NBody
from worlds.playground import Playground


@pytest.fixture
def balls() -> Simulation:
    """Three balls in a box, with the learned engine that ships."""
    return Simulation(Balls(balls=3), [TRUTH, LEARNED], engine_named, 1)


def test_the_truth_beside_itself_stays_the_same(world: NBody) -> None:
    simulation = Simulation(world, [TRUTH, LEARNED], lambda name, world: world.engine(), seed=3)
    simulation.advance(50)
    assert simulation.comparison.position_error(LEARNED) == 0.0
    assert simulation.step == 50


def test_runs_take_the_same_steps_as_their_engines_alone(simulation: Simulation) -> None:
    scene = simulation.world.scene(3)
    simulation.advance(7)
    for run in simulation.runs.values():
        state = run.engine.start(scene)
        for _ in range(7):
            state = run.engine.step(state)
        np.testing.assert_array_equal(run.state.pos, state.pos)


def test_resynchronised_runs_agree_and_keep_the_step(simulation: Simulation) -> None:
    simulation.advance(30)
    simulation.resynchronise()
    assert simulation.comparison.position_error(LEARNED) == 0.0
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
    assert bursting.comparison.position_error(LEARNED) is None


def test_a_stopped_run_goes_on_when_resynchronised(bursting: Simulation) -> None:
    bursting.advance(5)
    bursting.resynchronise()
    assert bursting.runs[LEARNED].message == ""
    assert bursting.comparison.position_error(LEARNED) == 0.0


def test_panels_are_as_many_as_are_asked_for_and_the_truth_runs_always(world: NBody) -> None:
    def make(name: str, world: World) -> Engine[Any]:
        return world.engine()

    several = Simulation(world, ["learned", "truth", "learned", "mine.py:Engine", "truth"], make, 0)
    assert several.panels == ["learned", "truth", "learned 2", "Engine", "truth 2"]
    hidden = Simulation(world, ["learned"], make, 0)
    assert (hidden.panels, list(hidden.runs)) == (["learned"], ["truth", "learned"])
    assert len({run.place for run in several.runs.values()}) == 5
    for title in several.panels:
        assert several.comparison.position_error(title) == 0


def test_a_kept_state_comes_back_and_what_follows_is_the_same(balls: Simulation) -> None:
    balls.advance(20)
    balls.keep()
    kept = {title: run.state.scene for title, run in balls.runs.items()}
    balls.advance(30)
    first = balls.runs[LEARNED].state.scene
    balls.restore(balls.snapshots[0])
    assert balls.step == 20
    for title, run in balls.runs.items():
        assert all(torch.equal(run.state.scene[name], kept[title][name]) for name in STATE_FIELDS)
    balls.advance(30)
    again = balls.runs[LEARNED].state.scene
    assert all(torch.equal(again[name], first[name]) for name in STATE_FIELDS)


def test_a_branch_is_another_future_of_the_same_state(balls: Simulation) -> None:
    balls.advance(10)
    balls.keep()
    balls.advance(10)
    first = balls.runs[LEARNED].state.pos
    title = balls.branch(LEARNED, balls.snapshots[0])
    assert balls.panels == [TRUTH, LEARNED, title]
    assert balls.comparison.position_error(title) is None
    assert "another time" in balls.comparison.no_error(title)
    branch = balls.runs[title]
    for _ in range(10):
        branch.step()
    np.testing.assert_array_equal(branch.state.pos, first)
    branch.push(0, np.array([0.5, 0.5]))
    balls.advance(10)
    assert np.abs(branch.state.pos - balls.runs[LEARNED].state.pos).max() > 1e-3
    assert balls.comparison.position_error(title) > balls.comparison.position_error(LEARNED)


def test_a_branch_of_now_needs_no_snapshot_and_a_snapshot_must_be_older_than_it(balls: Simulation) -> None:
    balls.advance(5)
    title = balls.branch(LEARNED)
    assert balls.comparison.position_error(title) == balls.comparison.position_error(LEARNED)
    balls.keep()
    younger = balls.branch(TRUTH)
    with pytest.raises(PhysimError, match=f"{younger} is younger"):
        balls.branch(younger, balls.snapshots[0])


def test_bodies_keep_their_labels_whatever_comes_back(balls: Simulation) -> None:
    objects = balls.truth.bodies.count
    balls.keep()
    balls.remove(1)
    balls.remove(0)
    assert [run.bodies.label.tolist() for run in balls.runs.values()] == [list(range(2, objects))] * 2
    balls.advance(4)
    assert balls.count == 1
    assert balls.new_label() == objects
    balls.restore(balls.snapshots[0])
    assert balls.truth.bodies.label.tolist() == list(range(objects))
    balls.remove(0)
    balls.remove(1)
    with pytest.raises(PhysimError, match="last body"):
        balls.remove(2)


def test_only_the_newest_snapshots_are_kept(balls: Simulation) -> None:
    for _ in range(MOST + 2):
        balls.keep()
        balls.advance(1)
    assert [snapshot.kept[TRUTH].clock for snapshot in balls.snapshots] == list(range(2, MOST + 2))


def test_trails_of_bodies_that_stay_are_kept(balls: Simulation) -> None:
    balls.advance(40)
    run = balls.truth
    before = run.trail.points(run.state.pos)
    balls.remove(0)
    np.testing.assert_array_equal(run.trail.points(run.state.pos), before[:, 1:])


@pytest.mark.parametrize(("dt", "steps"), [(1 / 60, 1), (1 / 120, 2), (1e-3, 4), (0.1, 1)])
def test_the_usual_pace_is_real_time_where_that_is_few_steps(dt: float, steps: int) -> None:
    assert usual_steps(dt) == steps


@pytest.fixture
def piled() -> Callable[[], Simulation]:
    """Makes a simulation of bodies that stand in stacks since a while, and of one far away."""

    def made() -> Simulation:
        simulation = Simulation(Playground(bodies=6, kind="stacks"), [TRUTH], engine_named, 2)
        simulation.advance(5)
        place = simulation.truth.state.pos.max(axis=0) + 1000
        simulation.add(like_neighbours(simulation.truth.state.scene, "circle", place, simulation.new_label()))
        simulation.advance(20)
        return simulation

    return made


def test_the_truth_keeps_the_contacts_of_bodies_that_stay(piled: Callable[[], Simulation]) -> None:
    alone, edited, anew = (piled() for _ in range(3))
    far = edited.truth.bodies.count - 1
    edited.remove(int(edited.truth.bodies.label[far]))
    anew.truth.start(anew.truth.state.scene, anew.step)
    for simulation in (alone, edited, anew):
        simulation.advance(20)
    np.testing.assert_allclose(edited.truth.state.pos, alone.truth.state.pos[:far], rtol=0, atol=1e-9)
    assert np.abs(anew.truth.state.pos - alone.truth.state.pos).max() > 1e-6


def test_the_truth_keeps_its_contacts_where_a_body_is_put_elsewhere(piled: Callable[[], Simulation]) -> None:
    alone, placed = piled(), piled()
    far = placed.truth.bodies.count - 1
    placed.truth.place_body(far, placed.truth.state.pos[far] + 50)
    for simulation in (alone, placed):
        simulation.advance(20)
    np.testing.assert_allclose(placed.truth.state.pos[:far], alone.truth.state.pos[:far], rtol=0, atol=1e-9)


def test_a_stopped_run_goes_on_when_bodies_change(bursting: Simulation) -> None:
    bursting.advance(5)
    bursting.remove(0)
    assert bursting.runs[LEARNED].message == ""
    assert [run.bodies.label.tolist() for run in bursting.runs.values()] == [[1, 2, 3]] * 2


@world_of_function()
def unstated(rng: np.random.Generator) -> pymunk.Space:
    """A disc; nobody says in what it is measured."""
    space = pymunk.Space()
    body = pymunk.Body(1.0, 1.0)
    space.add(body, pymunk.Circle(body, 1.0))
    return space


@pytest.mark.parametrize(("world", "unit"), [(Playground(bodies=3), "px"), (NBody(bodies=3), "m"), (unstated(), "")])
def test_lengths_are_told_in_the_worlds_own_unit(world: World, unit: str) -> None:
    simulation = Simulation(world, [TRUTH, LEARNED], lambda name, world: world.engine(), 0)
    assert figures(simulation, LEARNED)[0].value == f"0 {unit}".rstrip()
    rows = rows_of(Playback(simulation), Pace(0.0))
    assert [row["unit"] for row in rows if row["name"] == "rollout_position_error"] == [unit]
