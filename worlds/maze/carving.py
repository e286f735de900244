"""Mazes by chance: corridors along random trees with or without loops, rooms, and two layouts without chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import networkx as nx
import numpy as np

from physim.checks import check_positive
from physim.errors import PhysimError
from worlds.maze.layout import Layout

ROOM = 4
"""How far the walls between rooms are apart at the mean, in cells."""
Node = tuple[int, int]
"""(column, row), both counted from 0."""
Carver = Callable[[int, int, np.random.Generator], nx.Graph]
"""A spanning tree of the grid of so many columns and rows."""


def carve(kind: str, columns: int, rows: int, rng: np.random.Generator, braid: float = 0.0) -> Layout:
    """A maze of so many corridors or rooms side by side and one behind another; an I-maze has a size of its own.

    `braid` is the share of dead ends that are opened in corridors. Raises: PhysimError where the kind is unknown or a
    number out of range.
    """
    check_positive(columns=columns, rows=rows)
    _check_share(braid)
    if kind in TREES:
        return Layout.from_graph(braided(TREES[kind](columns, rows, rng), braid, rng))
    if kind == "rooms":
        return rooms(columns, rows, rng)
    if kind == "arena":
        return arena(2 * columns - 1, 2 * rows - 1)  # as large as corridors
    if kind == "i_maze":
        return i_maze()
    raise PhysimError(f"kind: got {kind!r}, wanted one of {', '.join(KINDS)}")


def depth_first(columns: int, rows: int, rng: np.random.Generator) -> nx.Graph:
    """A spanning tree of the grid along a walk that turns back only where it must: long, winding corridors."""
    grid = _grid(columns, rows)
    start = int(rng.integers(columns)), int(rng.integers(rows))
    return _tree(grid, nx.dfs_edges(grid, start, sort_neighbors=lambda near: sorted(near, key=lambda _: rng.random())))


def kruskal(columns: int, rows: int, rng: np.random.Generator) -> nx.Graph:
    """The spanning tree of least weight of the grid with random weights: many short dead ends."""
    grid = _grid(columns, rows)
    nx.set_edge_attributes(grid, {edge: rng.random() for edge in grid.edges()}, "weight")
    return _tree(grid, nx.minimum_spanning_edges(grid, algorithm="kruskal", data=False))


def wilson(columns: int, rows: int, rng: np.random.Generator) -> nx.Graph:
    """A spanning tree of the grid, each as likely as any other, by loop-erased random walks (Wilson 1996)."""
    grid = _grid(columns, rows)
    near = {node: list(grid[node]) for node in grid}
    onward: dict[Node, Node] = {}
    reached = {(columns // 2, rows // 2)}
    for start in grid:
        node = start
        while node not in reached:
            # a later way out of a node takes the place of an earlier one, which erases the loop between
            onward[node] = near[node][int(rng.random() * len(near[node]))]
            node = onward[node]
        node = start
        while node not in reached:
            reached.add(node)
            node = onward[node]
    return _tree(grid, onward.items())


def braided(graph: nx.Graph, share: float, rng: np.random.Generator) -> nx.Graph:
    """A copy with that share (0 to 1, else PhysimError) of dead ends opened to a neighbour, best to a dead end too."""
    _check_share(share)
    opened = graph.copy()
    ends = [node for node in graph if graph.degree[node] == 1]
    left = round(share * len(ends))
    for place in rng.permutation(len(ends)).tolist():
        node = ends[place]
        others = _parted(opened, node)
        if left > 0 and opened.degree[node] == 1 and others:
            others = [other for other in others if opened.degree[other] == 1] or others
            other = others[int(rng.integers(len(others)))]
            left -= 2 if opened.degree[other] == 1 else 1
            opened.add_edge(node, other)
    return opened


def rooms(columns: int, rows: int, rng: np.random.Generator) -> Layout:
    """Rooms of 2 to 4 cells by 2 to 4, each open to two others or more where it has as many neighbours."""
    ways = braided(wilson(columns, rows, rng), 1.0, rng)
    lines = _lines(columns, rng), _lines(rows, rng)
    walls = np.zeros((lines[0][-1] + 1, lines[1][-1] + 1), np.bool_)
    walls[lines[0], :] = walls[:, lines[1]] = True
    for low, high in map(sorted, ways.edges()):
        opening = [int(rng.integers(lines[axis][low[axis]] + 1, lines[axis][low[axis] + 1])) for axis in (0, 1)]
        across = 0 if low[0] < high[0] else 1
        opening[across] = lines[across][high[across]]
        walls[tuple(opening)] = False
    return Layout.from_array(walls.T)


def arena(width: int, height: int) -> Layout:
    """One room of so many cells, all free."""
    check_positive(width=width, height=height)
    return Layout.from_array(np.pad(np.zeros((height, width), np.bool_), 1, constant_values=True))


def i_maze() -> Layout:
    """A corridor, with a start in its middle, and two arms at each end: 4 alcoves."""
    corridor, arm = 45, 8  # which make 77 places, as in arXiv:1611.03673
    walls = np.ones((2 * arm + 3, corridor + 2), np.bool_)
    walls[arm + 1, 1:-1] = walls[1:-1, 1] = walls[1:-1, -2] = False
    return Layout(walls, {(corridor // 2 + 1, arm + 1): "P"})


TREES: dict[str, Carver] = {"depth_first": depth_first, "kruskal": kruskal, "wilson": wilson}
KINDS = (*TREES, "rooms", "arena", "i_maze")


def _grid(columns: int, rows: int) -> nx.Graph:
    check_positive(columns=columns, rows=rows)
    return nx.grid_2d_graph(columns, rows)


def _tree(grid: nx.Graph, edges: Iterable[tuple[Node, Node]]) -> nx.Graph:
    tree = nx.create_empty_copy(grid)
    tree.add_edges_from(edges)
    return tree


def _parted(graph: nx.Graph, node: Node) -> list[Node]:
    """The neighbours in the grid to which no edge leads."""
    column, row = node
    near = [(column - 1, row), (column + 1, row), (column, row - 1), (column, row + 1)]
    return [other for other in near if other in graph and not graph.has_edge(node, other)]


def _lines(count: int, rng: np.random.Generator) -> list[int]:
    """Where walls stand on both sides of so many rooms; those between two are a cell off by chance."""
    return [0, *(ROOM * np.arange(1, count) + rng.integers(2, size=count - 1)).tolist(), ROOM * count]


def _check_share(braid: float) -> None:
    if not 0 <= braid <= 1:
        raise PhysimError(f"braid, the share of dead ends that are opened, must be from 0 to 1, got {braid}")
