"""Worlds by name or by path."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from physim import plugins
from physim.errors import PhysimError
from physim.user_code import module_of, object_in_file
from physim.worlds.base import World
from physim.worlds.function import Function, FunctionWorld, world_of

WorldSource = World | type[World] | Function | str
"""A world, or what gives one: its class, a function that fills a Space, a registered name, path/to/file.py:name."""


def find_world(name: str, parameters: Mapping[str, Any] | None = None) -> World:
    """Build a registered world, or path/to/file.py:function, with its parameters (and dt, substeps) by name.

    Raises: PhysimError listing the known names where a world or a parameter is unknown.
    """
    return _built(world_builder(name), name, dict(parameters or {}))


def world_from(source: WorldSource, parameters: Mapping[str, Any]) -> World:
    """The world that a name, a class or a function gives with its parameters; one that is built already takes none.

    Raises: PhysimError as `find_world`.
    """
    if isinstance(source, str):
        return find_world(source, parameters)
    if isinstance(source, World):
        if parameters:
            raise PhysimError(f"the world {source.name} is built already, got {', '.join(parameters)} too")
        return source
    name = getattr(source, "__name__", str(source))
    return _built(_class_of(source, name), name, parameters)


def world_builder(name: str) -> type[World]:
    """The class of a registered world or of path/to/file.py:name, where name is a function or a World class."""
    path, separator, attribute = name.rpartition(":")
    if separator and path.endswith(".py"):
        found = object_in_file(Path(path), attribute, "world")
    else:
        found = plugins.load(plugins.WORLDS, name)
    return _class_of(found, name)


@dataclass(frozen=True)
class Recipe:
    """How another process builds the same world anew, be it from an installed module or a user's file."""

    module: str
    file: str
    attribute: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, world: World) -> Recipe:
        """The recipe of a world; raises PhysimError where its code stands in no file."""
        kind = type(world)
        code = kind.function if issubclass(kind, FunctionWorld) else kind
        try:
            file = inspect.getsourcefile(code)
        except TypeError:
            file = None
        if file is None:
            raise PhysimError(f"world {world.name} stands in no file that a second process could run: use workers=1")
        values = {item.name: getattr(world, item.name) for item in fields(world)}
        return cls(kind.__module__, file, kind.__qualname__, values)

    def build(self) -> World:
        """The world."""
        try:
            module = importlib.import_module(self.module)
        except ModuleNotFoundError:
            module = module_of(Path(self.file))
        found = getattr(module, self.attribute)
        return _class_of(found, self.attribute)(**self.values)


def _built(builder: type[World], name: str, given: Mapping[str, Any]) -> World:
    known = [item.name for item in fields(builder)]
    for parameter in given:
        if parameter not in known:
            raise PhysimError(f"unknown parameter {parameter!r} of world {name}: the known ones are {', '.join(known)}")
    return builder(**given)


def _class_of(found: Any, name: str) -> type[World]:
    if inspect.isclass(found) and issubclass(found, World):
        return found
    if inspect.isfunction(found):
        return world_of(found)
    raise PhysimError(
        f"world {name} is a {type(found).__name__}, wanted a function that fills a Space or a World class"
    )
