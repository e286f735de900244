from __future__ import annotations

import pytest
import torch
from torch import nn

from physim.graph import (
    LSTM,
    LinearSynthesizer,
    ModuleGraph,
    added,
    decoupled,
    delayed,
    joined,
    senders,
    spread,
    summed,
)
from physim.graph.drawing import CUT_COLOUR

TABLE = """\
ModuleGraph: 58 parameters
name                           kind       reads                                         lives on           parameters
pairs                          relations                                                relations 'pairs'
x                              input                                                    objects
back                           later      shared                                        objects
senders(x, pairs)              senders    x                                             relations 'pairs'
relation_model                 Linear     senders(x, pairs)                             relations 'pairs'  6
summed(relation_model, pairs)  summed     relation_model                                objects
delayed(back)                  delayed    back                                          objects
added(summed, delayed)         added      summed(relation_model, pairs), delayed(back)  objects
core                           LSTM       added(summed, delayed)                        objects            48
shared                         Linear     core                                          objects            shared
mood                           input                                                    scene
spread(mood)                   spread     mood                                          objects
joined(shared, spread)         joined     shared, spread(mood)                          objects
head                           Linear     joined(shared, spread)                        objects            4
"""


def small() -> ModuleGraph:
    net = ModuleGraph()
    pairs, x, back = net.relations("pairs"), net.input("x"), net.later("back")
    line = nn.Linear(2, 2)
    effects = summed(net.add("relation_model", line, senders(x, pairs)))
    core = net.add("core", LSTM(2, 2), added(effects, delayed(back, torch.zeros(2))))
    shared = net.add("shared", line, core)
    net.tie(back, shared)
    net.add("head", nn.Linear(3, 1), joined(shared, spread(net.input("mood"))))
    return net


def test_a_graph_prints_itself_as_a_table() -> None:
    assert repr(small()) == TABLE.strip()


def test_networkx_has_nodes_by_name_and_an_edge_for_each_port_read() -> None:
    picture = small().to_networkx()
    assert picture.nodes["core"] == {"kind": "memory", "place": "the objects"}
    assert picture.nodes["pairs"] == {"kind": "relations", "place": "the relations 'pairs'"}
    assert ("relation_model", "summed(relation_model, pairs)", "relation_model") in picture.edges(data="port")
    assert [link for *link, late in picture.edges(data="delayed") if late] == [["back", "delayed(back)"]]
    assert set(picture.predecessors("joined(shared, spread)")) == {"shared", "spread(mood)"}


def test_a_port_read_twice_is_two_edges() -> None:
    net = ModuleGraph()
    x = net.input("x")
    added(x, x)
    assert net.to_networkx().number_of_edges("x", "added(x, x)") == 2


def test_the_drawn_figure_shows_every_node() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    net = small()
    axes = net.draw()
    drawn = {text.get_text() for text in axes.texts}
    assert drawn == {node.name.split("(")[0] for node in net.nodes}
    assert len(axes.texts) == len(net.nodes)
    axes.figure.canvas.draw()
    matplotlib.pyplot.close(axes.figure)


def test_a_graph_draws_on_given_axes() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, axes = pyplot.subplots()
    assert small().draw(axes) is axes
    pyplot.close(figure)


def test_an_empty_graph_prints_and_draws() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    assert repr(ModuleGraph()).startswith("ModuleGraph: 0 parameters")
    pyplot.close(ModuleGraph().draw().figure)


def test_wires_that_do_not_wait_are_told_and_drawn_apart() -> None:
    pyplot, colors, patches = (pytest.importorskip(f"matplotlib.{name}") for name in ("pyplot", "colors", "patches"))
    net = ModuleGraph()
    hidden = net.add("hidden", nn.Linear(2, 2), net.input("x"))
    cut = decoupled(hidden, LinearSynthesizer(2, 2), given=net.input("y"))
    net.bridge(net.add("core", LSTM(2, 2), cut), LinearSynthesizer(4))
    told = {(source, reader): cut for source, reader, cut in net.to_networkx().edges(data="cut")}
    assert [link for link, cut in told.items() if cut] == [("hidden", "decoupled(hidden)")]
    axes = net.draw()
    red = colors.to_rgba(CUT_COLOUR)
    arrows = [patch for patch in axes.patches if isinstance(patch, patches.FancyArrowPatch)]
    assert [patch.get_edgecolor() for patch in arrows].count(red) == 1
    borders = axes.collections[0].get_edgecolors().tolist()
    assert [node.name for node, border in zip(net.nodes, borders, strict=True) if tuple(border) == red] == ["core"]
    pyplot.close(axes.figure)
