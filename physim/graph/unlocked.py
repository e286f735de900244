"""Training without locks: what lies between cut wires updates on its own, as soon as its gradient is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import final

import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.graph.context import State
from physim.graph.groups import Group, Interface, Values, groups_of
from physim.graph.losses import Loss
from physim.graph.module_graph import Inputs, ModuleGraph
from physim.graph.stepper import Optimisers, Stepper


@final
class Unlocked:
    """Trains a cut graph group by group: no group waits for the backward pass of another.

    An update runs all groups forward; then each or, with a `probability` under 1, each so often only, takes its own
    step by its losses and the synthetic gradients of what leaves it; true gradients, of cuts whose readers all had
    their turn, then teach the synthesizers. A group whose turn it is not only gives its values: it stays as it is, and
    so do its statistics of batches. `optimiser` makes one for a group's parameters, and one for each synthesizer's.

    Graphs with memory train on windows, each from the memory that is given or a fresh one, and anew where the target
    "reset" [B, T] is set; no gradient leads from one window to another. `state` is the memory after the last one.

    Raises: PhysimError as `groups_of` does, and where nothing trains a group, or something is learned that no group
    holds.
    """

    def __init__(
        self, graph: ModuleGraph, losses: Sequence[Loss], optimiser: Optimisers, probability: float = 1.0, seed: int = 0
    ) -> None:
        if not 0 < probability <= 1:
            raise PhysimError(f"probability is {probability}, wanted a number above 0, up to 1")
        self.groups, self.probability = groups_of(graph, losses), probability
        self.stepper = Stepper(graph, self.groups, self.groups, optimiser)
        self.random = torch.Generator().manual_seed(seed)
        self.interfaces = list(dict.fromkeys(interface for group in self.groups for interface in group.leaves))

    def update(self, inputs: Inputs, targets: Mapping[str, Tensor], state: State | None = None) -> dict[str, Tensor]:
        """One update of all groups, or of those whose turn it is, from a memory `state`; gives the losses by name.

        Raises: PhysimError for a missing input, or a guess that has another shape than what it is of.
        """
        values: Values = {}
        self.stepper.after = {}
        turns = self._turns()
        for group in self.groups:
            with nullcontext() if group in turns else _unmoved(group):
                for interface in group.enters:
                    if interface.port not in values:
                        values[interface.port] = _read(interface, values)
                values |= self.stepper.forward(group, inputs, values, targets.get("reset"), state)
        found: dict[str, Tensor] = {}
        for group in turns:
            found |= self.stepper.backward(group, values, targets, {})
        for interface in self.interfaces:
            if all(group in turns for group in self.groups if interface in group.enters):
                self._learn(interface, values)
        return found

    @property
    def state(self) -> State:
        """The memory after the last update's window, for the next one; empty in a graph without memory."""
        return self.stepper.after

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of all optimisers."""
        self.stepper.set_rate(rate)

    def _turns(self) -> list[Group]:
        if self.probability == 1:
            return self.groups
        chosen = torch.rand(len(self.groups), generator=self.random) < self.probability
        return [group for group, its in zip(self.groups, chosen.tolist(), strict=True) if its]

    def _learn(self, interface: Interface, values: Values) -> None:
        """Steps of the synthesizers of a cut; where no loss depends on what was read, the true gradient is 0."""
        value = values[interface.port]
        if interface.decoupled is None or not value.is_floating_point():
            return
        true = torch.zeros_like(value) if value.grad is None else value.grad
        self.stepper.learn(interface.decoupled.synthesizer, partial(interface.misjudged, values, true))
        if interface.imagined is not None:
            self.stepper.learn(interface.imagined.synthesizer, partial(interface.misimagined, values))


@contextmanager
def _unmoved(group: Group) -> Iterator[None]:
    """Let what runs for a group leave its buffers as they are, such as statistics of batches."""
    imagining = (one.imagined.synthesizer for one in group.enters if one.imagined is not None)
    buffers = [(buffer, buffer.clone()) for module in (*group.modules, *imagining) for buffer in module.buffers()]
    try:
        yield
    finally:
        for buffer, before in buffers:
            buffer.copy_(before)


def _read(interface: Interface, values: Values) -> Tensor:
    """What is read behind a cut [B, ...], where gradients begin."""
    value = values[interface.source] if interface.imagined is None else interface.imagine(values)
    return value.detach().requires_grad_(value.is_floating_point())
