"""Training without locks: what lies between cut wires updates on its own, as soon as its gradient is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import networkx as nx
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from physim.errors import PhysimError
from physim.graph.cutting import Cutting, Decoupled, Imagined
from physim.graph.losses import Loss
from physim.graph.module_graph import Inputs, ModuleGraph
from physim.graph.nodes import Input, ModuleNode, RelationsNode
from physim.graph.ports import Node, Port

Optimisers = Callable[[Iterable[nn.Parameter]], Optimizer]
Values = dict[Port, Tensor]


@dataclass(frozen=True, eq=False)
class Crossing:
    """A place where the graph is cut: what comes to it, `source`, what is read behind it, `port`, and how it is cut."""

    source: Port
    port: Port
    decoupled: Decoupled
    imagined: Imagined | None

    @classmethod
    def of(cls, wire: Cutting) -> Crossing | None:
        """The crossing whose last wire this is; None where the wire is not cut, or another follows."""
        imagined = wire if isinstance(wire, Imagined) else None
        decoupled = wire.sources[0].node if imagined else wire
        if not isinstance(decoupled, Decoupled):
            return None
        return cls(decoupled.sources[0], wire.ports[0], decoupled, imagined)

    @property
    def given(self) -> tuple[Port, ...]:
        """What its synthesizers see beside the value."""
        return self.decoupled.sources[1:] + (self.imagined.sources[1:] if self.imagined else ())

    def value(self, values: Values) -> Tensor:
        """What is read behind it [B, ...], where gradients begin."""
        value = values[self.source] if self.imagined is None else self.imagine(values)
        return value.detach().requires_grad_()

    def imagine(self, values: Values) -> Tensor:
        """The value that is guessed in the true one's place."""
        assert self.imagined is not None
        return self.imagined.synthesizer(*(values[port].detach() for port in self.imagined.sources[1:]))

    def guess(self, values: Values) -> Tensor:
        """The synthetic gradient of what comes to it."""
        given = (values[port].detach() for port in self.decoupled.sources[1:])
        return self.decoupled.regression.guess(values[self.source].detach(), *given)

    def wrong(self, values: Values, true: Tensor) -> Tensor:
        """A scalar whose slopes are those of the synthesizers' losses, once the true gradient is there."""
        guess = self.guess(values)
        total = (guess * self.decoupled.regression.met(true, guess.detach())[1]).sum()
        if self.imagined is not None:
            imagined = self.imagine(values)
            total = total + (imagined - values[self.source].detach()).square().sum() / len(imagined)
        return total


@final
@dataclass(eq=False)
class Group:
    """Modules that nothing cuts apart, with what comes into them and leaves them by cut wires, and their losses."""

    name: str
    modules: list[nn.Module]
    enters: list[Crossing] = field(default_factory=list)
    leaves: list[Crossing] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All that is learned in it."""
        return list(dict.fromkeys(part for module in self.modules for part in module.parameters()))


def groups_of(graph: ModuleGraph, losses: Sequence[Loss] = ()) -> list[Group]:
    """The groups of a graph's modules that hang together without crossing a cut wire, in the order in which they run.

    Raises: PhysimError where a loss stands on ports of several groups, or groups read one another in a circle.
    """
    crossings = _crossings(graph)
    wires = {wire for one in crossings for wire in (one.decoupled, one.imagined)}
    shared = [node for node in graph.nodes if isinstance(node, Input | RelationsNode) or node in wires]
    links = nx.Graph()
    links.add_nodes_from(node for node in graph.nodes if node not in shared)
    links.add_edges_from((port.node, node) for node in links for port in node.sources if port.node in links)
    group_of: dict[Node, Group] = {}
    for members in nx.connected_components(links):
        ordered = [node for node in graph.nodes if node in members]
        computing = [node for node in ordered if isinstance(node, ModuleNode)]
        group = Group((computing or ordered)[0].name, [node.module for node in computing])
        group_of.update(dict.fromkeys(ordered, group))
    order = nx.DiGraph()
    order.add_nodes_from(group_of.values())
    for crossing in crossings:
        left = _group_at(crossing.source, group_of, f"the cut {crossing.port.name}")
        left.leaves.append(crossing)
        readers = dict.fromkeys(group_of[node] for node in group_of if crossing.port in node.sources)
        for reader in readers:
            reader.enters.append(crossing)
        order.add_edges_from((left, reader) for reader in readers)
    for loss in losses:
        its = {_group_at(port, group_of, f"loss '{loss.name}'") for port in loss.ports}
        if len(its) > 1:
            raise PhysimError(f"loss '{loss.name}' stands on ports of several groups: {sorted(g.name for g in its)}")
        its.pop().losses.append(loss)
    for group in group_of.values():
        if losses and not (group.losses or group.leaves):
            raise PhysimError(
                f"group '{group.name}' has neither a loss nor a cut wire that leaves it: nothing trains it"
            )
    if not nx.is_directed_acyclic_graph(order):
        raise PhysimError("the groups between cut wires read one another in a circle")
    places = {group: place for place, group in enumerate(dict.fromkeys(group_of.values()))}
    return list(nx.lexicographical_topological_sort(order, key=places.__getitem__))


def _crossings(graph: ModuleGraph) -> list[Crossing]:
    followed = {port for node in graph.nodes if isinstance(node, Imagined) for port in node.sources[:1]}
    wires = [node for node in graph.nodes if isinstance(node, Cutting) and node.ports[0] not in followed]
    found = [Crossing.of(wire) for wire in wires]
    return [crossing for crossing in found if crossing is not None]


@final
class Unlocked:
    """Trains a cut graph group by group: no group waits for the backward pass of another.

    An update runs all groups forward; then each, in the order in which they run or, with a `probability` under 1, in a
    random order and so often only, takes its own step by its losses and the synthetic gradients of what leaves it;
    true gradients, of cuts whose readers all had their turn, then teach the synthesizers. `optimiser` makes one for a
    group's parameters, and one for the synthesizers of each cut.

    Raises: PhysimError where a graph has memory, a wire mixes or propagates true gradients (that is not unlocked), a
    loss or a cut stands where no module is, or something is learned that no group holds.
    """

    def __init__(
        self, graph: ModuleGraph, losses: Sequence[Loss], optimiser: Optimisers, probability: float = 1.0, seed: int = 0
    ) -> None:
        if not 0 < probability <= 1:
            raise PhysimError(f"probability is {probability}, wanted a number above 0, up to 1")
        _check(graph)
        self.graph, self.groups, self.probability = graph, groups_of(graph, losses), probability
        self.random = torch.Generator().manual_seed(seed)
        self.optimisers = {group: optimiser(group.parameters) for group in self.groups if group.parameters}
        crossings = dict.fromkeys(crossing for group in self.groups for crossing in group.leaves)
        self.learners = {one: optimiser(parameters) for one in crossings if (parameters := _synthesizers(one))}
        _check_held(graph, (*self.optimisers.values(), *self.learners.values()))

    def update(self, inputs: Inputs, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """One update of all groups, or of those whose turn it is; gives the losses by name."""
        values: Values = {}
        for group in self.groups:
            values |= self._forward(group, inputs, values)
        found: dict[str, Tensor] = {}
        turns = self._turns()
        for group in turns:
            found |= self._backward(group, values, targets)
        for crossing, learner in self.learners.items():
            if all(group in turns for group in self.groups if crossing in group.enters):
                _learn(crossing, learner, values)
        return found

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of all optimisers."""
        for optimiser in (*self.optimisers.values(), *self.learners.values()):
            for group in optimiser.param_groups:
                group["lr"] = rate

    def _turns(self) -> list[Group]:
        if self.probability == 1:
            return self.groups
        order = torch.randperm(len(self.groups), generator=self.random).tolist()
        chosen = torch.rand(len(self.groups), generator=self.random) < self.probability
        return [self.groups[number] for number in order if chosen[number]]

    def _forward(self, group: Group, inputs: Inputs, values: Values) -> Values:
        """What a group gives, from values behind the cuts that enter it, where gradients begin."""
        given = {one.port: values[one.port] if one.port in values else one.value(values) for one in group.enters}
        wanted = [port for loss in group.losses for port in loss.ports]
        for crossing in group.leaves:
            wanted += [crossing.source, *crossing.given]
        ports = tuple(dict.fromkeys(wanted))
        if not ports:
            raise PhysimError(
                f"group '{group.name}' has neither a loss nor a cut wire that leaves it: nothing trains it"
            )
        results = self.graph(inputs, outputs=ports, given=given)
        return {**given, **dict(zip(ports, (results,) if len(ports) == 1 else results, strict=True))}

    def _backward(self, group: Group, values: Values, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A step of a group, and of the synthesizers of what enters it."""
        losses = {loss.name: loss.among(values, targets) for loss in group.losses}
        total: Any = sum(losses.values())
        for crossing in group.leaves:
            scale = crossing.decoupled.regression.scale
            total = total + (scale * crossing.guess(values).detach() * values[crossing.source]).sum()
        optimiser = self.optimisers.get(group)
        if optimiser is not None:
            optimiser.zero_grad()
        total.backward()
        if optimiser is not None:
            optimiser.step()
        return {name: loss.detach() for name, loss in losses.items()}


def _learn(crossing: Crossing, learner: Optimizer, values: Values) -> None:
    """A step of a cut's synthesizers, where a true gradient came."""
    true = values[crossing.port].grad
    if true is not None:
        learner.zero_grad()
        crossing.wrong(values, true).backward()
        learner.step()


def _check(graph: ModuleGraph) -> None:
    """Refuse what cannot train without locks."""
    if graph.remembers:
        raise PhysimError("a graph with memory trains in windows, with bridges between them; groups take none")
    for node in graph.nodes:
        if isinstance(node, Decoupled) and (node.regression.mix or node.prop):
            raise PhysimError(f"{node.name} takes part of the true gradient, for which its group would have to wait")


def _check_held(graph: ModuleGraph, optimisers: Sequence[Optimizer]) -> None:
    """Refuse parameters that no optimiser holds, or two."""
    held = [id(one) for optimiser in optimisers for group in optimiser.param_groups for one in group["params"]]
    for name, parameter in graph.named_parameters():
        if parameter.requires_grad and held.count(id(parameter)) != 1:
            raise PhysimError(f"'{name}' is learned by {held.count(id(parameter))} groups, wanted one")


def _group_at(port: Port, group_of: Mapping[Node, Group], what: str) -> Group:
    if port.node not in group_of:
        raise PhysimError(f"{what} stands on '{port.name}', wanted a port that a group of modules gives")
    return group_of[port.node]


def _synthesizers(crossing: Crossing) -> list[nn.Parameter]:
    """What is learned on a cut wire."""
    wires = [wire for wire in (crossing.decoupled, crossing.imagined) if wire is not None]
    return [parameter for wire in wires for parameter in wire.synthesizer.parameters()]
