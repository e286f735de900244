"""The ways through a maze: how far and along which cells, where they part, end and close."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeVar, final

import networkx as nx
import numpy as np
import numpy.typing as npt
from scipy.sparse import csgraph, csr_array

from physim.arrays import Integers, Truths
from physim.errors import PhysimError
from worlds.maze.layout import Cell, Layout

Number = TypeVar("Number", bound=np.generic)


@final
class Topology:
    """The ways through a layout: from each free cell one step leads left, right, up or down, whatever stands there.

    All arrays are read-only, [H, W], and indexed [y, x].
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._distances: dict[Cell, npt.NDArray[np.int32]] = {}

    @cached_property
    def graph(self) -> nx.Graph:
        """The free cells, sorted, and an edge for each step."""
        graph = nx.Graph()
        free = self.layout.free
        graph.add_nodes_from(free)
        graph.add_edges_from((free[one], free[other]) for one, other in self._touching.tolist())
        return graph

    def distances(self, cell: Cell) -> npt.NDArray[np.int32]:
        """The least number of steps from a free cell [H, W], -1 where no way leads; raises PhysimError for others."""
        if cell not in self._distances:
            self._check(cell)
            steps = csgraph.dijkstra(self._matrix, unweighted=True, indices=[self.layout.free.index(cell)])[0]
            self._distances[cell] = self._laid_out(np.where(np.isinf(steps), -1, steps).astype(np.int32), -1)
        return self._distances[cell]

    def path(self, start: Cell, goal: Cell) -> tuple[Cell, ...]:
        """A shortest way, both ends included; raises PhysimError where there is none."""
        self._check(start)
        steps = self.distances(goal)
        if steps[start[::-1]] < 0:
            raise PhysimError(f"goal: got {goal}, wanted a cell to which a way leads from {start}")
        way = [start]
        while way[-1] != goal:
            way.append(min(self.graph[way[-1]], key=lambda near: steps[near[::-1]]))
        return tuple(way)

    @cached_property
    def junctions(self) -> Truths:
        """Which cells [H, W] have three free neighbours or four."""
        return self._laid_out(self._degrees >= 3, False)

    @cached_property
    def dead_ends(self) -> Truths:
        """Which cells [H, W] have one free neighbour."""
        return self._laid_out(self._degrees == 1, False)

    @cached_property
    def cycles(self) -> int:
        """How many steps are more than what it takes to reach all that can be reached: the cyclomatic number."""
        graph = self.graph
        return int(graph.number_of_edges() - len(graph) + nx.number_connected_components(graph))

    @cached_property
    def spare(self) -> tuple[Cell, ...]:
        """The free cells without which all others reach each other as before, sorted."""
        parting = set(nx.articulation_points(self.graph))
        return tuple(cell for cell in self.layout.free if cell not in parting)

    @cached_property
    def _touching(self) -> Integers:
        """The numbers of free cells that touch [E, 2], each two once."""
        numbers = self._laid_out(np.arange(len(self.layout.free)), -1)
        aside = np.stack([numbers[:, :-1], numbers[:, 1:]], axis=-1)
        along = np.stack([numbers[:-1], numbers[1:]], axis=-1)
        both = np.concatenate([aside.reshape(-1, 2), along.reshape(-1, 2)])
        return both[(both >= 0).all(axis=1)]

    @cached_property
    def _matrix(self) -> Any:
        """The graph for scipy, whose search is several times quicker than one by hand."""
        ones, others = np.concatenate([self._touching, self._touching[:, ::-1]]).T
        count = len(self.layout.free)
        return csr_array((np.ones(len(ones)), (ones, others)), shape=(count, count))

    @cached_property
    def _degrees(self) -> Integers:
        return np.array([degree for _, degree in self.graph.degree], np.int64)

    def _laid_out(self, values: npt.NDArray[Number], elsewhere: object) -> npt.NDArray[Number]:
        """Values of the free cells, sorted, in their places [H, W]."""
        laid = np.full(self.layout.shape, elsewhere, values.dtype)
        laid.T[~self.layout.walls.T] = values
        laid.setflags(write=False)
        return laid

    def _check(self, cell: Cell) -> None:
        if cell not in self.layout.free:
            raise PhysimError(f"cell: got {cell}, a wall or outside, wanted a free one")
