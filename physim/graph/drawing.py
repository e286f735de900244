"""A module graph as a table, as a picture and for networkx."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import networkx as nx

from physim.graph.cutting import Cutting
from physim.graph.delays import Delayed
from physim.graph.nodes import ModuleNode
from physim.graph.ports import Node

if TYPE_CHECKING:
    from physim.graph.module_graph import ModuleGraph

COLOURS = {"input": "#8fb8de", "relations": "#b6a6d8", "later": "#d8d8d8", "memory": "#e8b06a", "module": "#9bcf9b"}
COLOURS |= dict.fromkeys(("decoupled", "imagined"), "#f0b4b4")
WIRE_COLOUR = "#f2efe6"
LINE_COLOUR, CUT_COLOUR = "#555555", "#c8373a"


def table(graph: ModuleGraph) -> str:
    """One line a node: its name, what it is, what it reads, where it lives, how many parameters it has."""
    rows = [("name", "kind", "reads", "lives on", "parameters")]
    counted: set[int] = set()
    for node in graph.nodes:
        reads = ", ".join(port.name for port in node.sources)
        place = str(node.ports[0].place).removeprefix("the ")
        rows.append((node.name, _what(node), reads, place, _parameters(node, counted)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    total = sum(parameter.numel() for parameter in graph.parameters())
    return "\n".join([f"ModuleGraph: {total:,} parameters", *lines])


def to_networkx(graph: ModuleGraph) -> nx.MultiDiGraph:
    """Nodes by name with `kind` and `place`; an edge for every port read, with `port`, `delayed` and `cut`."""
    picture = nx.MultiDiGraph()
    for node in graph.nodes:
        picture.add_node(node.name, kind=node.kind, place=str(node.ports[0].place))
    for node in graph.nodes:
        for port in node.sources:
            cut = isinstance(node, Cutting) and port is node.sources[0]
            late = isinstance(node, Delayed)
            picture.add_edge(port.node.name, node.name, port=port.name, delayed=late, cut=cut)
    return picture


def draw(graph: ModuleGraph, axes: Any = None) -> Any:
    """Draw the graph from left to right; delayed wires are dashed, and wires that do not wait red and dotted.

    Memories with a bridge between training windows have red borders.
    """
    from matplotlib import pyplot  # an extra: the package works without it

    if axes is None:
        axes = pyplot.subplots(figsize=(2.2 * _depth(graph) + 2, 5))[1]
    picture = to_networkx(graph)
    places = nx.multipartite_layout(_layered(picture), subset_key="layer")
    kinds = nx.get_node_attributes(picture, "kind")
    colours = [COLOURS.get("module" if kinds[n] == "graph" else kinds[n], WIRE_COLOUR) for n in picture]
    bridged = {bridge.name for bridge in graph.bridges}
    borders = [CUT_COLOUR if name in bridged else LINE_COLOUR for name in picture]
    nx.draw_networkx_nodes(picture, places, ax=axes, node_color=colours, edgecolors=borders, node_size=900)
    whole = [(a, b) for a, b, told in picture.edges(data=True) if not told["delayed"] and not told["cut"]]
    cut = [(a, b) for a, b, told in picture.edges(data=True) if told["cut"]]
    delayed = [(a, b) for a, b, told in picture.edges(data=True) if told["delayed"]]
    arrows = partial(nx.draw_networkx_edges, picture, places, ax=axes, node_size=900)
    arrows(whole, edge_color=LINE_COLOUR)
    arrows(cut, edge_color=CUT_COLOUR, style="dotted", width=2)
    arrows(delayed, edge_color=LINE_COLOUR, style="dashed", connectionstyle="arc3,rad=0.3")
    nx.draw_networkx_labels(picture, places, {name: name.split("(")[0] for name in picture}, font_size=8, ax=axes)
    axes.margins(0.12)
    axes.set_axis_off()
    return axes


def _what(node: Node) -> str:
    if isinstance(node, ModuleNode):
        return type(node.module).__name__
    return f"whole {node.kind}" if node.whole and not node.sources else node.kind


def _parameters(node: Node, counted: set[int]) -> str:
    if not isinstance(node, ModuleNode):
        return ""
    if id(node.module) in counted:
        return "shared"
    counted.add(id(node.module))
    return f"{sum(parameter.numel() for parameter in node.module.parameters()):,}"


def _layered(picture: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """The picture with a `layer` for each node: the longest way to it that no delay is on."""
    direct = nx.DiGraph((a, b) for a, b, late in picture.edges(data="delayed") if not late)
    direct.add_nodes_from(picture)
    for layer, names in enumerate(nx.topological_generations(direct)):
        for name in names:
            picture.nodes[name]["layer"] = layer
    return picture


def _depth(graph: ModuleGraph) -> int:
    return max(nx.get_node_attributes(_layered(to_networkx(graph)), "layer").values(), default=0)
