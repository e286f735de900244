"""Where doors, keys, blocks and obstacles stand in a maze, so that every cell can still be reached."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np

from physim.errors import PhysimError
from worlds.maze.layout import Cell, Layout
from worlds.maze.topology import Topology


def furnished(layout: Layout, counts: dict[str, int], rng: np.random.Generator) -> Layout:
    """The layout with so many things of each symbol: doors (D), keys (K), blocks (B) and obstacles (O).

    Doors stand in straight corridors; with a key, where the maze falls in two without them, and the key lies in the
    larger part. Blocks part nothing, even all together; obstacles move where there is room beside them.

    Raises: PhysimError where there is no room.
    """
    graph = Topology(layout).graph.copy()
    things: dict[Cell, str] = {}
    locked = counts["K"] > 0
    straight = [cell for cell in layout.free if _is_straight(layout, cell)]
    parting = set(nx.articulation_points(graph)) if locked else set()
    doors = [cell for cell in straight if cell in parting or not locked]
    for cell in _chosen(doors, counts["D"], "doors", rng):
        things[cell] = "D"
    if locked:
        graph.remove_nodes_from(list(things))
        near = max(nx.connected_components(graph), key=len)
        for cell in _chosen(sorted(near), counts["K"], "keys", rng):
            things[cell] = "K"
    for _ in range(counts["B"]):
        spare = set(graph) - set(nx.articulation_points(graph)) - set(things) - set(straight)
        if not spare:
            placed = list(things.values()).count("B")
            raise PhysimError(f"blocks: got {counts['B']}, but this maze has room for {placed}")
        cell = sorted(spare)[int(rng.integers(len(spare)))]
        things[cell] = "B"
        graph.remove_node(cell)
    wide = [cell for cell in layout.free if _is_wide(layout, cell) and cell not in things]
    for cell in _chosen(wide, counts["O"], "obstacles", rng):
        things[cell] = "O"
    return layout.with_things(things)


def with_alcoves(layout: Layout) -> Layout:
    """An I-maze whose goals are its dead ends, and whose starts lie along its corridor, with an apple between any two.

    The corridor is what does not branch between the two junctions (arXiv:1611.03673, section 4.1).
    """
    topology = Topology(layout)
    ends = [(x, y) for y, x in np.argwhere(topology.dead_ends).tolist()]
    (ay, ax), (by, bx) = np.argwhere(topology.junctions).tolist()
    corridor = topology.path((ax, ay), (bx, by))[1:-1]
    starts = {cell: "A" if place % 2 else "P" for place, cell in enumerate(corridor)}
    return layout.with_things(dict.fromkeys(ends, "G") | starts)


def _chosen(cells: Sequence[Cell], count: int, name: str, rng: np.random.Generator) -> list[Cell]:
    if count > len(cells):
        raise PhysimError(f"{name}: got {count}, but this maze has room for {len(cells)}")
    return [cells[place] for place in rng.choice(len(cells), count, replace=False).tolist()]


def _is_straight(layout: Layout, cell: Cell) -> bool:
    """Whether a cell is part of a corridor that neither bends nor branches there."""
    x, y = cell
    walls = layout.walls
    aside, along = (walls[y, x - 1], walls[y, x + 1]), (walls[y - 1, x], walls[y + 1, x])
    return (all(aside) and not any(along)) or (all(along) and not any(aside))


def _is_wide(layout: Layout, cell: Cell) -> bool:
    """Whether most of the cells around are free."""
    x, y = cell
    return int(layout.walls[y - 1 : y + 2, x - 1 : x + 2].sum()) <= 3
