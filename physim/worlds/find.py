"""Worlds by name or by path."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Any

from physim import plugins
from physim.errors import PhysimError
from physim.worlds.base import World
from physim.worlds.function import FunctionWorld, world_of


def find_world(name: str, parameters: Mapping[str, Any] | None = None) -> World:
    """Build a registered world, or path/to/file.py:function, with its parameters (and dt, substeps) by name.

    Raises: PhysimError listing the known names where a world or a parameter is unknown.
    """
    builder = world_builder(name)
    given = dict(parameters or {})
    known = [item.name for item in fields(builder)]
    for parameter in given:
        if parameter not in known:
            raise PhysimError(f"unknown parameter {parameter!r} of world {name}: the known ones are {', '.join(known)}")
    return builder(**given)


def world_builder(name: str) -> type[World]:
    """The class of a registered world or of path/to/file.py:name, where name is a function or a World class."""
    path, separator, attribute = name.rpartition(":")
    if separator and path.endswith(".py"):
        found = _from_file(Path(path), attribute)
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
            module = _module(Path(self.file))
        found = getattr(module, self.attribute)
        return _class_of(found, self.attribute)(**self.values)


def _class_of(found: Any, name: str) -> type[World]:
    if inspect.isclass(found) and issubclass(found, World):
        return found
    if inspect.isfunction(found):
        return world_of(found)
    raise PhysimError(
        f"world {name} is a {type(found).__name__}, wanted a function that fills a Space or a World class"
    )


def _from_file(path: Path, attribute: str) -> Any:
    module = _module(path)
    try:
        return getattr(module, attribute)
    except AttributeError:
        made_here = [
            key for key, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__
        ]
        raise PhysimError(f"{path} has no world {attribute!r}: it defines {', '.join(made_here) or 'none'}") from None


def _module(path: Path) -> ModuleType:
    """Run a file once a process, under a name of its own."""
    full = path.resolve()
    if not full.is_file():
        raise PhysimError(f"there is no file {path}, wanted path/to/file.py:function")
    name = f"physim_user_{full.stem}_{hashlib.sha256(str(full).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, full)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise PhysimError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    return module
