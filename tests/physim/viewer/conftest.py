"""Small worlds, and a learned engine that is the truth with a little too much gravity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from physim.engines.learned import LearnedEngine
from physim.engines.vectorised import VectorEngine, VectorState
from physim.errors import BlowUp
from physim.scenes.scene import Scene
from physim.viewer import PlaySettings
from physim.viewer.playback import Playback
from physim.viewer.simulation import Simulation
from worlds.nbody import NBody


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


@pytest.fixture
def simulation(world: NBody, perturbed: VectorEngine) -> Simulation:
    simulation = Simulation(world, lambda: perturbed, seed=3)
    simulation.need_learned()
    return simulation


@pytest.fixture
def bursting(world: NBody) -> Simulation:
    simulation = Simulation(world, lambda: Bursting(world.engine()), seed=3)
    simulation.need_learned()
    return simulation


@pytest.fixture
def playback(simulation: Simulation) -> Playback:
    return Playback(simulation, "both", steps_per_frame=4, last_step=None)


@pytest.fixture
def settings(
    world: NBody, perturbed: VectorEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., PlaySettings]:
    """Headless settings of a small picture, with the perturbed truth in the learned engine's place."""
    monkeypatch.setattr(LearnedEngine, "load", lambda weights: perturbed)
    return lambda **changes: PlaySettings(
        **{"world": lambda: world, "headless": True, "steps": 20, "size": (320, 240)} | changes
    )
