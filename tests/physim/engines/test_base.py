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

CASES = [(NBody(bodies=3), "truth"), (Balls(balls=3), "truth"), (NBody(bodies=3), "learned"), (Strings(), "learned")]


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


@pytest.mark.parametrize("change", ["pushed", "restarted"])
def test_a_state_that_was_pushed_or_restarted_is_left_behind(change: str, heap: Scene) -> None:
    engine = PymunkEngine(1 / 60)
    state = engine.start(Scene.batch_of([heap, heap]))
    if change == "pushed":
        engine.pushed(state, np.zeros((2 * heap.num_bodies, 2)))
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
