from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from physim.contact_measures import outside
from physim.viewer.playback import Playback
from physim.viewer.simulation import LEARNED, TRUTH, Simulation
from worlds.balls import Balls
from worlds.nbody import NBody
from worlds.strings import Strings

Alone = Callable[..., Playback]


def hold(playback: Playback, title: str, body: int) -> None:
    """Hold a body at its centre."""
    playback.grab(title, body, playback.simulation.runs[title].state.pos[body].copy())


def test_each_frame_takes_the_steps_asked_for(playback: Playback) -> None:
    playback.frame()
    playback.faster()
    playback.frame()
    assert playback.simulation.step == 4 + 6


def test_a_pause_stands_still_and_a_single_step_takes_one(playback: Playback) -> None:
    playback.pause()
    playback.frame()
    assert playback.simulation.step == 0
    playback.single_step()
    playback.frame()
    playback.frame()
    assert playback.simulation.step == 1


def test_slower_ends_at_one_step_and_faster_ends_too(playback: Playback) -> None:
    for _ in range(20):
        playback.slower()
    assert playback.steps_per_frame == 1
    for _ in range(40):
        playback.faster()
    assert playback.steps_per_frame == 64


def test_the_last_frame_takes_only_what_is_left(simulation: Simulation) -> None:
    playback = Playback(simulation, steps_per_frame=4, last_step=6)
    while not playback.done:
        playback.frame()
    assert simulation.step == 6


def test_reset_changes_the_seed(playback: Playback) -> None:
    playback.frame()
    playback.reset()
    assert (playback.simulation.seed, playback.simulation.step) == (4, 0)


def test_engines_are_shown_in_turn(playback: Playback) -> None:
    seen = [playback.shown]
    for _ in range(3):
        playback.switch_engines()
        seen.append(playback.shown)
    assert seen == [("truth", "learned"), ("truth",), ("learned",), ("truth", "learned")]


def test_the_learned_engine_joins_where_the_truth_is(world: NBody) -> None:
    playback = Playback(Simulation(world, [TRUTH], lambda name, world: world.engine(), 0), 4)
    assert LEARNED not in playback.simulation.runs
    playback.frame()
    playback.switch_engines()
    playback.frame()
    assert playback.shown == ("truth", "learned")
    assert playback.simulation.comparison.position_error(LEARNED) == pytest.approx(0.0, abs=1e-9)


def test_bodies_come_and_go_but_never_the_last(playback: Playback) -> None:
    playback.more_bodies()
    assert playback.simulation.bodies == 5
    for _ in range(6):
        playback.fewer_bodies()
    assert playback.simulation.bodies == 1
    assert "bodies" in playback.notice


def test_a_held_body_is_where_the_mouse_is_and_flies_on_with_its_velocity(playback: Playback) -> None:
    run, dt = playback.simulation.runs[LEARNED], playback.simulation.world.dt
    hold(playback, LEARNED, 2)
    start = run.state.pos[2].copy()
    for frame in range(1, 31):
        playback.drags[0].position = start + frame * np.array([0.0, 0.8])
        playback.frame()
    np.testing.assert_allclose(run.state.pos[2], start + np.array([0.0, 24.0]), atol=0.5)
    playback.release()
    before = run.state.pos[2]
    playback.frame()
    np.testing.assert_allclose((run.state.pos[2] - before) / (4 * dt), [0.0, 200.0], atol=10)


def test_while_a_body_is_held_all_others_go_on(playback: Playback) -> None:
    hold(playback, LEARNED, 2)
    before = {name: run.state.pos.copy() for name, run in playback.simulation.runs.items()}
    for _ in range(5):
        playback.frame()
    for name, run in playback.simulation.runs.items():
        moved = np.abs(run.state.pos - before[name]).max(axis=1)
        assert (np.delete(moved, 2) > 1e-3).all()
    assert moved[2] < 0.05


def test_a_held_mass_pulls_the_string(alone: Alone) -> None:
    world = Strings(masses=5, pins=1)
    playback = alone(world, 8)
    run = playback.simulation.truth
    pinned = run.bodies.pinned
    free = 4 if pinned[0] else 0
    start = run.state.pos.copy()
    hold(playback, "truth", free)
    playback.drags[0].position = start[free] + np.array([0.0, 1.0])
    for _ in range(60):
        playback.frame()
    np.testing.assert_allclose(run.state.pos[free], start[free] + np.array([0.0, 1.0]), atol=0.05)
    assert run.state.pos[2, 1] > start[2, 1]
    np.testing.assert_array_equal(run.state.pos[pinned], start[pinned])


def test_a_ball_pressed_into_a_wall_stays_inside_and_throws_nothing(alone: Alone) -> None:
    world = Balls(balls=4)
    playback = alone(world, 8)
    run = playback.simulation.truth
    hold(playback, "truth", 0)
    playback.drags[0].position = np.array([50.0, 30.0])
    for _ in range(80):
        playback.frame()
    playback.release()
    for _ in range(20):
        playback.frame()
    assert not outside(run.state.scene).any()
    assert np.hypot(*run.state.vel.T).max() < 15


def test_a_body_dragged_while_paused_keeps_its_velocity(playback: Playback) -> None:
    run = playback.simulation.runs[LEARNED]
    before = run.state.vel[2].copy()
    playback.pause()
    hold(playback, LEARNED, 2)
    playback.drags[0].position = np.array([33.0, 44.0])
    playback.frame()
    assert run.state.pos[2].tolist() == [33.0, 44.0]
    np.testing.assert_array_equal(run.state.vel[2], before)


def test_the_worlds_own_count_changes(alone: Alone) -> None:
    for world, kind in ((Balls(balls=2), "balls"), (Strings(masses=4), "masses")):
        playback = alone(world, 1)
        playback.more_bodies()
        assert playback.simulation.kind == kind
        assert getattr(playback.simulation.world, kind) == playback.simulation.count
        assert playback.simulation.count == getattr(world, kind) + 1


def test_a_new_body_is_held_in_all_panels_until_it_is_let_go(playback: Playback) -> None:
    playback.choose_new()
    place = playback.simulation.truth.state.pos[0] + 3.0
    playback.spawn(LEARNED, place)
    assert [run.bodies.count for run in playback.simulation.runs.values()] == [5, 5]
    playback.move(place + np.array([0.0, 2.0]))
    for _ in range(60):
        playback.frame()
    for run in playback.simulation.runs.values():
        np.testing.assert_allclose(run.state.pos[4], place + np.array([0.0, 2.0]), atol=0.2)
    playback.release()
    assert playback.drags == []


def test_what_a_click_adds_goes_round(playback: Playback) -> None:
    seen = []
    for _ in range(4):
        seen.append(playback.adding)
        playback.choose_new()
    assert seen == [None, "circle", "box", None]


def test_deleting_a_held_body_lets_go_of_it(playback: Playback) -> None:
    hold(playback, TRUTH, 1)
    playback.delete(TRUTH, 1)
    playback.frame()
    assert playback.drags == []
    assert [run.bodies.label.tolist() for run in playback.simulation.runs.values()] == [[0, 2, 3]] * 2


def test_what_cannot_be_done_is_said_and_changes_nothing(playback: Playback) -> None:
    playback.restore(3)
    assert "no snapshot 3" in playback.notice
    for _ in range(3):
        playback.delete(TRUTH, 0)
    playback.delete(TRUTH, 0)
    assert "last body" in playback.notice
    assert playback.simulation.truth.bodies.count == 1
    for _ in range(9):
        playback.branch(LEARNED)
    assert "9 panels" in playback.notice
    assert len(playback.shown) == 9


def test_a_branch_is_of_the_snapshot_kept_or_brought_back_last(playback: Playback) -> None:
    playback.branch(LEARNED)
    playback.keep()
    playback.frame()
    playback.keep()
    playback.branch(LEARNED)
    playback.restore(1)
    playback.frame()
    playback.branch(LEARNED)
    clocks = {title: run.clock for title, run in playback.simulation.runs.items()}
    assert clocks == {TRUTH: 4, LEARNED: 4, "learned 2": 4, "learned 3": 8, "learned 4": 0}
