"""Worlds by name or by path."""

from __future__ import annotations

import importlib
import inspect
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from physim import plugins
from physim.errors import PhysimError
from physim.user_code import module_of_text, object_in_file
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
    """How another process, on any machine, builds the same world anew.

    Its code comes from an installed module, or else from `text`, that of the user's `file`, which need not be there.
    """

    module: str
    file: str
    text: str
    attribute: str
    values: Mapping[str, Any]
    metadata: Mapping[str, Any]

    @classmethod
    def of(cls, world: World) -> Recipe:
        """The recipe of a world; raises PhysimError where its code stands in no file."""
        kind = type(world)
        code = kind.function if issubclass(kind, FunctionWorld) else kind
        try:
            file = inspect.getsourcefile(code) or ""
            text = "".join(inspect.findsource(code)[0])
        except (TypeError, OSError):
            raise PhysimError(
                f"world {world.name} stands in no file that a second process could run: use workers=1"
            ) from None
        values = {item.name: getattr(world, item.name) for item in fields(world)}
        return cls(kind.__module__, file, text, kind.__qualname__, values, world.metadata)

    def build(self) -> World:
        """The world; raises PhysimError where this process finds other code of it, or none that runs."""
        world = _class_of(self._found(), self.attribute)(**self.values)
        if world.metadata != self.metadata:
            raise PhysimError(
                f"{socket.gethostname()} has other code of world {world.name} than the first process: install the same"
            )
        return world

    def _found(self) -> Any:
        try:
            return getattr(importlib.import_module(self.module), self.attribute)
        except (ModuleNotFoundError, AttributeError):  # a user's file, or a script that is the main one elsewhere
            return getattr(module_of_text(Path(self.file), self.text), self.attribute)


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
