"""Wires of a built graph, cut and mended again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import nn

from physim.errors import PhysimError
from physim.graph.cutting import Cutting, decoupled
from physim.graph.ports import Node, Port, same_graph
from physim.graph.synthesizers import made, told

if TYPE_CHECKING:
    from physim.graph.module_graph import ModuleGraph

PORTS = ("given", "error")
"""Which ways of a cut are ports."""
Place = tuple[str, int]
"""A port in a file: its node's name, and which of the node's outputs it is."""


@dataclass(frozen=True)
class Edit:
    """A cut that was made after a graph was built."""

    source: Port
    into: Port
    synthesizer: nn.Module
    ways: dict[str, Any]

    def told(self) -> dict[str, Any]:
        """The edit as JSON.

        Raises: PhysimError where files do not know its synthesizer.
        """
        ways = {name: _places(value) if name in PORTS else value for name, value in self.ways.items()}
        ends = {"source": _places(self.source), "into": self.into.node.name}
        return {**ends, "synthesizer": told(self.synthesizer), "ways": ways}


def tell(graph: ModuleGraph) -> list[dict[str, Any]]:
    """The cuts that were made in a built graph, as JSON; raises PhysimError where files do not know a synthesizer."""
    return [edit.told() for edit in graph.edits]


def replay(graph: ModuleGraph, edits: list[dict[str, Any]]) -> None:
    """Make the cuts again that a file tells of; raises PhysimError where it tells of them in another way."""
    try:
        for edit in edits:
            ways = {name: _found(graph, value) if name in PORTS else value for name, value in edit["ways"].items()}
            cut(_port(graph, edit["source"]), graph[edit["into"]], made(edit["synthesizer"]), **ways)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise PhysimError(f"the file's cuts are not as physim writes them: {error!r}") from None


def cut(source: Port, into: Port, synthesizer: nn.Module, **ways: Any) -> Port:
    """Let the node that gives `into` read `source` through a `decoupled` wire, which is given back.

    Raises: PhysimError where that node does not read the source: where the wire is cut already, it reads the cut.
    """
    graph = same_graph("cut", (source, into))
    if source not in into.node.sources:
        readers = [f'into=graph["{node.name}"]' for node in graph.nodes if source in node.sources]
        raise PhysimError(f"cut: '{into.node.name}' does not read '{source.name}', wanted {' or '.join(readers)}")
    port = decoupled(source, synthesizer, **ways)
    _rewire(into.node, source, port)
    graph.edits.append(Edit(source, into, synthesizer, ways))
    return port


def mend(source: Port, into: Port) -> None:
    """Let the node that gives `into` read `source` itself again; a synthesizer that nothing else uses goes.

    Raises: PhysimError where there is no cut between them.
    """
    graph = same_graph("mend", (source, into))
    between = _between(source, into.node)
    if not between:
        raise PhysimError(f"mend: nothing is cut between '{source.name}' and '{into.node.name}'")
    while between:
        _rewire(into.node, between[-1].ports[0], source)
        for node in reversed(between):
            if not any(set(node.ports) & set(other.sources) for other in graph.nodes):
                _forget(graph, node)
        between = _between(source, into.node)
    left = [edit for edit in graph.edits if {edit.source.node, edit.into.node} <= set(graph.nodes)]
    graph.edits = [edit for edit in left if (edit.source, edit.into.node) != (source, into.node)]


def _places(ports: Port | Sequence[Port] | None) -> Place | list[Place] | None:
    """Where a port is, or several are; nothing is nowhere."""
    if isinstance(ports, Port):
        return ports.node.name, ports.index
    return None if ports is None else [(port.node.name, port.index) for port in ports]


def _found(graph: ModuleGraph, places: Any) -> Port | tuple[Port, ...] | None:
    """The ports of a graph that `_places` told of."""
    if places is None:
        return None
    if places and isinstance(places[0], str):
        return _port(graph, places)
    return tuple(_port(graph, place) for place in places)


def _port(graph: ModuleGraph, place: Place) -> Port:
    name, index = place
    return graph[name].node.ports[index]


def _between(source: Port, reader: Node) -> list[Cutting]:
    """The cuts in a row that lead from a port into a node."""
    for read in reader.sources:
        row, port = list[Cutting](), read
        while isinstance(port.node, Cutting) and port != source:
            row, port = [port.node, *row], port.node.sources[0]
        if row and port == source:
            return row
    return []


def _rewire(reader: Node, old: Port, new: Port) -> None:
    reader.sources = tuple(new if port == old else port for port in reader.sources)
    reader.graph.changed()


def _forget(graph: ModuleGraph, node: Cutting) -> None:
    graph.nodes.remove(node)
    if all(node.synthesizer is not module for module in _held(graph)):
        for name in [name for name, module in graph.named_children() if module is node.synthesizer]:
            delattr(graph, name)
    graph.changed()


def _held(graph: ModuleGraph) -> list[nn.Module]:
    """The modules of a graph's nodes."""
    its = [vars(node)[name] for node in graph.nodes for name in ("module", "synthesizer") if name in vars(node)]
    return [*its, *(bridge.regression.synthesizer for bridge in graph.bridges)]
