"""What all engines do with a state between two steps: push its objects, and start some of its scenes anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymunk
import pytest
import torch

from physim.arrays import Floats
from physim.engines.base import Engine, State
from physim.engines.guest import GuestEngine
from physim.engines.named import engine_named
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.scenes.scene import STATE_FIELDS, Scene
from physim.scenes.spaces import scene_of
from physim.worlds import World
from worlds.balls import Balls
from worlds.nbody import NBody
from worlds.strings import Strings

CASES = [
    (NBody(bodies=3), "truth"),
    (Balls(balls=3), "truth"),
    (NBody(bodies=3), "learned"),
    (Strings(), "learned"),
    (Strings(), "hybrid"),
    (Strings(), "hybrid_contacts"),
]


def started(world: World, name: str) -> tuple[Engine[Any], Scene, Floats]:
    """An engine, a batch of three scenes, and an impulse on each object."""
    scene = Scene.batch_of(world.scenes(seed=1, count=3))
    impulse = np.random.default_rng(0).normal(size=(scene.num_bodies, 2)) * 0.1
    return engine_named(name, world), scene, impulse


@pytest.fixture
def heap() -> Scene:
    """Two discs that fall on a floor and come to rest on one another."""
    space = pymunk.Space()
    space.gravity = 0, -9.8
    space.add(pymunk.Segment(space.static_body, (-2, 0), (2, 0), 0.1))
    for number in range(2):
        body = pymunk.Body(1, 0.1)
        body.position = 0, 0.35 + 0.45 * number
        disc = pymunk.Circle(body, 0.2)
        disc.friction = 0.7
        space.add(body, disc)
    return scene_of(space)


def values(state: State) -> Floats:
    return np.concatenate([getattr(state, name).ravel() for name in STATE_FIELDS])


@pytest.mark.parametrize(("world", "name"), CASES, ids=str)
def test_an_impulse_changes_momentum_and_nothing_that_cannot_move(world: World, name: str) -> None:
    engine, scene, impulse = started(world, name)
    state = engine.step(engine.start(scene))
    before = values(state)
    pushed = engine.pushed(state, impulse)
    momentum = scene.mass.numpy()[:, None] * (pushed.vel - state.vel)
    moves = (scene.inverse_mass > 0).numpy()[:, None]
    assert np.allclose(momentum, np.where(moves, impulse, 0.0), rtol=1e-12, atol=1e-12 * np.abs(state.vel).max())
    assert np.array_equal(pushed.vel[~moves[:, 0]], state.vel[~moves[:, 0]])
    assert np.array_equal(pushed.pos, state.pos)
    assert np.array_equal(values(state), before)


@pytest.mark.parametrize(("world", "name"), CASES, ids=str)
def test_a_push_is_what_a_start_with_other_velocities_is(world: World, name: str) -> None:
    engine, scene, impulse = started(world, name)
    pushed = engine.pushed(engine.start(scene), impulse)
    other = engine.start(scene.moved(vel=torch.from_numpy(pushed.vel.copy())))
    for _ in range(3):
        pushed, other = engine.step(pushed), engine.step(other)
    assert np.array_equal(values(pushed), values(other))


@pytest.mark.parametrize(("world", "name"), CASES, ids=str)
def test_bodies_moved_elsewhere_go_on_as_from_a_start_there(world: World, name: str) -> None:
    engine, scene, _ = started(world, name)
    state = engine.step(engine.start(scene))
    before = values(state)
    free = (scene.inverse_mass > 0)[:, None]
    there = state.scene.moved(pos=state.scene.pos + 0.01 * free, vel=0.5 * state.scene.vel)
    moved, anew = engine.moved(state, there), engine.start(there)
    assert np.array_equal(values(moved), values(anew))
    assert np.array_equal(values(state), before)
    for _ in range(3):
        moved, anew = engine.step(moved), engine.step(anew)
    tolerance = 1e-6 if name == "hybrid_contacts" else 1e-12  # its pymunk would find no contacts, but warm joints
    assert np.allclose(values(moved), values(anew), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("world", "name"), CASES, ids=str)
def test_a_force_gives_its_impulse_in_a_step_and_ends(world: World, name: str) -> None:
    engine, scene, impulse = started(world, name)
    driven = engine.driven(engine.start(scene), impulse / engine.dt, np.zeros(len(impulse)))
    plain = engine.step(engine.start(scene))
    moves = (scene.inverse_mass > 0).numpy()[:, None]
    given = scene.mass.numpy()[:, None] * (driven.vel - plain.vel)
    assert np.allclose(given, np.where(moves, impulse, 0.0), rtol=0.02, atol=1e-4)
    again = engine.start(driven.scene)
    driven, again = engine.step(driven), engine.step(again)
    assert np.allclose(driven.vel, again.vel, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("world", "name"), CASES, ids=str)
def test_a_scene_in_the_place_of_another_goes_on_as_from_a_start_there(world: World, name: str) -> None:
    engine, scene = engine_named(name, world), world.scene(seed=1)
    state = engine.step(engine.start(scene))
    there = world.scene(seed=2)
    altered = engine.altered(state, there, [number - 1 for number in range(there.num_bodies)])
    anew = engine.start(there)
    assert np.array_equal(values(altered), values(anew))
    for _ in range(3):
        altered, anew = engine.step(altered), engine.step(anew)
    assert np.allclose(values(altered), values(anew), rtol=1e-6, atol=1e-6)


def test_resting_contacts_outlive_a_scene_that_stays_the_same(heap: Scene) -> None:
    engine = PymunkEngine(1 / 60)
    plain, touched = engine.start(heap), engine.start(heap)
    for _ in range(90):
        plain, touched = engine.step(plain), engine.step(touched)
        touched = engine.altered(touched, touched.scene, range(heap.num_bodies))
    assert np.array_equal(values(touched), values(plain))


def test_a_torque_turns_what_can_turn(heap: Scene) -> None:
    torque = np.array([0.05, 0.0, 1.0])
    for engine in (PymunkEngine(1e-3), GuestEngine(Quacking(), "mine.py:Engine")):
        state = engine.driven(engine.start(heap), np.zeros((3, 2)), torque)
        assert np.allclose(state.angular_velocity, [0.05 / 0.1 * 1e-3, 0, 0], rtol=1e-12)


def test_resting_contacts_outlive_a_move_but_not_of_what_stands_still(heap: Scene) -> None:
    engine = PymunkEngine(1 / 60)
    plain, touched = engine.start(heap), engine.start(heap)
    for _ in range(90):
        plain, touched = engine.step(plain), engine.step(touched)
        touched = engine.moved(touched, touched.scene)
    assert np.array_equal(values(touched), values(plain))
    floor = touched.scene.pos.clone()
    floor[2, 1] -= 1.0
    sunk = engine.moved(touched, touched.scene.moved(pos=floor))
    assert np.array_equal(values(engine.step(sunk)), values(engine.step(engine.start(sunk.scene))))


@pytest.mark.parametrize(("world", "name"), CASES, ids=str)
def test_scenes_beside_one_that_starts_anew_go_on(world: World, name: str) -> None:
    engine, scene, _ = started(world, name)
    state = engine.start(scene)
    fresh = world.scene(seed=5)
    rows = slice(fresh.num_bodies, 2 * fresh.num_bodies)
    state = engine.restarted(engine.step(state), {1: fresh})
    assert np.array_equal(state.pos[rows], fresh.pos.numpy())
    undisturbed = engine.step(engine.start(scene))
    for _ in range(20):
        state, undisturbed = engine.step(state), engine.step(undisturbed)
    others = np.r_[: rows.start, rows.stop : scene.num_bodies]
    assert np.abs(state.pos[others] - undisturbed.pos[others]).max() < (1e-6 if name == "learned" else 1e-300)
    assert not np.allclose(state.pos[rows], undisturbed.pos[rows])


def test_resting_contacts_outlive_a_push_and_a_start_beside_them(heap: Scene) -> None:
    engine = PymunkEngine(1 / 60, substeps=2)
    plain = engine.start(Scene.batch_of([heap, heap]))
    touched = engine.start(Scene.batch_of([heap, heap]))
    for step in range(90):
        plain, touched = engine.step(plain), engine.step(touched)
        touched = engine.pushed(touched, np.zeros((2 * heap.num_bodies, 2)))
        if step == 60:
            touched = engine.restarted(touched, {1: heap})
    first = slice(heap.num_bodies)
    assert np.array_equal(touched.pos[first], plain.pos[first])
    anew = engine.start(plain.scene)
    for _ in range(5):
        plain, anew = engine.step(plain), engine.step(anew)
    assert not np.array_equal(anew.pos[first], plain.pos[first])


@pytest.mark.parametrize("change", ["pushed", "moved", "restarted"])
def test_a_state_that_was_pushed_or_restarted_is_left_behind(change: str, heap: Scene) -> None:
    engine = PymunkEngine(1 / 60)
    state = engine.start(Scene.batch_of([heap, heap]))
    if change == "pushed":
        engine.pushed(state, np.zeros((2 * heap.num_bodies, 2)))
    elif change == "moved":
        engine.moved(state, state.scene)
    else:
        engine.restarted(state, {0: heap})
    with pytest.raises(PhysimError, match="stepped before"):
        engine.step(state)


class Quacking:
    """No Engine by birth; it holds one."""

    def __init__(self) -> None:
        self.inner = PymunkEngine(1e-3)
        self.dt, self.start, self.step = self.inner.dt, self.inner.start, self.inner.step


@pytest.mark.parametrize("kind", [Quacking, lambda: PymunkEngine(1e-3)], ids=["quacking", "engine"])
def test_guests_are_pushed_and_restarted_too(kind: Any) -> None:
    world = Balls(balls=2)
    scene = Scene.batch_of(world.scenes(seed=1, count=2))
    impulse = np.full((scene.num_bodies, 2), 0.5)
    truth = world.engine()
    guest = GuestEngine(kind(), "mine.py:Engine")
    states = []
    for engine in (truth, guest):
        state = engine.step(engine.pushed(engine.start(scene), impulse))
        states.append(engine.step(engine.restarted(state, {0: world.scene(seed=9)})))
    assert np.array_equal(values(states[0]), values(states[1]))
