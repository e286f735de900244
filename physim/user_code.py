"""Objects from a user's own files."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import linecache
import sys
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from physim.errors import PhysimError


def object_in_file(path: Path, attribute: str, kind: str) -> Any:
    """What stands under a name in a file, which is run once a process; `kind` says what is looked for: a world, say."""
    return _attribute(module_of(path, kind), attribute, str(path), kind)


def object_in_module(name: str, attribute: str, kind: str) -> Any:
    """What stands under a name in an installed module."""
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise PhysimError(f"{kind} {name}:{attribute} cannot be loaded: {error}") from error
    return _attribute(module, attribute, name, kind)


def module_of(path: Path, kind: str = "world") -> ModuleType:
    """Run a file once a process, under a name of its own."""
    full = path.resolve()
    if not full.is_file():
        raise PhysimError(f"there is no file {path}, wanted path/to/file.py:{kind}")
    name = _name_of(full)
    spec = importlib.util.spec_from_file_location(name, full)
    assert spec is not None
    return _run(spec)


def module_of_text(path: Path, text: str) -> ModuleType:
    """Run what stood in a file elsewhere once a process, as `module_of` there does; no file is read."""
    name = _name_of(path)
    # where inspect finds the lines, and with them the identity of a world; without a time they are never read anew
    linecache.cache[str(path)] = len(text), None, text.splitlines(keepends=True), str(path)
    return _run(ModuleSpec(name, _TextLoader(path, text), origin=str(path)))


class _TextLoader(Loader):
    """Runs a text as a module."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text = path, text

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.path)
        exec(compile(self.text, self.path, "exec"), vars(module))


def _name_of(full: Path) -> str:
    return f"physim_user_{full.stem}_{hashlib.sha256(str(full).encode()).hexdigest()[:12]}"


def _run(spec: ModuleSpec) -> ModuleType:
    if spec.name in sys.modules:
        return sys.modules[spec.name]
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name]
        raise PhysimError(f"{spec.origin} cannot be run: {type(error).__name__}: {error}") from error
    return module


def _attribute(module: ModuleType, attribute: str, where: str, kind: str) -> Any:
    try:
        return getattr(module, attribute)
    except AttributeError:
        made_here = [
            key for key, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__
        ]
        listed = ", ".join(made_here) or "none"
        raise PhysimError(f"{where} has no {kind} {attribute!r}: it defines {listed}") from None
