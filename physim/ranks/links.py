"""Which interfaces lead from one process to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx

from physim.graph.groups import Group, Interface


@dataclass(frozen=True)
class Link:
    """An interface between two processes; values have the tag, gradients the one after it.

    `before` are the ranks that must have run before its value is there.
    """

    interface: Interface
    source: int
    reader: int
    tag: int
    before: frozenset[int]

    @property
    def waited(self) -> bool:
        """Whether the reader waits for its value."""
        return self.interface.imagined is None

    @property
    def first(self) -> bool:
        """Whether the reader does nothing before its value is there: the value's version is its update's."""
        return self.waited and self.reader not in self.before


def links_of(groups: Sequence[Group]) -> list[Link]:
    """The links between the processes of some groups, in one order everywhere."""
    order = nx.DiGraph()
    order.add_nodes_from(groups)
    waited = {left: {one for one in left.leaves if one.imagined is None} for left in groups}
    order.add_edges_from((left, reader) for left in groups for reader in groups if waited[left] & set(reader.enters))
    links: list[Link] = []
    for left in groups:
        before = frozenset(group.rank for group in (left, *nx.ancestors(order, left)))
        for interface in left.leaves:
            for reader in sorted({group.rank for group in groups if interface in group.enters} - {left.rank}):
                links.append(Link(interface, left.rank, reader, 2 * len(links), before))
    return links
