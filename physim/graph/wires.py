"""Wires: how a message travels between ports, forward and (by autograd) backward."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.graph.context import Context
from physim.graph.ports import OBJECTS, SCENE, Node, Place, Port, Relations, same_graph, same_place


class Wire(Node):
    """A wire without memory: its value is a function of its sources' values."""

    brief = True

    def __init__(self, sources: tuple[Port, ...], place: Place, relations: Relations | None = None) -> None:
        ends = [port.label for port in sources] + ([relations.name] if relations is not None else [])
        super().__init__(sources[0].graph, f"{self.kind}({', '.join(ends)})", sources)
        self.relations = "" if relations is None else relations.name
        self.graph.connect(self, (place,))

    def tick(self, values: list[Any], context: Context) -> None:
        values[self.ports[0].slot] = self.carry([values[port.slot] for port in self.sources], context)

    @abstractmethod
    def carry(self, messages: list[Tensor], context: Context) -> Tensor:
        """The value at the wire's far end."""


class Senders(Wire):
    """Objects at the senders of relations."""

    kind = "senders"

    def carry(self, messages: list[Tensor], context: Context) -> Tensor:
        rows = _fold(messages[0], context, self.relations)
        return rows.index_select(0, context.senders(self.relations))


class Receivers(Wire):
    """Objects at the receivers of relations."""

    kind = "receivers"

    def carry(self, messages: list[Tensor], context: Context) -> Tensor:
        rows = _fold(messages[0], context, self.relations)
        return rows.index_select(0, context.receivers(self.relations))


class Aggregate(Wire):
    """Relations to objects: the messages of each object's relations become one."""

    def carry(self, messages: list[Tensor], context: Context) -> Tensor:
        objects, changing = context.count(OBJECTS), context.changing(self.relations)
        rows = objects * (context.length or 1) if changing else objects
        gathered = self.gather(messages, messages[0].new_zeros(rows, *messages[0].shape[1:]), context)
        return gathered.unflatten(0, (objects, -1)) if changing else gathered

    @abstractmethod
    def gather(self, messages: list[Tensor], zeros: Tensor, context: Context) -> Tensor:
        """Aggregate messages [E, ...] into `zeros` [N, ...]."""


class Summed(Aggregate):
    """The sum over an object's relations."""

    kind = "summed"

    def gather(self, messages: list[Tensor], zeros: Tensor, context: Context) -> Tensor:
        return zeros.index_add(0, context.receivers(self.relations), messages[0])


class Averaged(Aggregate):
    """The mean over an object's relations."""

    kind = "averaged"

    def gather(self, messages: list[Tensor], zeros: Tensor, context: Context) -> Tensor:
        message, receivers = messages[0], context.receivers(self.relations)
        counts = message.new_zeros(len(zeros)).index_add(0, receivers, message.new_ones(len(receivers)))
        total = zeros.index_add(0, receivers, message)
        return total / counts.clamp(min=1).reshape(-1, *[1] * (message.dim() - 1))


class Largest(Aggregate):
    """The largest over an object's relations."""

    kind = "largest"

    def gather(self, messages: list[Tensor], zeros: Tensor, context: Context) -> Tensor:
        message = messages[0]
        receivers = context.receivers(self.relations).reshape(-1, *[1] * (message.dim() - 1))
        return zeros.scatter_reduce(0, receivers.expand_as(message), message, "amax", include_self=False)


class Exchanged(Aggregate):
    """Added at the receiver, subtracted at the sender."""

    kind = "exchanged"

    def gather(self, messages: list[Tensor], zeros: Tensor, context: Context) -> Tensor:
        received = zeros.index_add(0, context.receivers(self.relations), messages[0])
        return received.index_add(0, context.senders(self.relations), -messages[0])  # alpha=-1 takes a slow path


class Scattered(Aggregate):
    """One message added at the sender, another at the receiver."""

    kind = "scattered"

    def gather(self, messages: list[Tensor], zeros: Tensor, context: Context) -> Tensor:
        sent = zeros.index_add(0, context.senders(self.relations), messages[0])
        return sent.index_add(0, context.receivers(self.relations), messages[1])


class Pooled(Wire):
    """The sum over a scene's objects."""

    kind = "pooled"

    def carry(self, messages: list[Tensor], context: Context) -> Tensor:
        if context.batch is None:
            return messages[0].sum(0, keepdim=True)
        zeros = messages[0].new_zeros(context.count(SCENE), *messages[0].shape[1:])
        return zeros.index_add(0, context.batch, messages[0])


class Spread(Wire):
    """A scene's value at each of its objects."""

    kind = "spread"

    def carry(self, messages: list[Tensor], context: Context) -> Tensor:
        if context.batch is None:
            return messages[0].expand(context.count(OBJECTS), *messages[0].shape[1:])
        return messages[0].index_select(0, context.batch)


class Joined(Wire):
    """Values side by side."""

    kind = "joined"

    def carry(self, messages: list[Tensor], context: Context) -> Tensor:
        ticks = context.length is not None and not context.changing(self.ports[0].place.kind)
        axis = messages[0].dim() - 1 if self.whole else 2 if ticks else 1
        for port, message in zip(self.sources, messages, strict=True):
            if message.dim() <= axis:
                wanted = "[items, ticks, features]" if ticks else "[items, features]"
                raise PhysimError(f"{self.name} wants {wanted}, but '{port.name}' has the shape {list(message.shape)}")
        return torch.cat(messages, dim=axis)


class Added(Wire):
    """The sum of values."""

    kind = "added"

    def carry(self, messages: list[Tensor], context: Context) -> Tensor:
        total, *others = (message for message in messages if message is not None)  # None: nothing was sent
        for message in others:
            total = total + message
        return total


class Detached(Wire):
    """The value without its gradient."""

    kind = "detached"

    def carry(self, messages: list[Tensor], context: Context) -> Tensor:
        return messages[0].detach()


def _fold(value: Tensor, context: Context, relations: str) -> Tensor:
    """Objects [N, T, ...] as [N * T, ...] where the relations change from tick to tick."""
    return value.flatten(0, 1) if context.changing(relations) else value


def _relational(wire: type[Wire], port: Port, relations: Relations) -> Port:
    if not isinstance(relations, Relations):
        raise PhysimError(f"{wire.kind} follows relations, got {type(relations).__name__} {relations!r}")
    same_graph(wire.kind, (port, relations.attributes))
    _require(wire.kind, port, Place(OBJECTS))
    return wire((port,), relations.attributes.place, relations).ports[0]


def _aggregated(wire: type[Wire], port: Port, *others: Port) -> Port:
    graph = same_graph(wire.kind, (port, *others))
    kind = (same_place(wire.kind, (port, *others)) if others else port.place).kind
    if kind is None or kind in (SCENE, OBJECTS):
        raise PhysimError(
            f"{wire.kind}('{port.name}') wants a port on relations, but '{port.name}' lives on {port.place}"
        )
    return wire((port, *others), Place(OBJECTS), graph.relations_named(kind)).ports[0]


def _require(what: str, port: Port, place: Place) -> None:
    if not port.place.meet(place):
        raise PhysimError(f"{what}('{port.name}') wants a port on {place}, but '{port.name}' lives on {port.place}")


def senders(port: Port, relations: Relations) -> Port:
    """Objects gathered at the senders of relations: [N, ...] -> [E, ...]."""
    return _relational(Senders, port, relations)


def receivers(port: Port, relations: Relations) -> Port:
    """Objects gathered at the receivers of relations: [N, ...] -> [E, ...]."""
    return _relational(Receivers, port, relations)


def summed(port: Port) -> Port:
    """Relations summed at their receivers: [E, ...] -> [N, ...]."""
    return _aggregated(Summed, port)


def averaged(port: Port) -> Port:
    """Relations averaged at their receivers (0 where there is none): [E, ...] -> [N, ...]."""
    return _aggregated(Averaged, port)


def largest(port: Port) -> Port:
    """The largest of each feature over an object's relations (0 where there is none): [E, ...] -> [N, ...]."""
    return _aggregated(Largest, port)


def exchanged(port: Port) -> Port:
    """Relations added at the receiver and subtracted at the sender, so their sum is zero: [E, ...] -> [N, ...]."""
    return _aggregated(Exchanged, port)


def scattered(sent: Port, received: Port) -> Port:
    """Relations added at both of their ends, `sent` at the sender and `received` at the receiver: [E, ...] -> [N, ...].

    It is what carries the gradient of `senders` and `receivers` back.
    """
    return _aggregated(Scattered, sent, received)


def pooled(port: Port) -> Port:
    """Objects summed over their scene: [N, ...] -> [B, ...]."""
    same_graph("pooled", (port,))
    _require("pooled", port, Place(OBJECTS))
    return Pooled((port,), Place(SCENE)).ports[0]


def spread(port: Port) -> Port:
    """A scene's value handed to each of its objects: [B, ...] -> [N, ...]."""
    same_graph("spread", (port,))
    _require("spread", port, Place(SCENE))
    return Spread((port,), Place(OBJECTS)).ports[0]


def joined(*ports: Port) -> Port:
    """Ports of one place concatenated along their first feature axis (channels, for images), wholes along the last."""
    same_graph("joined", ports)
    return Joined(ports, same_place("joined", ports)).ports[0]


def added(*ports: Port) -> Port:
    """Ports of one place added."""
    same_graph("added", ports)
    return Added(ports, same_place("added", ports)).ports[0]


def detached(port: Port) -> Port:
    """The value, without its gradient."""
    same_graph("detached", (port,))
    return Detached((port,), port.place).ports[0]
