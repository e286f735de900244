"""What leads a gradient from later windows into a training window: memory, guessed at its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph.context import State, map_tree
from physim.graph.crossings import crossed, foreseen
from physim.graph.delays import delayed
from physim.graph.nodes import checked_module
from physim.graph.ports import Port, same_graph
from physim.graph.regression import Regression


@final
class Bridge:
    """Carries a memory from one training window into the next, and a synthetic gradient back, at once.

    At the end of a window the synthesizer guesses how all later losses depend on the memory [B, ...], whose tensors
    stand in a row [B, F]; when the next window has its gradient, that trains the synthesizer. What the synthesizer is
    `given` besides are ports, delayed by a tick, so that a state holds them as they were at the end of a window.
    """

    def __init__(self, memory: Port, synthesizer: nn.Module, scale: float, given: tuple[Port, ...] = ()) -> None:
        self.name, self.place, self.given = memory.node.name, memory.place, given
        self.regression = Regression(self.name, synthesizer, scale)

    def entered(self, state: State, begun: Tensor | None = None) -> State:
        """A state at the start of a window; the gradient of its memory trains the synthesizer and goes no further.

        Items of the memory that have `begun` [B] anew have none, and teach nothing.
        """
        if self.name not in state or any(port.node.name not in state for port in self.given):
            return state
        memory = state[self.name]
        flat = _flat(memory).detach()
        guess = _where_not(begun, self.regression.guess(flat, *self._known(state)))
        return {**state, self.name: _shaped(crossed(flat.requires_grad_(), guess, self.regression), memory)}

    def guess(self, state: State) -> Tensor:
        """How all that comes after depends on a state's memory [B, F], as far as the synthesizer knows."""
        return self.regression.guess(_flat(state[self.name]).detach(), *self._known(state)).detach()

    def left(self, state: State, outputs: Any, ended: Tensor | None = None) -> Any:
        """The outputs of a window, whose gradient brings the guess to the memory at its end, where `state` is left.

        It is zero where an item of the memory has `ended` [B].
        """
        several = (outputs,) if isinstance(outputs, Tensor) else outputs
        flat = _flat(state[self.name])
        if not flat.requires_grad or not any(output.requires_grad for output in several):
            return outputs
        guess = _where_not(ended, self.regression.scale * self.guess(state))
        passed = iter(foreseen(flat, guess, tuple(output for output in several if output.requires_grad)))
        all_of_them = tuple(next(passed) if output.requires_grad else output for output in several)
        return all_of_them[0] if isinstance(outputs, Tensor) else all_of_them

    def _known(self, state: State) -> list[Tensor]:
        return [state[port.node.name].detach() for port in self.given]


def bridge(memory: Port, synthesizer: nn.Module, scale: float, given: Port | tuple[Port, ...]) -> Bridge:
    """A new bridge of a graph; see `ModuleGraph.bridge`."""
    several = (given,) if isinstance(given, Port) else tuple(given)
    graph, name = same_graph("bridge", (memory, *several)), memory.node.name
    if not memory.node.remembers:
        raise PhysimError(f"bridge: '{memory.name}' keeps nothing from one tick to the next in this graph")
    if any(known.name == name for known in graph.bridges):
        raise PhysimError(f"bridge: '{memory.name}' is bridged already")
    held = graph.equip(f"bridge({name})", checked_module(f"bridge('{memory.name}')", synthesizer))
    graph.bridges.append(Bridge(memory, held, scale, tuple(delayed(port) for port in several)))
    graph.changed()
    return graph.bridges[-1]


def _where_not(ended: Tensor | None, guess: Tensor) -> Tensor:
    """A guess [B, F], or zero where an item has `ended` [B]."""
    return guess if ended is None else guess.masked_fill(ended[:, None], 0.0)


def _tensors(memory: Any) -> list[Tensor]:
    found: list[Tensor] = []
    map_tree(found.append, memory)
    return found


def _flat(memory: Any) -> Tensor:
    """The tensors of a memory [B, ...] in a row [B, F]."""
    tensors = _tensors(memory)
    if not all(tensor.is_floating_point() for tensor in tensors):
        raise PhysimError("bridge: the memory holds numbers that have no gradient")
    return torch.cat([tensor.flatten(1) for tensor in tensors], dim=1)


def _shaped(flat: Tensor, memory: Any) -> Any:
    """A row [B, F] as the tree of tensors that `memory` is."""
    parts: Iterator[Tensor] = iter(flat.split([tensor[0].numel() for tensor in _tensors(memory)], dim=1))
    return map_tree(lambda tensor: next(parts).reshape(tensor.shape), memory)
