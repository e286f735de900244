"""The engines of a world by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from physim.engines.base import Engine
from physim.engines.guest import find_engine
from physim.engines.hybrid import HybridEngine
from physim.engines.hybrid_contacts import HybridContactsEngine
from physim.engines.learned import LearnedEngine
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError

if TYPE_CHECKING:
    from physim.worlds.base import World

Maker = Callable[[LearnedEngine, PymunkEngine], Engine[Any]]

TRUTH = "truth"
WITH_WEIGHTS: dict[str, Maker] = {
    "learned": lambda learned, pymunk: learned,
    "hybrid": HybridEngine,
    "hybrid_contacts": HybridContactsEngine,
}
"""What makes each engine that has weights from a learned one, and from pymunk with the same dt."""
ENGINES = (TRUTH, *WITH_WEIGHTS)
"""The names of engines."""


def engine_named(name: str, world: World, weights: str | None = None) -> Engine[Any]:
    """The engine of a world by its name in ENGINES, or anybody's, as path/to/file.py:Engine or module:Engine.

    `weights` are those of a learned or hybrid one: a name that ships with physim, or a file; without them, the world's
    own.

    Raises: PhysimError where the engine or its weights are unknown, or it steps by another dt than the world.
    """
    if name in WITH_WEIGHTS:
        engine = _with_weights(name, world, weights)
    elif weights is not None:
        raise PhysimError(f"weights: the engine {name} has none, got {weights!r}")
    elif name == TRUTH:
        engine = world.engine()
    elif ":" in name:
        engine = find_engine(name, world)
    else:
        raise PhysimError(
            f"unknown engine {name!r}: the known ones are {', '.join(ENGINES)} and path/to/file.py:Engine"
        )
    _check_dt(name, engine, world)
    return engine


def _with_weights(name: str, world: World, weights: str | None) -> Engine[Any]:
    learned = LearnedEngine.load(world.name if weights is None else weights)
    _check_dt(name, learned, world)
    return WITH_WEIGHTS[name](learned, PymunkEngine(world.dt, world.substeps, world.forces, world.equip))


def _check_dt(name: str, engine: Engine[Any], world: World) -> None:
    if not math.isclose(engine.dt, world.dt, rel_tol=1e-9):
        raise PhysimError(f"dt: the engine {name} takes steps of {engine.dt:g} s, the world's are {world.dt:g} s")
