"""Steps of groups: each group of modules has its own optimiser, as has each synthesizer between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, final

from torch import Tensor, nn
from torch.optim import Optimizer

from physim.errors import PhysimError
from physim.graph.context import State, detach
from physim.graph.groups import Group, Interface, Values
from physim.graph.module_graph import Inputs, ModuleGraph

Optimisers = Callable[[Iterable[nn.Parameter]], Optimizer]


@final
class Stepper:
    """Runs groups forward and back, one at a time, and lets what is learned in them take its steps.

    `groups` are all of the graph's; `mine` those that take steps here, with the interfaces around them.

    Raises: PhysimError where a group has nothing to learn from, or something is learned by no group, or several.
    """

    def __init__(self, graph: ModuleGraph, groups: Sequence[Group], mine: Sequence[Group], optimiser: Optimisers):
        _check_wanted(groups)
        _check_held(graph, groups)
        self.graph, self._changes = graph, graph.changes
        self.after: State = {}
        self.optimisers: dict[nn.Module | Group, Optimizer] = {}
        for group in mine:
            if group.parameters:
                self.optimisers[group] = optimiser(group.parameters)
        for synthesizer in synthesizers_of(mine):
            if parameters := [one for one in synthesizer.parameters() if one.requires_grad]:
                self.optimisers[synthesizer] = optimiser(parameters)

    def forward(
        self, group: Group, inputs: Inputs, given: Values, reset: Tensor | None = None, state: State | None = None
    ) -> Values:
        """What a group gives, from the values behind the interfaces that enter it, where gradients begin.

        `state` is the memory before the first tick, of this group and perhaps of others; None is a fresh one. That
        after the last tick is added to `after`, without its gradient.

        Shapes: `reset` [B, T] bool, set where memories start anew.
        """
        if self.graph.changes != self._changes:
            raise PhysimError("the graph was changed after its trainer was made: make a new one after a cut or mend")
        ports = group.wanted
        entering = {one.port: given[one.port] for one in group.enters}
        results, after = self.graph.window(inputs, state, reset, ports, entering)
        if self.graph.remembers:
            self.after |= detach(after)
        return {**entering, **dict(zip(ports, (results,) if len(ports) == 1 else results, strict=True))}

    def backward(
        self, group: Group, values: Values, targets: Mapping[str, Tensor], gradients: Mapping[Interface, Tensor]
    ) -> dict[str, Tensor]:
        """A step of a group by its losses and the gradients of what leaves it, which are guessed unless given."""
        losses = {loss.name: loss.among(values, targets) for loss in group.losses}
        total: Any = sum(losses.values())
        for interface in group.leaves:
            total = total + (self._gradient(interface, values, gradients) * values[interface.source]).sum()
        optimiser = self.optimisers.get(group)
        if optimiser is not None:
            optimiser.zero_grad()
        if total.requires_grad:  # a group may hold nothing that learns
            total.backward()
            if optimiser is not None:
                optimiser.step()
        return {name: loss.detach() for name, loss in losses.items()}

    def learn(self, synthesizer: nn.Module, loss: Callable[[], Tensor]) -> None:
        """A step of a synthesizer, by what it got wrong."""
        optimiser = self.optimisers.get(synthesizer)
        if optimiser is not None:
            optimiser.zero_grad()
            loss().backward()
            optimiser.step()

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of all optimisers."""
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = rate

    def state_dict(self) -> list[dict[str, Any]]:
        """What the optimisers remember, in the order of the groups."""
        return [optimiser.state_dict() for optimiser in self.optimisers.values()]

    def load_state_dict(self, states: Sequence[dict[str, Any]]) -> None:
        """Let the optimisers go on from what others remembered."""
        for optimiser, state in zip(self.optimisers.values(), states, strict=True):
            optimiser.load_state_dict(state)

    @staticmethod
    def _gradient(interface: Interface, values: Values, gradients: Mapping[Interface, Tensor]) -> Tensor:
        if interface.decoupled is None:
            return gradients[interface]
        scale: float = interface.decoupled.regression.scale
        return scale * interface.guess(values).detach()


def synthesizers_of(groups: Sequence[Group]) -> list[nn.Module]:
    """The synthesizers that some groups teach: of the gradients of what leaves them, of the values that enter them."""
    leaving = [one.decoupled for group in groups for one in group.leaves]
    entering = [one.imagined for group in groups for one in group.enters]
    return list(dict.fromkeys(wire.synthesizer for wire in (*leaving, *entering) if wire is not None))


def _check_wanted(groups: Sequence[Group]) -> None:
    """Refuse groups that nothing trains."""
    for group in groups:
        if not group.wanted:
            raise PhysimError(
                f"group '{group.name}' has neither a loss nor a cut wire that leaves it: nothing trains it"
            )


def _check_held(graph: ModuleGraph, groups: Sequence[Group]) -> None:
    """Refuse parameters that nothing steps, or two."""
    held = [id(one) for group in groups for one in group.parameters]
    held += [id(one) for synthesizer in synthesizers_of(groups) for one in synthesizer.parameters()]
    for name, parameter in graph.named_parameters():
        if parameter.requires_grad and held.count(id(parameter)) != 1:
            raise PhysimError(f"'{name}' is learned by {held.count(id(parameter))} groups, wanted one")
