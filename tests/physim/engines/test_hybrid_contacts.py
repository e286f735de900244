from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pymunk
import pytest
import torch

from physim.engines.contract import check_engine
from physim.engines.hybrid_contacts import HybridContactsEngine
from physim.engines.learned import LearnedEngine
from physim.engines.named import engine_named
from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.scenes.scene import Scene
from physim.scenes.spaces import scene_of
from worlds import Balls, Strings

Falling = Callable[..., LearnedEngine]
STRINGS = Strings(pins=1)


def on_the_circle() -> Scene:
    """A string that has come down on its circle."""
    scene = STRINGS.scene(90_004)
    return scene.moved(vel=scene.vel + torch.tensor([0.0, -6.0]).double() * (scene.inverse_mass > 0)[:, None])


def test_where_only_contacts_act_it_is_the_learned_engine() -> None:
    world = Balls(balls=4)
    scene = Scene.batch_of(world.scenes(90_001, 2))
    one, other = (rollout(engine_named(name, world), scene, 300) for name in ("hybrid_contacts", "learned"))
    assert torch.allclose(one.pos, other.pos, atol=1e-9)
    assert not torch.allclose(one.vel[-1], one.vel[0])


def test_learned_contacts_stop_what_pymunk_lets_fall() -> None:
    engine, scene = engine_named("hybrid_contacts", STRINGS), on_the_circle()
    assert isinstance(engine, HybridContactsEngine)
    check_engine(engine, scene)
    silenced = HybridContactsEngine(LearnedEngine.load("strings"), PymunkEngine(STRINGS.dt), silenced=True)
    truth, learned, without = (rollout(item, scene, 500).pos[-1] for item in (STRINGS.engine(), engine, silenced))
    error, missing = (float((pos - truth).norm(dim=-1).max()) for pos in (learned, without))
    assert missing > 0.05
    assert error < 0.1 * missing
    assert 0 < engine.impulses.share < 1
    assert silenced.impulses.share == 0


def test_where_nothing_touches_it_is_pymunk() -> None:
    scene = STRINGS.scene(90_001)
    engine = engine_named("hybrid_contacts", STRINGS)
    one, other = (rollout(item, scene, 50) for item in (engine, STRINGS.engine()))
    assert torch.equal(one.pos, other.pos)


def test_spin_is_pymunks() -> None:
    world = Balls(balls=2)
    scene = world.scene(90_001)
    turning = torch.where(scene.inverse_mass > 0, 3.0, 0.0).double()
    state = engine_named("hybrid_contacts", world).start(scene.moved(angular_velocity=turning))
    state = engine_named("hybrid_contacts", world).step(state)
    assert np.allclose(state.angle - scene.angle.numpy(), turning.numpy() * world.dt)


def test_what_does_not_fit_is_refused(falling: Falling) -> None:
    with pytest.raises(PhysimError, match=r"learned contacts want weights whose graph reads contacts.*'pairs'"):
        HybridContactsEngine(falling())
    heavy = Balls(balls=2).scene(90_001).moved(gravity=torch.tensor([[0.0, -9.8]]).double())
    with pytest.raises(PhysimError, match="their contacts want a scene without gravity, damping, springs"):
        HybridContactsEngine(LearnedEngine.load("balls")).start(heavy)
    space = pymunk.Space()
    body = pymunk.Body(1, 1)
    space.add(body, pymunk.Poly.create_box(body, (1, 1)))
    with pytest.raises(PhysimError, match="shape: these weights know"):
        HybridContactsEngine(LearnedEngine.load("strings")).start(scene_of(space))
