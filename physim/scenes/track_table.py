"""Positions over time from a CSV file: one object at one instant a line."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from typing import final

import numpy as np

from physim.arrays import Floats, Integers
from physim.checks import check_positive
from physim.errors import PhysimError
from physim.scenes.tracks import Recording, check_attribute

ROLES = {
    "time": ("time", "t", "seconds"),
    "frame": ("frame", "frame_number", "frame_id"),
    "object": ("object", "object_id", "track", "track_id", "particle", "id"),
    "x": ("x", "pos_x", "x_center", "center_x"),
    "y": ("y", "pos_y", "y_center", "center_y"),
    "scene": ("scene", "video"),
    "angle": ("angle",),
}
"""What columns say, and the names by which trackers know them; every other column is an attribute of the object."""
_NOTHING = ("", "nan", "na", "null")


@final
@dataclass(frozen=True)
class _Table:
    """The rows of a file by scene, object and instant, whatever their order was.

    Shapes: scene, object, time, line [R]; numbers [R, 3]: x, y and angle; attributes [R] each.
    """

    scene: Sequence[str]
    object: Sequence[str]
    time: Floats
    line: Integers
    numbers: Floats
    attributes: dict[str, Floats]


def read_csv(file: Path, frames_per_second: float | None) -> tuple[list[Recording], int]:
    """The recordings of a file in the order of their scenes' names, and how many rows it has."""
    check_positive(fps=frames_per_second)
    try:
        with file.open(newline="", encoding="utf-8-sig") as text:
            table = _table(file, list(csv.reader(text)), frames_per_second)
    except (UnicodeDecodeError, csv.Error) as error:
        raise PhysimError(f"{file} is no CSV file in UTF-8: {error}") from None
    names = sorted(set(table.scene), key=_by_name)
    return [_recording(file, table, name) for name in names], len(table.line)


def _table(file: Path, lines: list[list[str]], frames_per_second: float | None) -> _Table:
    header = [name.strip().lower() for name in lines[0]] if lines else []
    places = _places(file, header, frames_per_second)
    used = set(places.values()) | {header.index(name) for name in ROLES["frame"] if name in header}
    others = {name: place for place, name in enumerate(header) if place not in used}
    rows = [(number, cells) for number, cells in enumerate(lines[1:], start=2) if cells]
    for number, cells in rows:
        if len(cells) != len(header):
            raise PhysimError(f"{file} line {number} has {len(cells)} cells, wanted {len(header)} as in the header")
    if not rows:
        raise PhysimError(f"{file} has a header and no rows, wanted one row for each object and instant")

    def column(name: str, place: int, unseen: bool = False) -> Floats:
        return np.array([_number(file, number, name, cells[place], unseen) for number, cells in rows])

    if "time" in places:
        time = column("time", places["time"])
    else:
        time = _whole(file, rows, column("frame", places["frame"])) / (frames_per_second or nan)
    nothing = np.zeros(len(rows))
    numbers = [column(name, places[name], unseen=True) if name in places else nothing for name in ("x", "y", "angle")]
    return _Table(
        scene=[cells[places["scene"]].strip() if "scene" in places else "" for _, cells in rows],
        object=[_name(file, number, cells[places["object"]]) for number, cells in rows],
        time=time,
        line=np.array([number for number, _ in rows]),
        numbers=np.stack(numbers, axis=1),
        attributes={name: column(name, place) for name, place in others.items()},
    )


def _places(file: Path, header: list[str], frames_per_second: float | None) -> dict[str, int]:
    """Where the roles stand in the header; where a file has times, its frames say nothing."""
    found = {role: [name for name in header if name in names] for role, names in ROLES.items()}
    for role, names in found.items():
        if len(names) > 1:
            raise PhysimError(f"{file} line 1: the columns {' and '.join(names)} could both be {role}: leave one")
    for name in header:
        if not name or header.count(name) > 1:
            raise PhysimError(f"{file} line 1: '{name}' is no name of one column: got {', '.join(header)}")
    for role in ("object", "x", "y", *(() if found["frame"] else ("time",))):
        if not found[role]:
            wanted = "time, or frame" if role == "time" else role
            got = ", ".join(header) or "nothing"
            raise PhysimError(f"{file} line 1: there is no column {wanted}: wanted time, object, x and y, got {got}")
    if found["time"]:
        found["frame"] = []
        if frames_per_second is not None:
            raise PhysimError(f"{file} has times of its own: --fps is for files with frame numbers alone")
    elif frames_per_second is None:
        raise PhysimError(f"{file} has frame numbers and no times: say with --fps how many frames a second has")
    return {role: header.index(names[0]) for role, names in found.items() if names}


def _number(file: Path, line: int, name: str, text: str, unseen: bool) -> float:
    """The number in a cell; with `unseen`, a cell may be empty."""
    if unseen and text.strip().lower() in _NOTHING:
        return nan
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise PhysimError(f"{file} line {line}: {name} is '{text.strip()}', wanted a finite number")
    return value


def _whole(file: Path, rows: Sequence[tuple[int, list[str]]], frames: Floats) -> Floats:
    for (line, _), frame in zip(rows, frames, strict=True):
        if frame != round(frame):
            raise PhysimError(f"{file} line {line}: frame is {frame:g}, wanted a whole number")
    return frames


def _name(file: Path, line: int, text: str) -> str:
    if not text.strip():
        raise PhysimError(f"{file} line {line}: object is empty, wanted a name or number")
    return text.strip()


def _recording(file: Path, table: _Table, scene: str) -> Recording:
    """One scene: instants in time, objects by name."""
    rows = np.array([row for row, name in enumerate(table.scene) if name == scene])
    objects = sorted({table.object[row] for row in rows}, key=_by_name)
    times, instants = np.unique(table.time[rows], return_inverse=True)
    numbers = np.full((len(times), len(objects), 3), nan)
    line_of = np.zeros((len(times), len(objects)), dtype=np.int64)
    place = {name: number for number, name in enumerate(objects)}
    for row, instant in zip(rows, instants, strict=True):
        at = instant, place[table.object[row]]
        if line_of[at]:
            lines = f"{line_of[at]} and {table.line[row]}"
            raise PhysimError(f"{file} lines {lines}: object {table.object[row]} stands twice at {times[instant]:g} s")
        line_of[at], numbers[at] = table.line[row], table.numbers[row]
    places = [f"line {lines[lines > 0].min()}" for lines in line_of]
    owner = np.array([place[table.object[row]] for row in rows])
    attributes = {name: _constant(file, table, name, rows, owner) for name in sorted(table.attributes)}
    return Recording(scene, times, numbers[..., :2], numbers[..., 2], attributes, places)


def _constant(file: Path, table: _Table, name: str, rows: Integers, owner: Integers) -> Floats:
    """An attribute of each object [N]; refused where it changes."""
    _, first = np.unique(owner, return_index=True)
    values = table.attributes[name][rows]
    for row in np.flatnonzero(values != values[first][owner]):
        before = rows[first[owner[row]]]
        lines = sorted([(int(table.line[at]), float(table.attributes[name][at])) for at in (before, rows[row])])
        said = " and ".join(f"{value:g} in line {line}" for line, value in lines)
        raise PhysimError(
            f"{file}: {name} of object {table.object[before]} is {said}, wanted the same at all times: "
            "leave the column out if it says nothing about the object itself"
        )
    check_attribute(str(file), name, values[first])
    return values[first]


def _by_name(name: str) -> tuple[bool, float, str]:
    """Numbers in their order, then words."""
    try:
        return False, float(name), name
    except ValueError:
        return True, 0.0, name
