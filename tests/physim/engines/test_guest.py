from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from physim.engines.guest import find_engine
from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from worlds.balls import Balls

CODE = """
from physim.engines.truth import PymunkEngine


class Bare:
    def __init__(self, dt=1e-3):
        self.dt, inner = dt, PymunkEngine(dt)
        self.start, self.step = inner.start, inner.step


class Wanting:
    def __init__(self, world):
        self.dt, self.inner = world.dt, world.engine()

    def start(self, scene):
        return self.inner.start(scene)

    def step(self, state):
        return self.inner.step(state)


def named(dt=1e-3, world=None):
    return Wanting(world)


def refusing(world):
    raise KeyError(world.name)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(CODE)
    return tmp_path / "mine.py"


@pytest.mark.parametrize("name", ["Bare", "Wanting"])
def test_a_guest_runs_as_what_it_holds(file: Path, name: str) -> None:
    world = Balls()
    engine = find_engine(f"{file}:{name}", world)
    assert (engine.dt, engine.name) == (world.dt, f"{file}:{name}")
    run, truth = (rollout(item, world.scene(seed=1), 20) for item in (engine, PymunkEngine(world.dt)))
    assert np.array_equal(run.pos, truth.pos)


def test_a_default_is_no_wish_for_the_world(file: Path) -> None:
    assert find_engine(f"{file}:Bare", Balls(dt=0.5)).dt == 1e-3


def test_what_an_engine_raises_is_one_sentence_that_names_it(file: Path) -> None:
    with pytest.raises(PhysimError, match=r"mine\.py:refusing raised KeyError: 'balls'"):
        find_engine(f"{file}:refusing", Balls())
    engine = find_engine(f"{file}:Wanting", Balls())
    with pytest.raises(PhysimError, match=r"start of .*:Wanting raised TypeError"):
        engine.start(None)  # type: ignore[arg-type]


def test_an_installed_module_serves_too() -> None:
    with pytest.raises(PhysimError, match="wants the arguments"):
        find_engine("physim.engines.vectorised:VectorEngine", Balls())
    with pytest.raises(PhysimError, match="dt of the engine PymunkEngine is Balls"):
        find_engine("physim.engines.truth:PymunkEngine", Balls())
