"""Plans: what a graph runs, in which order, for the outputs that are wanted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import networkx as nx
import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.graph.context import Context, Edges, State, by_tick
from physim.graph.cutting import Echoed
from physim.graph.delays import Delayed
from physim.graph.nodes import Input, Later, NestedNode, RelationsNode
from physim.graph.ports import SCENE, Link, Node, Place, Port
from physim.graph.pruning import pruned


class Cycle:
    """Nodes on a cycle through delayed wires: the only ones that `forward` runs tick by tick."""

    def __init__(self, nodes: Sequence[Node], wanted: set[Port]) -> None:
        self.nodes = nodes
        self.delays = [node for node in nodes if isinstance(node, Delayed)]
        inside = {port for node in nodes for port in node.ports}
        self.read = sorted({p for node in nodes for p in node.sources} - inside, key=lambda port: port.slot)
        self.given = sorted(inside & wanted, key=lambda port: port.slot)

    def ticks(self, values: list[Any], context: Context) -> None:
        """Run the ticks one after the other and stack what others read."""
        outside = {port.slot: _ticks_of(values[port.slot], port, context) for port in self.read}
        gathered: dict[int, list[Tensor]] = {port.slot: [] for port in self.given}
        for number in range(context.length or 0):
            now, here = context.at(number), [None] * len(values)
            for slot, ticks in outside.items():
                here[slot] = ticks[number]
            for node in self.nodes:
                node.tick(here, now)
            for delay in self.delays:
                delay.remember(here, now)
            now.listen(here)
            context.next_state.update(now.next_state)
            for slot, ticks in gathered.items():
                ticks.append(here[slot])  # type: ignore[arg-type]
        for port in self.given:
            changing = context.changing(port.place.kind)
            values[port.slot] = _joined_ticks(gathered[port.slot], changing)


def _joined_ticks(ticks: list[Tensor], changing: bool) -> Tensor:
    """Ticks as one value: stacked on axis 1, or in a row where the relations change."""
    return torch.cat(ticks) if changing else torch.stack(ticks, dim=1)


def _ticks_of(value: Tensor | None, port: Port, context: Context) -> Sequence[Any]:
    if value is None or port.node.whole:
        return [value] * (context.length or 0)
    if context.changing(port.place.kind):
        return by_tick(value, context.edges[str(port.place.kind)].ticks, context.length or 0)  # type: ignore[arg-type]
    return value.unbind(1)


class Plan:
    """The order in which the nodes behind some outputs run, once for one tick and once for whole sequences.

    Where a memory that is `kept` runs, by the name of its node, the ports that it is kept with run too. Along `unread`
    links nothing is read: nodes go on with what they read before.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        outputs: Port | Sequence[Port],
        given: set[str],
        kept: Mapping[str, Sequence[Port]] = MappingProxyType({}),
        unread: Collection[Link] = (),
    ) -> None:
        self.single = isinstance(outputs, Port)
        self.outputs: tuple[Port, ...] = (outputs,) if isinstance(outputs, Port) else tuple(outputs)
        self.slots = 1 + max(port.slot for node in nodes for port in node.ports)
        self.entries = [node for node in nodes if isinstance(node, Input) or node.name in given]
        links = _links(nodes, self.outputs, given, unread)
        with_them = [port for node in list(links) for port in kept.get(node.name, ())]
        if with_them:
            links = _links(nodes, (*self.outputs, *with_them), given, unread)
        number = {node: position for position, node in enumerate(nodes)}
        cycles = {node: members for members in nx.strongly_connected_components(links) for node in members}
        direct = nx.DiGraph(links)
        direct.remove_edges_from(
            [(a, b) for a, b in links.edges if isinstance(b, Delayed) and b.fill is None and b in cycles[a]]
        )
        self.order: list[Node] = list(nx.lexicographical_topological_sort(direct, key=number.__getitem__))
        self.needed = [node for node in self.order if node in set(self.entries)]
        self.order = [node for node in self.order if node not in set(self.needed)]
        self.spare = [node for node in self.entries if node not in set(self.needed) and node.ports[0].place.kind]
        self.related = _related(nodes, self.needed, self.order)
        self.delays = [node for node in self.order if isinstance(node, Delayed)]
        self.whole = all(node.whole for node in (*self.needed, *self.order))
        self.memories = {node.name for node in self.order if node.remembers}
        self.stages = self._stages(links, cycles)
        self.deaf = _deaf(self.order, cycles)
        self._pruned: dict[tuple[str, ...], Sequence[Node]] = {}

    def step(self, inputs: Mapping[str, Any], state: State | None, reset: Tensor | None) -> tuple[Any, State]:
        """One tick (or everything, in a graph without memory)."""
        context, values = self._start(inputs, state, reset, None)
        for node in self._acting(context.edges):
            node.tick(values, context)
        for delay in self.delays:
            delay.remember(values, context)
        context.listen(values)
        return self._result(values), {**context.state, **context.next_state}

    def window(
        self,
        inputs: Mapping[str, Any],
        state: State | None,
        reset: Tensor | None,
        length: int,
        ended: Tensor | None = None,
    ) -> tuple[Any, State]:
        """A whole sequence of `length` ticks; graphs inside are told where it has `ended` [B]."""
        for wire in self.deaf:
            wire.check_heard()
        context, values = self._start(inputs, state, reset, length)
        context.ended = ended
        for stage in self.stages:
            run = stage.tick if isinstance(stage, Node) and stage.whole else stage.ticks
            run(values, context)
        context.listen(values)
        return self._result(values), {**context.state, **context.next_state}

    def spread(self, what: str, told: Tensor, place: Place, inputs: Mapping[str, Any]) -> Tensor:
        """What is told of scenes [B] bool, told of the items of a place."""
        context, _ = self._start(inputs, None, None, None)
        _count(what, Place(SCENE), _checked(what, told), context)
        spread = context.spread(told, place.kind)
        assert spread is not None
        return spread

    def length(self, inputs: Mapping[str, Any], reset: Tensor | None) -> int:
        """The number of ticks that the inputs agree on."""
        lengths = {
            node.name: _length_of(node.name, _given(node.name, inputs))
            for node in self.needed or [node for node in self.spare if node.name in inputs]
            if not node.whole and not _changes(node.ports[0], inputs)
        }
        for name in self.related:
            attributes = _edges_of(name, inputs, False).attributes
            if attributes is not None and attributes.dim() > 2:
                lengths[name] = attributes.shape[1]
        if reset is not None:
            lengths["reset"] = _length_of("reset", reset)
        if not lengths:
            raise PhysimError("how many ticks to run is not known: the graph has no input here; give `reset` [B, T]")
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"'{name}' {count}" for name, count in lengths.items())
            raise PhysimError(f"the inputs must have one number of ticks (axis 1), got {counts}")
        return next(iter(lengths.values()))

    def _start(
        self, inputs: Mapping[str, Any], state: State | None, reset: Tensor | None, length: int | None
    ) -> tuple[Context, list[Any]]:
        values: list[Any] = [None] * self.slots
        context = Context({name: _edges_of(name, inputs, read) for name, read in self.related.items()}, {}, length)
        context.batch = inputs.get("batch")
        context.reset = reset
        context.state = state or {}
        for node in self.needed:
            port = node.ports[0]
            value = values[port.slot] = _given(node.name, inputs)
            _count("input '" + node.name + "'", port.place, value, context)
        for node in self.spare:  # not read, but they may tell how many items a place has
            if isinstance(inputs.get(node.name), Tensor):
                context.items.setdefault(str(node.ports[0].place.kind), inputs[node.name].shape[0])
        if reset is not None:
            _count("reset", Place(SCENE), _checked("reset", reset), context)
        return context, values

    def _acting(self, edges: Mapping[str, Edges]) -> Sequence[Node]:
        """The nodes that run; where gradients are taken everything does, so that every parameter has one."""
        empty = tuple(name for name, relations in edges.items() if not relations.index.shape[1])
        if torch.is_grad_enabled() or not empty:
            return self.order
        if empty not in self._pruned:
            self._pruned[empty] = pruned(self.order, self.outputs, empty)
        return self._pruned[empty]

    def _result(self, values: list[Any]) -> Any:
        if self.single or len(self.outputs) == 1:
            return values[self.outputs[0].slot]
        return tuple(values[port.slot] for port in self.outputs)

    def _stages(self, links: nx.DiGraph, cycles: dict[Node, set[Node]]) -> list[Node | Cycle]:
        """Nodes that run once for all ticks, and cycles, in an order that serves both."""
        runs = set(self.order)
        position = {node: place for place, node in enumerate(self.order)}
        wanted = set(self.outputs)
        stages: list[Node | Cycle] = []
        condensed = nx.condensation(links)
        for group in nx.topological_sort(condensed):
            members = condensed.nodes[group]["members"] & runs
            looped = len(cycles[next(iter(condensed.nodes[group]["members"]))]) > 1
            if not looped:
                stages.extend(members)
                continue
            readers = {p for node in runs - members for p in node.sources} | wanted
            stages.append(Cycle(sorted(members, key=position.__getitem__), readers))
        return stages


def _links(
    nodes: Sequence[Node], outputs: tuple[Port, ...], given: Collection[str], unread: Collection[Link]
) -> nx.DiGraph:
    """The nodes behind the outputs and how they hang together; given ports hang on nothing."""
    links = nx.DiGraph()
    waiting = [port.node for port in outputs]
    links.add_nodes_from(waiting)
    seen: set[Node] = set()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        links.add_node(node)
        if node.name in given:
            continue
        if isinstance(node, Later) and not node.sources:
            raise PhysimError(f"later('{node.name}') was never tied: tie it to a port, or give it as an input")
        for port in node.reads:
            if (node.name, port.name) not in unread:
                links.add_edge(port.node, node)
                waiting.append(port.node)
    return links


def _deaf(nodes: Sequence[Node], cycles: Mapping[Node, set[Node]]) -> list[Echoed]:
    """The wires whose error runs all ticks at once where they run one by one, or the other way round."""
    echoes = [node for node in nodes if isinstance(node, Echoed) and node.heard.node in cycles]
    apart = [node for node in echoes if cycles[node] is not cycles[node.heard.node]]
    return [node for node in apart if len(cycles[node] | cycles[node.heard.node]) > 2]


def _given(name: str, inputs: Mapping[str, Any]) -> Tensor:
    value = inputs.get(name)
    if not isinstance(value, Tensor):
        got = "nothing" if value is None else type(value).__name__
        raise PhysimError(f"input '{name}' wants a tensor, got {got}; inputs given: {', '.join(inputs) or 'none'}")
    return value


def _related(nodes: Sequence[Node], needed: Sequence[Node], running: Sequence[Node]) -> dict[str, bool]:
    """The sets of relations that a run follows from the nodes it is given, and whether it reads their attributes."""
    places = {port.place.kind for node in (*needed, *running) for port in node.ports}
    places |= {port.place.kind for node in running for port in node.reads}
    read = {port.node for node in running if not isinstance(node, NestedNode) for port in node.reads}
    return {node.name: node in read for node in nodes if isinstance(node, RelationsNode) and node.name in places}


def _changes(port: Port, inputs: Mapping[str, Any]) -> bool:
    edges = inputs.get(port.place.kind or SCENE)
    return isinstance(edges, Edges) and edges.ticks is not None


def _count(what: str, place: Place, value: Tensor, context: Context) -> None:
    items = context.items.setdefault(place.kind or SCENE, value.shape[0])
    if items != value.shape[0]:
        raise PhysimError(f"{what} has {value.shape[0]} items, but others on {place} have {items}")


def _checked(what: str, told: Tensor) -> Tensor:
    if told.dtype is not torch.bool:
        raise PhysimError(f"{what} wants bool, got {told.dtype}")
    return told


def _edges_of(name: str, inputs: Mapping[str, Any], read: bool) -> Edges:
    value = inputs.get(name)
    if not isinstance(value, Edges):
        got = "nothing" if value is None else type(value).__name__
        raise PhysimError(f"relations '{name}' want Edges(index [2, E], attributes [E, F]), got {got}")
    if read and value.attributes is None:
        raise PhysimError(f"the attributes of the relations '{name}' are read, but its Edges hold none")
    return value


def _length_of(name: str, value: Tensor) -> int:
    if value.dim() < 2:
        got = list(value.shape)
        raise PhysimError(
            f"'{name}' wants [items, ticks, ...] in a graph with memory, got {got}; one tick runs by step"
        )
    return value.shape[1]
