"""The engines of a world by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from physim.engines.base import Engine
from physim.engines.guest import find_engine
from physim.engines.learned import LearnedEngine
from physim.errors import PhysimError

if TYPE_CHECKING:
    from physim.worlds.base import World

Maker = Callable[["World", str | None], Engine[Any]]


def engine_named(name: str, world: World, weights: str | None = None) -> Engine[Any]:
    """The engine of a world by its name in ENGINES, or anybody's, as path/to/file.py:Engine or module:Engine.

    `weights` are those of a learned one: a name that ships with physim, or a file; without them, the world's own.

    Raises: PhysimError where the engine or its weights are unknown, or it steps by another dt than the world.
    """
    if name in ENGINES:
        engine = ENGINES[name](world, weights)
    elif ":" in name:
        _refuse_weights(name, weights)
        engine = find_engine(name, world)
    else:
        raise PhysimError(
            f"unknown engine {name!r}: the known ones are {', '.join(ENGINES)} and path/to/file.py:Engine"
        )
    if not math.isclose(engine.dt, world.dt, rel_tol=1e-9):
        raise PhysimError(f"dt: the engine {name} takes steps of {engine.dt:g} s, the world's are {world.dt:g} s")
    return engine


def _truth(world: World, weights: str | None) -> Engine[Any]:
    _refuse_weights("truth", weights)
    return world.engine()


def _learned(world: World, weights: str | None) -> Engine[Any]:
    return LearnedEngine.load(world.name if weights is None else weights)


def _refuse_weights(name: str, weights: str | None) -> None:
    if weights is not None:
        raise PhysimError(f"weights: the engine {name} has none, got {weights!r}")


ENGINES: dict[str, Maker] = {"truth": _truth, "learned": _learned}
"""What makes each engine of a world from the world and the weights asked for."""
