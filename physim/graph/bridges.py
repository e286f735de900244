"""What leads a gradient from later windows into a training window: memory, guessed at its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph.context import State, map_tree
from physim.graph.crossings import crossed, foreseen
from physim.graph.ports import Port
from physim.graph.regression import Regression


@final
class Bridge:
    """Carries a memory from one training window into the next, and a synthetic gradient back, at once.

    At the end of a window the synthesizer guesses how all later losses depend on the memory [B, ...], whose tensors
    stand in a row [B, F]; when the next window has its gradient, that trains the synthesizer. What the synthesizer is
    `given` besides are ports, delayed by a tick, so that a state holds them as they were at the end of a window.
    """

    def __init__(self, name: str, synthesizer: nn.Module, scale: float, given: tuple[Port, ...] = ()) -> None:
        self.name, self.given, self.regression = name, given, Regression(name, synthesizer, scale)

    def entered(self, state: State) -> State:
        """A state at the start of a window; the gradient of its memory trains the synthesizer and goes no further."""
        if self.name not in state or any(port.node.name not in state for port in self.given):
            return state
        memory = state[self.name]
        flat = _flat(memory).detach()
        guess = self.regression.guess(flat, *self._known(state))
        return {**state, self.name: _shaped(crossed(flat.requires_grad_(), guess, self.regression), memory)}

    def guess(self, state: State) -> Tensor:
        """How all that comes after depends on a state's memory [B, F], as far as the synthesizer knows."""
        return self.regression.guess(_flat(state[self.name]).detach(), *self._known(state)).detach()

    def left(self, state: State, outputs: Any, ended: Tensor | None = None) -> Any:
        """The outputs of a window, whose gradient brings the guess to the memory at its end, where `state` is left.

        It is zero where an item has `ended` [B].
        """
        several = (outputs,) if isinstance(outputs, Tensor) else outputs
        flat = _flat(state[self.name])
        if not flat.requires_grad or not any(output.requires_grad for output in several):
            return outputs
        guess = self.regression.scale * self.guess(state)
        if ended is not None:
            guess = guess.masked_fill(self._checked(ended, flat)[:, None], 0.0)
        passed = iter(foreseen(flat, guess, tuple(output for output in several if output.requires_grad)))
        all_of_them = tuple(next(passed) if output.requires_grad else output for output in several)
        return all_of_them[0] if isinstance(outputs, Tensor) else all_of_them

    def _known(self, state: State) -> list[Tensor]:
        return [state[port.node.name].detach() for port in self.given]

    def _checked(self, ended: Tensor, flat: Tensor) -> Tensor:
        if ended.dtype is not torch.bool or ended.shape != flat.shape[:1]:
            got = f"{ended.dtype} {list(ended.shape)}"
            raise PhysimError(f"{self.name}: ended wants bool [{len(flat)}], an item of its memory each, got {got}")
        return ended


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
