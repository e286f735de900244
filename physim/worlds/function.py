"""Worlds from plain functions that fill a Space."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from typing import Any, ClassVar, get_type_hints

import numpy as np
import pymunk

from physim.checks import check_positive
from physim.errors import PhysimError
from physim.worlds.base import World
from physim.worlds.source import source_of

Function = Callable[..., pymunk.Space]
DT, SUBSTEPS = 1 / 60, 10
TAKES_RNG = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, kw_only=True)
class FunctionWorld(World):
    """A world whose Space comes from a user's function; each function makes a dataclass of its own out of this."""

    function: ClassVar[Function]
    unit: ClassVar[str] = ""

    def space(self, rng: np.random.Generator) -> pymunk.Space:
        """Call the function with the generator and the world's parameters."""
        try:
            space = type(self).function(rng, **self.parameters)
        except PhysimError:
            raise
        except Exception as error:
            raise PhysimError(f"the function {self.name} raised {type(error).__name__}: {error}") from error
        if not isinstance(space, pymunk.Space):
            raise PhysimError(f"the function {self.name} returned {type(space).__name__}, wanted a pymunk.Space")
        return space

    @property
    def name(self) -> str:
        """The function's name."""
        return type(self).function.__name__

    @property
    def source(self) -> str:
        """The text of the function and of what it uses, or "" where it has no file."""
        return source_of(type(self).function)


def world(dt: float = DT, substeps: int = SUBSTEPS) -> Callable[[Function], type[FunctionWorld]]:
    """Make a world of a function `f(rng, **parameters) -> pymunk.Space`; its keyword parameters become the world's.

    Raises: PhysimError where the function does not take `rng` first, or a parameter has no default or the name of a
    field that every world has.
    """

    def decorate(function: Function) -> type[FunctionWorld]:
        return world_of(function, dt, substeps)

    return decorate


def world_of(function: Function, dt: float = DT, substeps: int = SUBSTEPS) -> type[FunctionWorld]:
    """The world class of a function; see `world`."""
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].kind not in TAKES_RNG or parameters[0].default is not inspect.Parameter.empty:
        raise PhysimError(f"a world function takes rng first, got {function.__name__}{inspect.signature(function)}")
    fields = [_field(function, parameter) for parameter in parameters[1:]]
    fields += [("dt", float, field(default=dt)), ("substeps", int, field(default=substeps))]
    namespace = {
        "function": staticmethod(function),
        "__module__": function.__module__,
        "__doc__": function.__doc__ or "",
    }
    made = make_dataclass(
        function.__name__, fields, bases=(FunctionWorld,), namespace=namespace, frozen=True, kw_only=True
    )
    made.__qualname__ = function.__qualname__
    check_positive(dt=dt, substeps=substeps)
    return made


def _field(function: Function, parameter: inspect.Parameter) -> tuple[str, Any, Any]:
    name = parameter.name
    if parameter.default is parameter.empty:
        raise PhysimError(f"parameter {name} of world {function.__name__} needs a default value")
    if name in ("dt", "substeps") or name in dir(World):
        raise PhysimError(
            f"parameter {name} of world {function.__name__} has the name of a field of every world: rename it"
        )
    return name, get_type_hints(function).get(name, type(parameter.default)), field(default=parameter.default)
