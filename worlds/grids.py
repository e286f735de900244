"""Small worlds that are solved exactly: grids, rooms, and problems drawn by chance."""

from __future__ import annotations

from collections.abc import Collection

import networkx as nx
import numpy as np

from physim.checks import check_positive
from physim.errors import PhysimError
from physim.problems import Problem

Cell = tuple[int, int]
MOVES = ((0, -1), (1, 0), (0, 1), (-1, 0))
"""Up, right, down and left: columns and rows."""


def grid(
    width: int = 6, height: int = 4, walls: Collection[Cell] = (), slip: float = 0.0, discount: float = 0.95
) -> Problem:
    """A grid: from the upper left corner to the lower right, which pays 1 and ends it (arXiv:1611.01626, section 4.4).

    Cells are (column, row). Who runs into a wall stays. With a chance of `slip` one goes anywhere instead.
    Raises: PhysimError where a wall stands at the start or the end, or there is no way.
    """
    check_positive(width=width, height=height)
    if not 0 <= slip <= 1:
        raise PhysimError(f"slip is {slip}, wanted from 0 to 1")
    cells = [(x, y) for y in range(height) for x in range(width) if (x, y) not in set(walls)]
    first, last = (0, 0), (width - 1, height - 1)
    graph = nx.grid_2d_graph(width, height).subgraph(cells)
    if first not in graph or last not in graph or not nx.has_path(graph, first, last):
        raise PhysimError(f"walls are {sorted(walls)}, wanted a way from {first} to {last}")
    number = {cell: place for place, cell in enumerate(cells)}
    goes = np.zeros((len(cells), len(MOVES), len(cells)))
    for (x, y), place in number.items():
        for action, (right, down) in enumerate(MOVES):
            goes[place, action, number.get((x + right, y + down), place)] = 1
    chances = (1 - slip) * goes + slip * goes.mean(1, keepdims=True)
    ends, start = np.zeros(len(cells), np.bool_), np.zeros(len(cells))
    ends[number[last]], start[number[first]] = True, 1
    return Problem(chances, chances[:, :, number[last]] * ~ends[:, None], ends, start, discount)


def four_rooms(slip: float = 0.1, discount: float = 0.97) -> Problem:
    """Four rooms of 4 x 4 with a door between neighbours."""
    doors = {(4, 2), (4, 6), (2, 4), (6, 4)}
    walls = {(4, k) for k in range(9)} | {(k, 4) for k in range(9)}
    return grid(9, 9, walls - doors, slip, discount)


def drawn(seed: int, states: int = 8, actions: int = 3, discount: float = 0.9) -> Problem:
    """A problem by chance: next states and rewards are drawn, and no state ends it."""
    check_positive(states=states, actions=actions)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    chances = rng.dirichlet(np.full(states, 0.5), (states, actions))
    rewards = rng.normal(size=(states, actions))
    return Problem(chances, rewards, np.zeros(states, np.bool_), np.full(states, 1 / states), discount)
