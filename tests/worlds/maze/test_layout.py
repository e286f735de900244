from __future__ import annotations

import copy
import pickle
import re
from contextlib import AbstractContextManager

import networkx as nx
import numpy as np
import pytest

from physim.arrays import Truths
from physim.errors import PhysimError
from worlds.maze.layout import FRUIT, SYMBOLS, Layout, cell_of, middle

TEXT = """\
#######
#P #G #
# ## ##
#A   L#
#######"""


def refused(sentence: str) -> AbstractContextManager[object]:
    return pytest.raises(PhysimError, match=f"^{re.escape(sentence)}")


def room(height: int = 3, width: int = 4) -> Truths:
    return np.pad(np.zeros((height - 2, width - 2), np.bool_), 1, constant_values=True)


def test_the_top_line_is_the_top_row() -> None:
    layout = Layout.from_text(TEXT)
    assert layout.shape == layout.walls.shape == (5, 7)
    assert dict(layout.things) == {(1, 1): "A", (1, 3): "P", (4, 3): "G", (5, 1): "L"}
    assert layout.walls[3, 3]
    assert not layout.walls[1, 3]


def test_free_cells_are_sorted_and_complete() -> None:
    layout = Layout.from_text(TEXT)
    assert list(layout.free) == sorted(layout.free)
    assert {(x, y) for y in range(5) for x in range(7) if not layout.walls[y, x]} == set(layout.free)
    assert set(layout.things) < set(layout.free)


def test_text_goes_round() -> None:
    assert Layout.from_text(TEXT).text == TEXT
    things = "".join(symbol for symbol, name in SYMBOLS.items() if name not in ("wall", "free"))
    drawn = f"{'#' * (len(things) + 2)}\n#{things}#\n{'#' * (len(things) + 2)}"
    assert Layout.from_text(drawn).text == drawn


def test_points_blank_lines_and_a_common_indentation_say_nothing() -> None:
    plain = Layout.from_text("#####\n#   #\n#####")
    assert Layout.from_text("\n  \n    #####\n    #. .#\n    #####\n\n").text == plain.text
    assert Layout.from_text("#####\r\n#...#\r\n#####\r\n").text == plain.text


def test_arrays_go_round() -> None:
    walls = Layout.from_text(TEXT).walls
    layout = Layout.from_array(walls)
    assert np.array_equal(layout.walls, walls)
    assert not layout.things


def test_a_layout_keeps_a_copy_that_nobody_changes() -> None:
    walls, things = room(), {(1, 1): "G"}
    layout = Layout(walls, things)
    walls[1, 1] = True
    things[2, 1] = "A"
    assert not layout.walls[1, 1]
    assert dict(layout.things) == {(1, 1): "G"}
    with pytest.raises(ValueError, match="read-only"):
        layout.walls[1, 1] = True
    with pytest.raises(TypeError, match="item assignment"):
        layout.things[2, 1] = "A"  # type: ignore[index]


def test_layouts_go_to_other_processes() -> None:
    layout = Layout.from_text(TEXT)
    for other in (pickle.loads(pickle.dumps(layout)), copy.deepcopy(layout)):
        assert other.text == TEXT
        assert not other.walls.flags.writeable


def test_a_graph_becomes_corridors() -> None:
    graph = nx.Graph([((0, 0), (1, 0)), ((1, 0), (1, 1))])
    graph.add_node((0, 1))
    assert Layout.from_graph(graph).text == "#####\n# # #\n### #\n#   #\n#####"


def test_a_grid_becomes_a_room_with_pillars() -> None:
    layout = Layout.from_graph(nx.grid_2d_graph(4, 3))
    pillars = layout.walls[1:-1, 1:-1].copy()
    assert layout.shape == (7, 9)
    assert pillars[1::2, 1::2].all()
    pillars[1::2, 1::2] = False
    assert not pillars.any()


def test_more_things_stand_in_the_place_of_others() -> None:
    layout = Layout.from_text(TEXT)
    more = layout.with_things({(1, 1): "L", (3, 1): "B"})
    assert more.of("L") == ((1, 1), (5, 1))
    assert more.of("B") == ((3, 1),)
    assert more.of("A") == ()
    assert layout.text == TEXT


def test_things_of_a_symbol_are_sorted_however_they_are_given() -> None:
    layout = Layout(room(4, 4), {(2, 1): "A", (1, 2): "A", (1, 1): "A", (2, 2): "O"})
    assert layout.of("A") == ((1, 1), (1, 2), (2, 1))


def test_the_middle_of_a_cell_is_in_it() -> None:
    assert middle((2, 5)) == (2.5, 5.5)
    assert [cell_of(*place) for place in [middle((2, 5)), (2.0, 5.999), (-0.1, 3.0)]] == [(2, 5), (2, 5), (-1, 3)]


def test_fruit_has_symbols() -> None:
    assert FRUIT.items() <= SYMBOLS.items()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("####\n#  #\n#####", "layout line 3: got 5 symbols, wanted 4 as in line 1"),
        ("####\n#  #\n\n####", "layout line 3: got 0 symbols, wanted 4 as in line 1"),
        ("####\n# X#\n####", "layout line 2, column 3: got 'X', wanted one of ['#', ' ', '.', 'P'"),
        ("####\n#  #\n#A##", "walls: got the free cell (1, 0) on the border, wanted walls all around"),
        ("####\n####", "walls: got bool [2, 4], wanted bool [H, W] with a free cell"),
        ("", "walls: got bool [1, 0], wanted bool [H, W] with a free cell"),
        ("#####\n#G#P#\n#####", "things: got a goal in cell (1, 1), wanted a way to it from cell (3, 1)"),
        ("#####\n# #G#\n#####", "things: got a goal in cell (3, 1), wanted a way to it from cell (1, 1)"),
    ],
)
def test_bad_text_is_refused(text: str, sentence: str) -> None:
    with refused(sentence):
        Layout.from_text(text)


def test_every_goal_is_within_reach_of_every_start() -> None:
    Layout.from_text("######\n#PGPG#\n######")
    Layout.from_text("########\n#PG #  #\n########")  # where no start is nobody needs a goal
    for parted in ("########\n#PG #G #\n########", "########\n#PG # P#\n########"):
        with refused("things: got a goal in cell"):
            Layout.from_text(parted)


def test_corners_are_no_ways() -> None:
    with refused("things: got a goal in cell (2, 1), wanted a way to it from cell (1, 2)"):
        Layout.from_text("####\n#P##\n##G#\n####")


@pytest.mark.parametrize("edge", [(0, 1), (2, 1), (1, 0), (1, 3)])
def test_a_gap_in_the_border_is_named(edge: tuple[int, int]) -> None:
    walls = room()
    walls[edge] = False
    with refused(f"walls: got the free cell {edge[::-1]} on the border"):
        Layout.from_array(walls)


def test_arrays_of_other_kinds_are_refused() -> None:
    with refused("walls: got int64 [3, 4], wanted bool [H, W]"):
        Layout.from_array(room().astype(np.int64))
    for shape in ((3,), (0, 0), (4, 0), (3, 3, 3)):
        with refused(f"walls: got bool {list(shape)}, wanted bool [H, W]"):
            Layout.from_array(np.zeros(shape, np.bool_))


@pytest.mark.parametrize("cell", [(0, 0), (2, 1), (9, 1), (-2, 1)])
def test_things_in_walls_or_outside_are_refused(cell: tuple[int, int]) -> None:
    walls = room(3, 5)
    walls[1, 2] = True
    with refused(f"things: got 'A' in cell {cell}, wanted one of ['P', 'G', "):
        Layout(walls, {cell: "A"})


@pytest.mark.parametrize("symbol", ["#", ".", " ", "x", "GG"])
def test_other_things_are_refused(symbol: str) -> None:
    with refused(f"things: got {symbol!r} in cell (1, 1), wanted one of ['P', 'G', "):
        Layout.from_array(room()).with_things({(1, 1): symbol})


@pytest.mark.parametrize("node", ["a", 3, (1,), (0, 0, 0), (0, -1), (0.5, 0)])
def test_nodes_that_are_no_pairs_are_refused(node: object) -> None:
    graph = nx.grid_2d_graph(2, 2)
    graph.add_node(node)
    with refused(f"graph: got the node {node!r}, wanted a pair (column, row)"):
        Layout.from_graph(graph)


@pytest.mark.parametrize("other", [(2, 0), (1, 1), (0, 0)])
def test_edges_between_others_than_neighbours_are_refused(other: tuple[int, int]) -> None:
    with refused(f"graph: got an edge from (0, 0) to {other}, wanted one between neighbours"):
        Layout.from_graph(nx.Graph([((0, 0), other)]))


def test_a_graph_without_nodes_is_refused() -> None:
    with refused("walls: got bool [1, 1], wanted bool [H, W] with a free cell"):
        Layout.from_graph(nx.Graph())
