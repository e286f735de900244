"""Anybody's engine, by the place of its code."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, final

from physim.arrays import Floats
from physim.engines.base import Engine
from physim.engines.contract import check_signature
from physim.errors import PhysimError
from physim.scenes.scene import Scene
from physim.user_code import object_in_file, object_in_module

if TYPE_CHECKING:
    from physim.worlds.base import World

Made = TypeVar("Made")
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@final
class GuestEngine(Engine[Any]):
    """A user's engine under a name, whose every failure is one sentence."""

    def __init__(self, engine: Engine[Any], name: str) -> None:
        self.engine, self.name, self.dt = engine, name, engine.dt
        self.columns = engine.columns if isinstance(engine, Engine) else ()

    def start(self, scene: Scene) -> Any:
        """What the engine makes of a scene; raises PhysimError where it fails."""
        return _called(f"start of {self.name}", self.engine.start, scene)

    def step(self, state: Any) -> Any:
        """The state one dt later; raises PhysimError where the engine fails."""
        return _called(f"step of {self.name}", self.engine.step, state)

    def pushed(self, state: Any, impulse: Floats) -> Any:
        """The state after an impulse, in the engine's own way where it is an Engine."""
        own = self.engine.pushed if isinstance(self.engine, Engine) else super().pushed
        return _called(f"pushed of {self.name}", own, state, impulse)

    def moved(self, state: Any, scene: Scene) -> Any:
        """The state with its bodies elsewhere, in the engine's own way where it is an Engine."""
        own = self.engine.moved if isinstance(self.engine, Engine) else super().moved
        return _called(f"moved of {self.name}", own, state, scene)

    def altered(self, state: Any, scene: Scene, kept: Sequence[int]) -> Any:
        """The state of another scene in its place, in the engine's own way where it is an Engine."""
        own = self.engine.altered if isinstance(self.engine, Engine) else super().altered
        return _called(f"altered of {self.name}", own, state, scene, kept)

    def driven(self, state: Any, force: Floats, torque: Floats) -> Any:
        """The state one dt later under forces and torques, in the engine's own way where it is an Engine."""
        own = self.engine.driven if isinstance(self.engine, Engine) else super().driven
        return _called(f"driven of {self.name}", own, state, force, torque)

    def restarted(self, state: Any, fresh: Mapping[int, Scene]) -> Any:
        """The state with fresh scenes in it, in the engine's own way where it is an Engine."""
        own = self.engine.restarted if isinstance(self.engine, Engine) else super().restarted
        return _called(f"restarted of {self.name}", own, state, fresh)


def find_engine(name: str, world: World) -> GuestEngine:
    """Make the engine of path/to/file.py:Engine or module:Engine, a class or function that gives one.

    It is called with the world where it has a parameter that must be given or is named `world`, else with nothing.

    Raises: PhysimError where there is no such code, or what it gives is no engine.
    """
    place, separator, attribute = name.rpartition(":")
    if not separator or not place or not attribute:
        raise PhysimError(f"engine is {name!r}, wanted path/to/file.py:Engine or module:Engine")
    if place.endswith(".py"):
        found = object_in_file(Path(place), attribute, "engine")
    else:
        found = object_in_module(place, attribute, "engine")
    if not callable(found):
        raise PhysimError(f"engine {name} is a {type(found).__name__}, wanted a class or function that gives an engine")
    made = _called(name, found, *([world] if _takes_world(found, name) else []))
    check_signature(made)
    return GuestEngine(made, name)


def _takes_world(maker: Callable[..., Any], name: str) -> bool:
    parameters = inspect.signature(maker).parameters.values()
    needed = [item for item in parameters if item.default is item.empty and item.kind in POSITIONAL]
    if len(needed) > 1:
        listed = ", ".join(item.name for item in needed)
        raise PhysimError(f"engine {name} wants the arguments {listed}, wanted at most one, which is given the world")
    return bool(needed) or any(item.name == "world" and item.kind in POSITIONAL for item in parameters)


def _called(what: str, code: Callable[..., Made], *arguments: Any) -> Made:
    """Call a user's code; what it raises becomes one sentence."""
    try:
        return code(*arguments)
    except PhysimError:
        raise
    except Exception as error:
        raise PhysimError(f"{what} raised {type(error).__name__}: {error}") from error
