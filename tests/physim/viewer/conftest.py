"""Small worlds, and a learned engine that is the truth with a little too much gravity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from physim.engines.base import Engine
from physim.engines.learned import LearnedEngine
from physim.engines.vectorised import VectorEngine, VectorState
from physim.errors import BlowUp
from physim.scenes.scene import Scene
from physim.viewer import PlaySettings
from physim.viewer.playback import Playback
from physim.viewer.simulation import LEARNED, TRUTH, Make, Simulation
from physim.worlds import World
from worlds.nbody import NBody


def truths(name: str, world: World) -> Engine[Any]:
    """The truth, whatever is asked for."""
    return world.engine()


class Bursting:
    """The truth, until it bursts at its second step."""

    def __init__(self, engine: VectorEngine) -> None:
        self.engine, self.dt, self.steps = engine, engine.dt, 0

    def start(self, scene: Scene) -> VectorState:
        self.steps = 0
        return self.engine.start(scene)

    def step(self, state: VectorState) -> VectorState:
        self.steps += 1
        if self.steps == 2:
            raise BlowUp(1, 2)
        return self.engine.step(state)


@pytest.fixture
def world() -> NBody:
    return NBody(bodies=4)


@pytest.fixture
def perturbed(world: NBody) -> VectorEngine:
    return replace(world, gravity=6.3e4).engine()


def beside(learned: Engine[Any]) -> Make:
    """Makes the truth of a world, and for all other names an engine that is there."""
    return lambda name, world: world.engine() if name == TRUTH else learned


@pytest.fixture
def simulation(world: NBody, perturbed: VectorEngine) -> Simulation:
    return Simulation(world, [TRUTH, LEARNED], beside(perturbed), seed=3)


@pytest.fixture
def bursting(world: NBody) -> Simulation:
    return Simulation(world, [TRUTH, LEARNED], beside(Bursting(world.engine())), seed=3)


@pytest.fixture
def playback(simulation: Simulation) -> Playback:
    return Playback(simulation, steps_per_frame=4)


@pytest.fixture
def alone() -> Callable[..., Playback]:
    """Makes a playback of a world's truth in one panel, or in several."""
    return lambda world, steps=1, panels=1: Playback(Simulation(world, [TRUTH] * panels, truths, 0), steps)


@pytest.fixture
def settings(
    world: NBody, perturbed: VectorEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., PlaySettings]:
    """Headless settings of a small picture, with the perturbed truth in the learned engine's place."""
    monkeypatch.setattr(LearnedEngine, "load", lambda weights: perturbed)
    return lambda **changes: PlaySettings(
        **{"world": lambda: world, "headless": True, "steps": 20, "size": (320, 240)} | changes
    )
