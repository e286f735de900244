"""The text that a world's law is written in, by which data and weights know the world that made them."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from importlib.util import resolve_name
from typing import Any

Place = tuple[str, str]
"""A module's name, and a name at its top level."""


def source_of(*things: type | Callable[..., Any]) -> str:
    """The text of classes or functions and of what they use of their own package: functions, classes, constants.

    Names in modules that are used as a whole (`module.name`) are not followed. "" where one has no file.
    """
    try:
        texts = [textwrap.dedent(inspect.getsource(thing)) for thing in things]
        for text in texts:
            ast.parse(text)  # what is indented in an odd way is nothing that could be read alone
    except (OSError, TypeError, SyntaxError):
        return ""
    found = {(thing.__module__, thing.__name__): text for thing, text in zip(things, texts, strict=True)}
    waiting = [place for (module, _), text in found.items() for place in _used(module, text)]
    while waiting:
        place = waiting.pop()
        if place not in found:
            module, name = place
            found[place] = _contents(module)[0][name]
            waiting += _used(module, found[place])
    return "\n".join(dict.fromkeys(found[place] for place in sorted(found)))


def _used(module: str, text: str) -> Iterator[Place]:
    """Where the names in a text of a module are defined, as far as that is in the module's package."""
    package = module.partition(".")[0]
    for name in sorted({node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}):
        home, own_name = _contents(module)[1].get(name, (module, name))
        if home.partition(".")[0] == package and own_name in _contents(home)[0]:
            yield home, own_name


@lru_cache(maxsize=64)
def _contents(module: str) -> tuple[dict[str, str], dict[str, Place]]:
    """The text of what a module defines at its top level, and where it imports names from."""
    try:
        text = inspect.getsource(sys.modules[module])
    except (KeyError, OSError, TypeError):
        return {}, {}
    defined: dict[str, str] = {}
    imported: dict[str, Place] = {}
    for node in _statements(ast.parse(text).body):
        if isinstance(node, ast.ImportFrom):
            home = resolve_name("." * node.level + (node.module or ""), sys.modules[module].__package__)
            imported |= {alias.asname or alias.name: (home, alias.name) for alias in node.names}
        for name in _names(node):
            defined[name] = defined.get(name, "") + _text(text, node)
    return defined, imported


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements at the top level of a module, and those under its conditions."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            handlers = [statement for handler in getattr(node, "handlers", ()) for statement in handler.body]
            yield from _statements([*node.body, *handlers, *node.orelse, *getattr(node, "finalbody", ())])


def _text(text: str, node: ast.stmt) -> str:
    """The lines of a statement, from its first decorator on."""
    first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", ()))])
    return textwrap.dedent("".join(f"{line}\n" for line in text.splitlines()[first - 1 : node.end_lineno]))


def _names(node: ast.stmt) -> list[str]:
    """What a statement at the top level of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
