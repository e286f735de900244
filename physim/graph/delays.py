"""The wire that remembers: a port's value one tick later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph.context import Context, where_reset
from physim.graph.ports import Node, Port, same_graph


class Delayed(Node):
    """The value of a port at the previous tick; an initial value at the first tick and after a reset."""

    kind = "delayed"
    brief = True

    def __init__(self, source: Port, initial: float | Tensor) -> None:
        super().__init__(source.graph, f"delayed({source.label})", (source,))
        self.fill = initial if isinstance(initial, int | float) else None
        self.slot_of_initial = ""
        self.graph.connect(self, (source.place,))
        if isinstance(initial, Tensor):
            self.slot_of_initial = self.graph.keep(f"initial_{self.ports[0].slot}", initial)

    @property
    def remembers(self) -> bool:
        return True

    def tick(self, values: list[Any], context: Context) -> None:
        place = self.ports[0].place.kind
        items = context.count(place)
        before = context.memory(self.name, items)
        if before is None:
            values[self.ports[0].slot] = self._initial(values, items)
            return
        reset = context.reset_on(place)
        if reset is not None:
            before = where_reset(reset, self._initial(values, items, before), before)
        values[self.ports[0].slot] = before

    def remember(self, values: list[Any], context: Context) -> None:
        """Keep this tick's value of the source for the next tick."""
        context.next_state[self.name] = values[self.sources[0].slot]

    def ticks(self, values: list[Any], context: Context) -> None:
        place = self.ports[0].place.kind
        if context.changing(place):
            raise PhysimError(
                f"{self.name}: the relations '{place}' change from tick to tick, so nothing can be delayed"
            )
        source = values[self.sources[0].slot]
        initial = self._initial(values, len(source), source[:, 0])
        before = context.memory(self.name, len(source))
        shifted = torch.cat([(initial if before is None else before)[:, None], source[:, :-1]], dim=1)
        values[self.ports[0].slot] = where_reset(context.reset_on(place), initial[:, None], shifted)
        context.next_state[self.name] = source[:, -1]

    def _initial(self, values: list[Any], items: int, like: Tensor | None = None) -> Tensor:
        if self.fill is None:
            initial: Tensor = getattr(self.graph, self.slot_of_initial)
            return initial.expand(items, *initial.shape)
        return torch.full_like(values[self.sources[0].slot] if like is None else like, self.fill)


def delayed(port: Port, initial: float | Tensor | nn.Parameter = 0.0) -> Port:
    """The value at the previous tick; `initial` at the first tick and after a reset.

    `initial` is a number, or a tensor of one item's shape (a parameter, to learn it). On a cycle it must be a tensor,
    since the first value is needed before the port is computed.
    """
    same_graph("delayed", (port,))
    return Delayed(port, initial).ports[0]


def check_cycle(nodes: Sequence[Node], later: Port, port: Port) -> None:
    """Refuse a cycle whose first tick could not be computed, by untying it: only a tensor is known beforehand."""
    links = nx.DiGraph((source.node, node) for node in nodes if not _known(node) for source in node.sources)
    if port.node is not later.node and port.node not in nx.descendants(links, later.node):
        return
    later.node.sources = ()
    way = [later.node] if port.node is later.node else nx.shortest_path(links, later.node, port.node)
    numbered = next((node for node in way if isinstance(node, Delayed)), None)
    if numbered is not None:
        raise PhysimError(
            f"tie('{later.name}', '{port.name}') closes a cycle through {numbered.name}, whose first value must be "
            f"known before '{port.name}' is computed: give delayed(..., initial=a tensor of one item's shape)"
        )
    raise PhysimError(
        f"tie('{later.name}', '{port.name}') closes a cycle without a delay: '{port.name}' needs "
        f"'{later.name}' at the same tick; put delayed(...) on the way"
    )


def _known(node: Node) -> bool:
    """Whether a node's value at the first tick is known beforehand."""
    return isinstance(node, Delayed) and node.fill is None
