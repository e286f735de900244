from __future__ import annotations

from collections import Counter

import networkx as nx
import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.maze.carving import KINDS, TREES, arena, braided, carve, i_maze, rooms, wilson
from worlds.maze.layout import Layout
from worlds.maze.topology import Topology

SIZES = [(1, 1), (1, 6), (7, 1), (2, 2), (5, 4)]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def dead_ends(graph: nx.Graph) -> list[tuple[int, int]]:
    return [node for node in graph if graph.degree[node] == 1]


def misfit(kind: str, columns: int, rows: int, draws: int = 6000) -> float:
    """Chi square of the trees that are drawn, against all spanning trees alike."""
    generator = rng(5)
    seen = Counter(frozenset(map(frozenset, TREES[kind](columns, rows, generator).edges())) for _ in range(draws))
    count = round(np.linalg.det(nx.laplacian_matrix(nx.grid_2d_graph(columns, rows)).toarray()[1:, 1:]))
    assert len(seen) <= count
    expected = draws / count
    return sum((seen[tree] - expected) ** 2 / expected for tree in seen) + (count - len(seen)) * expected


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", TREES)
def test_trees_span_the_grid(kind: str, size: tuple[int, int]) -> None:
    grid = nx.grid_2d_graph(*size)
    for seed in range(20):
        tree = TREES[kind](*size, rng(seed))
        assert list(tree) == list(grid)
        assert nx.is_tree(tree)
        assert all(grid.has_edge(*edge) for edge in tree.edges())


def test_wilson_draws_all_trees_alike() -> None:
    assert misfit("wilson", 2, 2) < 16.3  # 3 degrees of freedom, p = 0.001
    assert misfit("wilson", 3, 3) < 257.1  # 191
    assert misfit("kruskal", 3, 3) > 257.1


def test_corridors_by_depth_wind_more() -> None:
    ends = {kind: np.mean([len(dead_ends(TREES[kind](12, 12, rng(seed)))) for seed in range(20)]) for kind in TREES}
    assert ends["depth_first"] < 0.6 * ends["wilson"]
    assert ends["depth_first"] < 0.6 * ends["kruskal"]


@pytest.mark.parametrize("kind", TREES)
def test_trees_differ_by_more_than_where_they_start(kind: str) -> None:
    assert len({frozenset(map(frozenset, TREES[kind](3, 3, rng(seed)).edges())) for seed in range(100)}) > 30


@pytest.mark.parametrize("size", [(2, 2), (2, 9), (8, 6)])
@pytest.mark.parametrize("kind", TREES)
def test_a_full_braid_leaves_no_dead_end(kind: str, size: tuple[int, int]) -> None:
    grid = nx.grid_2d_graph(*size)
    for seed in range(20):
        tree = TREES[kind](*size, rng(seed))
        opened = braided(tree, 1.0, rng(seed))
        assert not dead_ends(opened)
        assert tree.edges() <= opened.edges()
        assert all(grid.has_edge(*edge) for edge in opened.edges())
        assert nx.is_tree(tree), "the tree itself stays as it is"


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.9])
def test_a_braid_opens_its_share(share: float) -> None:
    for seed in range(20):
        tree = wilson(9, 7, rng(seed))
        ends, left = len(dead_ends(tree)), len(dead_ends(braided(tree, share, rng(seed))))
        assert ends - left - round(share * ends) in ((0, 1) if share else (0,))


def test_dead_ends_are_joined_to_dead_ends_first() -> None:
    ring = nx.grid_2d_graph(4, 4)
    ring.remove_nodes_from([(1, 2), (2, 2)])
    ring.remove_edges_from([((0, 1), (1, 1)), ((1, 1), (2, 1)), ((2, 1), (3, 1))])
    for seed in range(20):
        opened = braided(ring, 1.0, rng(seed))
        assert set(opened.edges()) - set(ring.edges()) == {((1, 1), (2, 1))}


def test_a_lone_corridor_stays_as_it_is() -> None:
    assert nx.utils.graphs_equal(braided(wilson(6, 1, rng()), 1.0, rng()), wilson(6, 1, rng()))


@pytest.mark.parametrize("kind", KINDS)
def test_every_maze_hangs_together(kind: str) -> None:
    for seed in range(50):
        columns, rows = rng(seed).integers(1, 9, size=2).tolist()
        layout = carve(kind, columns, rows, rng(seed), braid=seed / 49)
        assert nx.is_connected(Topology(layout).graph)


@pytest.mark.parametrize("kind", KINDS)
def test_large_mazes_hang_together(kind: str) -> None:
    topology = Topology(carve(kind, 50, 50, rng(), 0.3))
    assert (topology.distances(topology.layout.free[0]) >= 0).sum() == len(topology.layout.free)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_carves_the_same_maze(kind: str) -> None:
    first, again, other = (carve(kind, 8, 6, rng(seed), 0.5) for seed in (3, 3, 4))
    assert first.text == again.text
    assert first.walls.tobytes() == again.walls.tobytes()
    assert (first.text != other.text) == (kind not in ("arena", "i_maze"))


@pytest.mark.parametrize("kind", [*TREES, "arena"])
def test_corridors_and_arenas_are_of_one_size(kind: str) -> None:
    assert carve(kind, 7, 4, rng()).shape == (9, 15)


@pytest.mark.parametrize("kind", TREES)
def test_only_a_braid_makes_loops(kind: str) -> None:
    assert Topology(carve(kind, 9, 6, rng())).cycles == 0
    assert Topology(carve(kind, 9, 6, rng(), 0.5)).cycles > 0


def test_rooms_are_rectangles_with_two_ways_out() -> None:
    for seed in range(20):
        layout = rooms(4, 3, rng(seed))
        assert layout.shape == (13, 17)
        spaces, openings = parted(layout)
        assert len(spaces) == 12
        for cells in spaces:
            width, height = np.ptp(cells, axis=0) + 1
            assert len(cells) == width * height
            assert 2 <= width <= 4
            assert 2 <= height <= 4
            assert sum(int(np.abs(cells - opening).sum(axis=1).min()) == 1 for opening in openings) >= 2
        assert nx.is_connected(Topology(layout).graph)


def parted(layout: Layout) -> tuple[list[np.ndarray], list[tuple[int, int]]]:
    """The cells [K, 2] of each room, and the openings: free cells between two walls that face each other."""
    walls = layout.walls
    openings = [
        (x, y) for x, y in layout.free if (walls[y, x - 1] and walls[y, x + 1]) or (walls[y - 1, x] and walls[y + 1, x])
    ]
    graph = Topology(layout).graph.copy()
    graph.remove_nodes_from(openings)
    return [np.array(sorted(cells)) for cells in nx.connected_components(graph)], openings


def test_rooms_differ_in_size_and_have_loops() -> None:
    layout = rooms(5, 5, rng())
    assert len({len(cells) for cells in parted(layout)[0]}) > 3
    assert len(parted(layout)[1]) > 25 - 1


def test_rooms_in_a_row_are_open_to_their_neighbours() -> None:
    spaces, openings = parted(rooms(1, 5, rng()))
    assert (len(spaces), len(openings)) == (5, 4)


def test_an_arena_is_all_free_within_its_border() -> None:
    layout = arena(6, 3)
    assert layout.shape == (5, 8)
    assert not layout.walls[1:-1, 1:-1].any()
    assert len(layout.free) == 18


def test_an_i_maze_has_77_places_and_four_alcoves_as_far_from_its_start() -> None:
    layout = i_maze()
    topology = Topology(layout)
    (start,) = layout.of("P")
    assert len(layout.free) == 77
    assert topology.dead_ends.sum() == 4
    assert topology.junctions.sum() == 2
    assert topology.cycles == 0
    distances = topology.distances(start)
    assert set(distances[topology.dead_ends].tolist()) == {distances.max()}
    assert len(set(distances[topology.junctions].tolist())) == 1


@pytest.mark.parametrize("kind", [*KINDS, "depth_first"])
@pytest.mark.parametrize(("columns", "rows", "name"), [(0, 3, "columns"), (3, -1, "rows")])
def test_no_columns_or_rows_are_refused(kind: str, columns: int, rows: int, name: str) -> None:
    with pytest.raises(PhysimError, match=f"^{name} must be above 0, got"):
        carve(kind, columns, rows, rng())


@pytest.mark.parametrize("kind", TREES)
def test_no_columns_of_a_tree_are_refused(kind: str) -> None:
    with pytest.raises(PhysimError, match="columns must be above 0, got 0"):
        TREES[kind](0, 2, rng())


def test_arenas_without_cells_are_refused() -> None:
    with pytest.raises(PhysimError, match="height must be above 0, got 0"):
        arena(3, 0)


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(
        PhysimError, match="kind: got 'prim', wanted one of depth_first, kruskal, wilson, rooms, arena,"
    ):
        carve("prim", 3, 3, rng())


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_shares_out_of_range_are_refused(share: float) -> None:
    for kind in KINDS:
        with pytest.raises(PhysimError, match=f"^braid, .* must be from 0 to 1, got {share}"):
            carve(kind, 3, 3, rng(), share)
    with pytest.raises(PhysimError, match="must be from 0 to 1"):
        braided(wilson(3, 3, rng()), share, rng())
