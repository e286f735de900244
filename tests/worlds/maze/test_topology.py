from __future__ import annotations

import re
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.maze.carving import KINDS, carve
from worlds.maze.layout import Layout
from worlds.maze.topology import Topology

PARTED = """
    #########
    #   #   #
    # # ### #
    #       #
    #########
    # G     #
    #########
"""
"""Above a loop with two tails, one of which is around a corner; below a corridor apart."""
SOME = [(kind, seed) for kind in KINDS for seed in range(4)]


def carved(kind: str, seed: int) -> Topology:
    return Topology(carve(kind, 6, 5, np.random.default_rng(seed), 0.3))


def parted() -> Topology:
    return Topology(Layout.from_text(PARTED.replace("G", " ")))


@pytest.mark.parametrize(("kind", "seed"), SOME)
def test_the_graph_joins_cells_that_touch(kind: str, seed: int) -> None:
    topology = carved(kind, seed)
    free = set(topology.layout.free)
    assert list(topology.graph) == list(topology.layout.free)
    touching = {frozenset([(x, y), near]) for x, y in free for near in ((x + 1, y), (x, y + 1)) if near in free}
    assert {frozenset(edge) for edge in topology.graph.edges()} == touching


@pytest.mark.parametrize(("kind", "seed"), SOME)
def test_distances_are_networkxs(kind: str, seed: int) -> None:
    topology = carved(kind, seed)
    for cell in topology.layout.free[:: max(1, len(topology.layout.free) // 9)]:
        steps = np.full(topology.layout.shape, -1)
        for (x, y), length in nx.single_source_shortest_path_length(topology.graph, cell).items():
            steps[y, x] = length
        assert np.array_equal(topology.distances(cell), steps)


def test_distances_are_reckoned_once_and_kept_as_they_are() -> None:
    topology = parted()
    first = topology.distances((1, 1))
    assert first is topology.distances((1, 1))
    assert first.dtype == np.int32
    for array in (first, topology.junctions, topology.dead_ends):
        with pytest.raises(ValueError, match="read-only"):
            array[1, 1] = 0


def test_no_way_is_no_distance() -> None:
    steps = parted().distances((1, 1))
    assert steps[1].tolist() == [-1, 0, 1, 2, 3, 4, 5, 6, -1]
    assert (steps[2:] == -1).all()


@pytest.mark.parametrize(("kind", "seed"), SOME)
def test_a_path_is_a_shortest_way(kind: str, seed: int) -> None:
    topology = carved(kind, seed)
    generator = np.random.default_rng(seed)
    for _ in range(5):
        start, goal = (topology.layout.free[place] for place in generator.integers(len(topology.layout.free), size=2))
        path = topology.path(start, goal)
        assert (path[0], path[-1]) == (start, goal)
        assert all(topology.graph.has_edge(*step) for step in pairwise(path))
        assert len(path) - 1 == nx.shortest_path_length(topology.graph, start, goal)
        assert path == topology.path(start, goal)


def test_the_path_from_a_cell_to_itself_is_the_cell() -> None:
    assert parted().path((1, 1), (1, 1)) == ((1, 1),)


def test_no_path_is_refused() -> None:
    with pytest.raises(
        PhysimError, match=re.escape("goal: got (3, 5), wanted a cell to which a way leads from (1, 1)")
    ):
        parted().path((1, 1), (3, 5))


@pytest.mark.parametrize("cell", [(0, 0), (2, 4), (20, 1), (-2, 1)])
def test_walls_and_cells_outside_are_refused(cell: tuple[int, int]) -> None:
    topology = parted()
    for asked in (
        topology.distances,
        lambda cell: topology.path(cell, (1, 1)),
        lambda cell: topology.path((1, 1), cell),
    ):
        with pytest.raises(PhysimError, match=re.escape(f"cell: got {cell}, a wall or outside, wanted a free one")):
            asked(cell)


@pytest.mark.parametrize(("kind", "seed"), SOME)
def test_junctions_and_dead_ends_are_told_by_their_neighbours(kind: str, seed: int) -> None:
    topology = carved(kind, seed)
    free = ~topology.layout.walls
    near = np.zeros(free.shape, int)
    near[1:-1, 1:-1] = sum(
        free[1 + y : free.shape[0] - 1 + y, 1 + x : free.shape[1] - 1 + x].astype(int)
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1))
    )
    assert np.array_equal(topology.junctions, free & (near >= 3))
    assert np.array_equal(topology.dead_ends, free & (near == 1))


def test_walls_are_neither_junctions_nor_dead_ends() -> None:
    topology = parted()
    assert [(x, y) for y, x in np.argwhere(topology.junctions)] == [(3, 3)]
    assert sorted((x, y) for y, x in np.argwhere(topology.dead_ends)) == [(1, 1), (5, 5), (7, 1)]


@pytest.mark.parametrize(("kind", "seed"), SOME)
def test_cycles_are_those_of_a_basis(kind: str, seed: int) -> None:
    topology = carved(kind, seed)
    assert topology.cycles == len(nx.cycle_basis(topology.graph))


def test_cycles_of_parted_mazes_add_up() -> None:
    assert parted().cycles == 1
    assert Topology(Layout.from_text("#######\n#  #  #\n#  #  #\n#######")).cycles == 2


@pytest.mark.parametrize(("kind", "seed"), SOME)
def test_what_is_spare_parts_nothing(kind: str, seed: int) -> None:
    topology = carved(kind, seed)
    parts = nx.number_connected_components(topology.graph)
    spare = [
        cell
        for cell in topology.layout.free
        if nx.number_connected_components(topology.graph.subgraph(set(topology.graph) - {cell})) <= parts
    ]
    assert list(topology.spare) == spare


def test_one_cell_is_a_maze() -> None:
    topology = Topology(Layout.from_text("###\n# #\n###"))
    assert topology.distances((1, 1))[1, 1] == 0
    assert topology.path((1, 1), (1, 1)) == ((1, 1),)
    assert not topology.junctions.any()
    assert not topology.dead_ends.any()
    assert topology.cycles == 0
    assert topology.spare == ((1, 1),)
