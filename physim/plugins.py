"""What installed packages register: worlds, learners, builders, benches and data sets, found by their entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from physim.errors import PhysimError

WORLDS = "physim.worlds"
LEARNERS = "physim.learners"
BUILDERS = "physim.builders"
BENCHES = "physim.benches"
DATA = "physim.data"


def names(group: str) -> list[str]:
    """The names registered in one group, sorted."""
    return sorted({entry.name for entry in entry_points(group=group)})


def load(group: str, name: str) -> Any:
    """The object registered under a name, imported now; an unknown or broken one raises PhysimError."""
    entry = _entry(group, name)
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        raise PhysimError(f"{_kind(group)} {name} ({entry.value}) cannot be loaded: {error}") from error


def _entry(group: str, name: str) -> EntryPoint:
    """The one entry point of that name."""
    found = {entry.value: entry for entry in entry_points(group=group, name=name)}
    if not found:
        known = ", ".join(names(group)) or "none"
        raise PhysimError(f"unknown {_kind(group)} {name!r}: the known ones are {known}")
    if len(found) > 1:
        raise PhysimError(f"{_kind(group)} {name} is registered more than once: {', '.join(sorted(found))}")
    return next(iter(found.values()))


def _kind(group: str) -> str:
    """What one entry of a group is called: `physim.worlds` holds a `world`."""
    return {BENCHES: "bench", DATA: "data set"}.get(group, group.rpartition(".")[2].removesuffix("s"))
