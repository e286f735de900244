"""Mazes on a grid: which cells are walls, and what stands in the free ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from textwrap import dedent
from types import MappingProxyType
from typing import Self, final

import networkx as nx
import numpy as np
from scipy import ndimage

from physim.arrays import Truths
from physim.errors import PhysimError

Cell = tuple[int, int]
"""(x, y), both counted from 0, x to the right and y upwards; each cell is a square metre."""
FRUIT = {"A": "apple", "S": "strawberry", "L": "lemon"}
THINGS = {"P": "start", "G": "goal", "D": "door", "K": "key", "B": "block", "O": "obstacle"} | FRUIT
SYMBOLS = {"#": "wall", " ": "free", ".": "free"} | THINGS
"""What a symbol stands for."""


def middle(cell: Cell) -> tuple[float, float]:
    """The middle of a cell (m)."""
    return cell[0] + 0.5, cell[1] + 0.5


def cell_of(x: float, y: float) -> Cell:
    """The cell of a place (m)."""
    return math.floor(x), math.floor(y)


@final
@dataclass(frozen=True, eq=False)
class Layout:
    """Walls [H, W], indexed [y, x] from the lower left, and the symbols of the things in free cells, sorted by cell.

    Raises: PhysimError where the border is not all wall, no cell is free, a thing is unknown or in no free cell, or a
    goal cannot be reached from a start, or without starts from a free cell.
    """

    walls: Truths
    things: Mapping[Cell, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "walls", _checked_walls(self.walls))
        object.__setattr__(self, "things", MappingProxyType(_checked_things(self.things, set(self.free))))
        self._check_goals()

    def __reduce__(self) -> tuple[type[Self], tuple[Truths, dict[Cell, str]]]:
        return type(self), (self.walls, dict(self.things))  # a mapping proxy cannot be pickled

    @classmethod
    def from_text(cls, text: str) -> Self:
        """A layout drawn in SYMBOLS, top row first; raises PhysimError for lines of other lengths or symbols."""
        lines = dedent("\n".join(text.splitlines())).strip("\n").split("\n")
        for number, line in enumerate(lines, 1):
            _check_line(number, line, len(lines[0]))
        things = {(x, y): each for y, row in enumerate(lines[::-1]) for x, each in enumerate(row) if each in THINGS}
        return cls(np.array([[symbol == "#" for symbol in row] for row in lines[::-1]], np.bool_), things)

    @classmethod
    def from_array(cls, walls: Truths) -> Self:
        """A layout without things, whose walls [H, W] are True."""
        return cls(walls, {})

    @classmethod
    def from_graph(cls, graph: nx.Graph) -> Self:
        """Node (column, row) becomes free cell (2 column + 1, 2 row + 1), an edge the one between; else PhysimError."""
        _check_graph(graph)
        opened = [*((node, node) for node in graph), *graph.edges()]
        cells = np.array([(a + c + 1, b + d + 1) for (a, b), (c, d) in opened], np.int64).reshape(-1, 2)
        walls = np.ones(cells.max(axis=0, initial=-1) + 2, np.bool_)
        walls[cells[:, 0], cells[:, 1]] = False
        return cls(walls.T, {})

    @property
    def shape(self) -> tuple[int, int]:
        """How high and wide it is: (H, W)."""
        return self.walls.shape[0], self.walls.shape[1]

    @cached_property
    def free(self) -> tuple[Cell, ...]:
        """All cells that are no walls, whatever stands in them, sorted."""
        return tuple((x, y) for x, y in np.argwhere(~self.walls.T).tolist())

    @property
    def text(self) -> str:
        """The layout as `from_text` reads it."""
        rows = [["#" if wall else " " for wall in row] for row in self.walls.tolist()]
        for (x, y), symbol in self.things.items():
            rows[y][x] = symbol
        return "\n".join("".join(row) for row in reversed(rows))

    def of(self, symbol: str) -> tuple[Cell, ...]:
        """The cells of things with this symbol, sorted."""
        return tuple(cell for cell, each in self.things.items() if each == symbol)

    def with_things(self, things: Mapping[Cell, str]) -> Layout:
        """The same with more things, each in the place of what stood in its cell."""
        return Layout(self.walls, {**self.things, **things})

    def _check_goals(self) -> None:
        parts, _ = ndimage.label(~self.walls)
        for goal in self.of("G"):
            for x, y in self.of("P") or self.free:
                if parts[y, x] != parts[goal[::-1]]:
                    raise PhysimError(f"things: got a goal in cell {goal}, wanted a way to it from cell {(x, y)}")


def _checked_walls(given: Truths) -> Truths:
    walls = np.array(given, order="C")
    gaps = walls == 0
    if walls.ndim != 2 or walls.dtype != np.bool_ or not gaps.any():
        raise PhysimError(f"walls: got {walls.dtype} {list(walls.shape)}, wanted bool [H, W] with a free cell")
    gaps[1:-1, 1:-1] = False
    for y, x in np.argwhere(gaps).tolist():
        raise PhysimError(f"walls: got the free cell {(x, y)} on the border, wanted walls all around")
    walls.setflags(write=False)
    return walls


def _checked_things(things: Mapping[Cell, str], free: set[Cell]) -> dict[Cell, str]:
    for cell, symbol in things.items():
        if symbol not in THINGS or cell not in free:
            raise PhysimError(f"things: got {symbol!r} in cell {cell}, wanted one of {list(THINGS)} in a free cell")
    return dict(sorted(things.items()))


def _check_line(number: int, line: str, length: int) -> None:
    if len(line) != length:
        raise PhysimError(f"layout line {number}: got {len(line)} symbols, wanted {length} as in line 1")
    for column, symbol in enumerate(line, 1):
        if symbol not in SYMBOLS:
            raise PhysimError(f"layout line {number}, column {column}: got {symbol!r}, wanted one of {list(SYMBOLS)}")


def _check_graph(graph: nx.Graph) -> None:
    for node in graph:
        if not (isinstance(node, tuple) and len(node) == 2 and all(isinstance(k, int) and k >= 0 for k in node)):
            raise PhysimError(f"graph: got the node {node!r}, wanted a pair (column, row) of whole numbers from 0 on")
    for one, other in graph.edges():
        if abs(one[0] - other[0]) + abs(one[1] - other[1]) != 1:
            raise PhysimError(f"graph: got an edge from {one} to {other}, wanted one between neighbours")
