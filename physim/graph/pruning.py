"""What a run may leave out: relations of which there are none send nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from physim.graph.ports import Node, Port
from physim.graph.wires import Added, Aggregate


def pruned(nodes: Sequence[Node], outputs: Collection[Port], empty: Sequence[str]) -> Sequence[Node]:
    """The nodes that run, of those that do in this order, where sets of relations are `empty`.

    Left out is what lives on such relations, and their sums, where these are only added to others: `Added` takes what
    there is. A set whose sums are read in another way runs as any other, and so does all of a graph that remembers.
    """
    if any(node.remembers for node in nodes):
        return nodes
    left, runs = frozenset[str](), nodes
    for name in empty:
        fewer = _without(nodes, outputs, left | {name})
        if fewer is not None:
            left, runs = left | {name}, fewer
    return runs


def _without(nodes: Sequence[Node], outputs: Collection[Port], empty: Collection[str]) -> list[Node] | None:
    """The nodes without those that only hand on nothing; None where one that does more would read nothing."""
    runs: list[Node] = []
    nothing: set[Port] = set()
    for node in nodes:
        missing = nothing.intersection(node.sources)
        silent = node.ports[0].place.kind in empty or (isinstance(node, Aggregate) and node.relations in empty)
        if silent or (isinstance(node, Added) and nothing.issuperset(node.sources)):
            nothing.update(node.ports)
        elif missing and not isinstance(node, Added):
            return None
        else:
            runs.append(node)
    return None if nothing.intersection(outputs) else runs
