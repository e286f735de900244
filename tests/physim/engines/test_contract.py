from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch

from physim.arrays import Floats
from physim.engines.base import Engine
from physim.engines.contract import check_engine
from physim.engines.learned import LearnedEngine
from physim.errors import PhysimError
from physim.scenes.scene import STATE_FIELDS, Scene
from worlds.balls import Balls
from worlds.nbody import NBody
from worlds.strings import Strings

SCENE = NBody(bodies=3).scene(seed=1)


@dataclass
class Plain:
    """A state as users write them."""

    origin: Scene
    pos: Any
    vel: Floats
    angle: Floats
    angular_velocity: Floats

    @property
    def scene(self) -> Any:
        return self.origin.moved(**{name: torch.from_numpy(np.array(getattr(self, name))) for name in STATE_FIELDS})


@dataclass
class Planted(Engine[Plain]):
    """Constant velocity with a fault of one's choice in its step."""

    fault: Callable[[Plain, Plain], Plain] = lambda before, after: after
    dt: float = 1e-3

    def start(self, scene: Scene) -> Plain:
        return Plain(scene, *(scene[name].numpy().copy() for name in STATE_FIELDS))

    def step(self, state: Plain) -> Plain:
        return self.fault(state, replace(state, pos=state.pos + self.dt * state.vel))


def written_to(before: Plain, after: Plain) -> Plain:
    before.pos += 1
    return after


def random(before: Plain, after: Plain) -> Plain:
    return replace(after, vel=after.vel + np.random.default_rng().normal(size=after.vel.shape))


def exploding(before: Plain, after: Plain) -> Plain:
    after.pos[1] = np.inf
    return after


class Elsewhere(Plain):
    """Its scene is not where it says."""

    @property
    def scene(self) -> Any:
        return self.origin


class Sceneless(Plain):
    """It has no scene."""

    scene = None


def as_kind(kind: type[Plain]) -> Callable[[Plain, Plain], Plain]:
    return lambda before, after: kind(after.origin, after.pos, after.vel, after.angle, after.angular_velocity)


@pytest.mark.parametrize("world", [NBody(bodies=3), Balls(balls=3), Strings(masses=4)], ids=lambda world: world.name)
def test_the_truths_keep_the_contract(world: Any) -> None:
    check_engine(world.engine(), world.scene(seed=1))
    check_engine(world.engine(), Scene.batch_of(world.scenes(seed=1, count=3)))


def test_the_learned_engine_and_a_plain_one_keep_the_contract() -> None:
    check_engine(LearnedEngine.load("nbody"), SCENE)
    check_engine(Planted(), SCENE)


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (written_to, "the engine's step changes the state that it is given: pos differs"),
        (random, "two runs of the engine from one scene differ: at step 1 vel differs"),
        (exploding, r"state\.pos after step is not finite: body 1 has \[inf, inf\]"),
        (lambda before, after: replace(after, pos=after.pos[:2]), "pos after step is a float64 array of shape .2, 2."),
        (lambda before, after: replace(after, pos=after.pos.astype("f4")), "pos after step is a float32 array"),
        (lambda before, after: replace(after, pos=torch.zeros(3, 2)), "pos after step is a Tensor, wanted a float64"),
        (lambda before, after: None, r"state\.pos after step is missing"),
        (as_kind(Elsewhere), r"state\.scene has another pos than state\.pos"),
        (as_kind(Sceneless), r"state\.scene is missing, wanted a Scene"),
    ],
)  # fmt: skip
def test_planted_faults_of_steps_are_found(fault: Any, complaint: str) -> None:
    with pytest.raises(PhysimError, match=complaint):
        check_engine(Planted(fault), SCENE)


class Thief(Planted):
    """Its states are the scene's own tensors, written to."""

    def start(self, scene: Scene) -> Plain:
        scene.vel += 1
        return super().start(scene)


class Astray(Planted):
    """It starts elsewhere."""

    def start(self, scene: Scene) -> Plain:
        return replace(super().start(scene), pos=scene.pos.numpy() + 1)


@pytest.mark.parametrize(
    ("engine", "complaint"),
    [
        (Thief(), "the engine changes vel of the scene that it starts from"),
        (Astray(), "the engine's state after start has another pos than the scene"),
        (Planted(dt=0), r"dt of the engine Planted is 0, wanted its step in seconds, above 0"),
        (Planted(dt="1 ms"), "dt of the engine Planted is '1 ms'"),  # type: ignore[arg-type]
        (object(), "object is no engine: it has no method start"),
    ],
    ids=lambda item: type(item).__name__,
)
def test_planted_faults_of_starts_are_found(engine: Any, complaint: str) -> None:
    scene = NBody(bodies=3).scene(seed=1)
    with pytest.raises(PhysimError, match=complaint):
        check_engine(engine, scene)
