"""What cut wires part: groups of modules, and the interfaces between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import networkx as nx
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph.cutting import Cutting, Decoupled, Echoed, Imagined
from physim.graph.losses import Loss, check_losses
from physim.graph.module_graph import ModuleGraph
from physim.graph.nodes import Input, ModuleNode, RelationsNode
from physim.graph.ports import OBJECTS, SCENE, Node, Port
from physim.graph.regression import guessed

Values = dict[Port, Tensor]


@dataclass(frozen=True, eq=False)
class Interface:
    """Where the graph is parted: what comes to it, `source`, what is read behind it, `port`, and how it is cut.

    Where nothing is cut, but the modules on both sides run in different processes, source and port are the same.
    """

    source: Port
    port: Port
    decoupled: Decoupled | None = None
    imagined: Imagined | None = None

    @classmethod
    def of(cls, wire: Cutting) -> Interface | None:
        """The interface whose last wire this is; None where the wire is not cut, or another follows."""
        imagined = wire if isinstance(wire, Imagined) else None
        decoupled = wire.sources[0].node if imagined else wire
        if not isinstance(decoupled, Decoupled):
            return None
        return cls(decoupled.sources[0], wire.ports[0], decoupled, imagined)

    @property
    def given(self) -> tuple[Port, ...]:
        """What its synthesizers see beside the value."""
        wires = (self.decoupled, self.imagined)
        return tuple(port for wire in wires if wire is not None for port in wire.sources[1:])

    @property
    def name(self) -> str:
        """The name of what is read behind it."""
        return self.port.name

    def guess(self, values: Values) -> Tensor:
        """The synthetic gradient of what comes to it [B, ...], of the same shape; ticks are items, too."""
        return self._guess(values).reshape(values[self.source].shape)

    def imagine(self, values: Values) -> Tensor:
        """The value [B, ...] that is guessed in the true one's place."""
        assert self.imagined is not None
        ports = self.imagined.sources[1:]
        return self._imagine(values).unflatten(0, values[ports[0]].shape[: self._folds])

    def misjudged(self, values: Values, true: Tensor) -> Tensor:
        """A scalar with the slopes of the synthetic gradient's loss, once the `true` gradient [B, ...] is there."""
        assert self.decoupled is not None
        guess = self._guess(values)
        return (guess * self.decoupled.regression.met(true.reshape(guess.shape), guess.detach())[1]).sum()

    def misimagined(self, values: Values) -> Tensor:
        """The loss of the guessed value, a scalar, once the true one [B, ...] is there."""
        guess = self._imagine(values)
        return (guess - values[self.source].detach().reshape(guess.shape)).square().sum() / len(guess)

    def _guess(self, values: Values) -> Tensor:
        assert self.decoupled is not None
        value, *given = (self._items(values[port]) for port in self.decoupled.sources)
        return self.decoupled.regression.guess(value, *given)

    def _imagine(self, values: Values) -> Tensor:
        assert self.imagined is not None
        given = (self._items(values[port]) for port in self.imagined.sources[1:])
        return guessed(self.imagined.name, self.imagined.synthesizer, *given)

    @property
    def _folds(self) -> int:
        """How many axes count items: ticks do, too."""
        return 2 if self.port.graph.remembers else 1

    def _items(self, value: Tensor) -> Tensor:
        return value.detach().flatten(0, self._folds - 1)


@final
@dataclass(eq=False)
class Group:
    """Modules that nothing parts, with the interfaces that enter and leave them, and their losses."""

    name: str
    modules: list[nn.Module]
    rank: int = 0
    enters: list[Interface] = field(default_factory=list)
    leaves: list[Interface] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All that is learned in it, each once, whatever its shape."""
        return list(dict.fromkeys(part for module in self.modules for part in module.parameters()))

    @property
    def wanted(self) -> tuple[Port, ...]:
        """What a run of it must give."""
        ports = [port for loss in self.losses for port in loss.ports]
        for interface in self.leaves:
            ports += [interface.source, *interface.given]
        return tuple(dict.fromkeys(ports))

    @property
    def locked(self) -> bool:
        """Whether it waits for the gradient of something that leaves it."""
        return any(interface.decoupled is None for interface in self.leaves)


def groups_of(graph: ModuleGraph, losses: Sequence[Loss] = (), ranks: Mapping[str, int] | None = None) -> list[Group]:
    """The groups of a graph's modules that hang together without crossing a cut wire, in the order in which they run.

    With `ranks`, the process of each module by name, groups are parted where processes change, too.

    A graph with memory trains on windows, each from a memory that is given or a fresh one.

    Raises: PhysimError where windows are bridged, relations are cut over time, a wire mixes or propagates true
    gradients or hears another group's (groups would have to wait for them), a cut parts nothing, is given what other
    modules make, or is imagined more than once, losses have one name, several streams or ports of several groups, or
    groups read one another in a circle.
    """
    _check(graph)
    check_losses(losses)
    cuts = _cuts(graph)
    wires = {wire for one in cuts for wire in (one.decoupled, one.imagined)}
    inner = [node for node in graph.nodes if not (isinstance(node, Input | RelationsNode) or node in wires)]
    rank_of = dict.fromkeys(inner, 0) if ranks is None else _ranks(inner, ranks)
    group_of = _grouped(inner, rank_of)
    _check_heard(group_of)
    ports = (port for node in inner for port in node.sources if rank_of.get(port.node, rank_of[node]) != rank_of[node])
    order = _linked([*cuts, *(Interface(port, port) for port in dict.fromkeys(ports))], group_of)
    _stand(losses, group_of)
    if not nx.is_directed_acyclic_graph(order):
        raise PhysimError("the groups between cut wires read one another in a circle")
    places = {group: place for place, group in enumerate(dict.fromkeys(group_of.values()))}
    return list(nx.lexicographical_topological_sort(order, key=places.__getitem__))


def _check(graph: ModuleGraph) -> None:
    """Refuse what cannot train without locks."""
    if graph.bridges:
        raise PhysimError("groups learn nothing across windows, so that bridges between these have no use there")
    for node in graph.nodes:
        if graph.remembers and isinstance(node, Cutting) and node.ports[0].place.kind not in (None, SCENE, OBJECTS):
            raise PhysimError(f"{node.name} cuts relations over time, which may change from tick to tick")
        if isinstance(node, Decoupled) and (node.regression.mix or node.prop):
            raise PhysimError(f"{node.name} takes part of the true gradient, for which its group would have to wait")


def _cuts(graph: ModuleGraph) -> list[Interface]:
    followed = {port for node in graph.nodes if isinstance(node, Imagined) for port in node.sources[:1]}
    for port in followed:
        readers = [node.name for node in graph.nodes if port in node.sources]
        if isinstance(port.node, Decoupled) and len(readers) > 1:
            raise PhysimError(f"{port.name} is read by {readers}, wanted nothing but what imagines its value, once")
    wires = [node for node in graph.nodes if isinstance(node, Cutting) and node.ports[0] not in followed]
    found = [Interface.of(wire) for wire in wires]
    return [interface for interface in found if interface is not None]


def _ranks(nodes: Sequence[Node], ranks: Mapping[str, int]) -> dict[Node, int]:
    """The process of every node: modules are told theirs, wires run where what they read does, else their readers."""
    names = [node.name for node in nodes if isinstance(node, ModuleNode)]
    if set(names) != set(ranks):
        raise PhysimError(f"ranks: wanted a rank for each module of {sorted(names)}, got {sorted(ranks)}")
    found: dict[Node, int] = {node: ranks[node.name] for node in nodes if isinstance(node, ModuleNode)}
    for node in nodes:
        read = [found[port.node] for port in node.sources if port.node in found]
        if node not in found and read:
            found[node] = max(read)
    for node in reversed(nodes):
        if node not in found:
            readers = [found[other] for other in nodes if other in found and set(node.ports) & set(other.sources)]
            found[node] = min(readers, default=0)
    return found


def _grouped(nodes: Sequence[Node], rank_of: Mapping[Node, int]) -> dict[Node, Group]:
    """The group of each node: what hangs together within a process."""
    links = nx.Graph()
    links.add_nodes_from(nodes)
    pairs = ((port.node, node) for node in nodes for port in node.sources if port.node in rank_of)
    links.add_edges_from((one, other) for one, other in pairs if rank_of[one] == rank_of[other])
    group_of: dict[Node, Group] = {}
    for members in nx.connected_components(links):
        ordered = [node for node in nodes if node in members]
        computing = [node for node in ordered if isinstance(node, ModuleNode)]
        group = Group((computing or ordered)[0].name, [node.module for node in computing], rank_of[ordered[0]])
        group_of.update(dict.fromkeys(ordered, group))
    return group_of


def _linked(interfaces: Sequence[Interface], group_of: Mapping[Node, Group]) -> nx.DiGraph:
    """Which group reads which; each is told what enters and leaves it."""
    order = nx.DiGraph()
    order.add_nodes_from(group_of.values())
    for interface in interfaces:
        left = _group_at(interface.source, group_of, f"the cut {interface.name}")
        readers = dict.fromkeys(group for node, group in group_of.items() if interface.port in node.sources)
        if interface.decoupled is not None:
            _check_parted(interface, left, readers, group_of)
        left.leaves.append(interface)
        for reader in readers:
            if reader is not left:
                reader.enters.append(interface)
                order.add_edge(left, reader)
    return order


def _check_heard(group_of: Mapping[Node, Group]) -> None:
    """Refuse wires that hear an error of another group."""
    for node, group in group_of.items():
        if isinstance(node, Echoed) and group_of.get(node.heard.node) is not group:
            raise PhysimError(f"{node.name} hears '{node.error.name}', for which its group '{group.name}' had to wait")


def _check_parted(
    interface: Interface, left: Group, readers: Collection[Group], group_of: Mapping[Node, Group]
) -> None:
    """Refuse a cut with the same group on both sides, or whose synthesizers would need another group's modules."""
    if left in readers or not readers:
        why = f"'{left.name}' is on both sides of it" if readers else "no module reads it"
        raise PhysimError(f"the cut {interface.name} parts nothing: {why}")
    for port in interface.given:
        if not isinstance(port.node, Input | RelationsNode) and group_of.get(port.node) is not left:
            raise PhysimError(
                f"the cut {interface.name} is given '{port.name}', wanted inputs of the graph, or what '{left.name}' "
                f"makes itself"
            )


def _stand(losses: Sequence[Loss], group_of: Mapping[Node, Group]) -> None:
    """Hand losses to the groups whose ports they stand on."""
    for loss in losses:
        its = {_group_at(port, group_of, f"loss '{loss.name}'") for port in loss.ports}
        if len(its) > 1:
            raise PhysimError(f"loss '{loss.name}' stands on ports of several groups: {sorted(g.name for g in its)}")
        its.pop().losses.append(loss)


def _group_at(port: Port, group_of: Mapping[Node, Group], what: str) -> Group:
    if port.node not in group_of:
        raise PhysimError(f"{what} stands on '{port.name}', wanted a port that a group of modules gives")
    return group_of[port.node]
