"""Modules with memory: one base class, a fused LSTM and a causal convolution."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from physim.graph.context import map_tree, where_reset


class Memory(nn.Module, ABC):
    """A module with memory: `forward` over whole sequences and `step` over single ticks, which agree.

    A subclass gives `initial_state`, `scan` (a sequence without resets) and `tick`; `forward` adds the resets by
    scanning the stretches between them, so sequences without resets run at the subclass's full speed.
    """

    @abstractmethod
    def initial_state(self, items: int, like: Tensor) -> Any:
        """The memory of `items` fresh items, a tree of tensors [items, ...] of `like`'s dtype and device."""

    @abstractmethod
    def scan(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Run a whole sequence [items, ticks, ...] without resets; return the outputs and the memory after it."""

    @abstractmethod
    def tick(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Run one tick [items, ...]; return the output and the memory after it."""

    @final  # type: ignore[misc]
    def forward(self, inputs: Tensor, state: Any = None, reset: Tensor | None = None) -> tuple[Tensor, Any]:
        """Run a whole sequence; where `reset` [items, ticks] is set, an item's memory starts anew at that tick."""
        if state is None:
            state = self.initial_state(inputs.shape[0], inputs)
        if reset is None or not bool(reset.any()):
            return self.scan(inputs, state)
        outputs = []
        for start, stop in _stretches(reset):
            state = self._restarted(inputs, state, reset[:, start])
            output, state = self.scan(inputs[:, start:stop], state)
            outputs.append(output)
        return torch.cat(outputs, dim=1), state

    @final
    def step(self, inputs: Tensor, state: Any = None, reset: Tensor | None = None) -> tuple[Tensor, Any]:
        """Run one tick; where `reset` [items] is set, an item's memory starts anew before it."""
        if state is None:
            state = self.initial_state(inputs.shape[0], inputs)
        elif reset is not None:
            state = self._restarted(inputs, state, reset)
        return self.tick(inputs, state)

    def _restarted(self, inputs: Tensor, state: Any, reset: Tensor) -> Any:
        initial = self.initial_state(inputs.shape[0], inputs)
        return map_tree(lambda fresh, old: where_reset(reset, fresh, old), initial, state)


def _stretches(reset: Tensor) -> Iterator[tuple[int, int]]:
    starts = sorted({0, *reset.any(dim=0).nonzero().flatten().tolist()})
    yield from zip(starts, [*starts[1:], reset.shape[1]], strict=True)


class LSTM(Memory):
    """A long short-term memory over items and ticks, in its weights' precision whatever is computed about it: a cell of
    eight bits forgets what is small beside it.

    Shapes: inputs [B, T, in_features] -> [B, T, features]; memory (hidden [B, features], cell [B, features]).
    """

    def __init__(self, in_features: int, features: int) -> None:
        super().__init__()
        self.core = nn.LSTM(in_features, features, batch_first=True)
        self.features = features

    def initial_state(self, items: int, like: Tensor) -> tuple[Tensor, Tensor]:
        zeros = like.new_zeros(items, self.features, dtype=self.core.all_weights[0][0].dtype)
        return zeros, zeros

    def scan(self, inputs: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        with torch.autocast(inputs.device.type, enabled=False):
            hidden, cell = (value[None].contiguous() for value in state)
            outputs, (hidden, cell) = self.core(inputs.to(hidden.dtype), (hidden, cell))
        return outputs, (hidden[0], cell[0])

    def tick(self, inputs: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        with torch.autocast(inputs.device.type, enabled=False):
            state = torch.lstm_cell(inputs.to(state[0].dtype), state, *self.core.all_weights[0])
        return state[0], state


class CausalConv1d(Memory):
    """A dilated convolution over ticks that sees the present and the past only.

    Shapes: inputs [B, T, in_features] -> [B, T, features]; memory [B, (kernel_size - 1) * dilation, in_features].
    """

    def __init__(self, in_features: int, features: int, kernel_size: int, dilation: int = 1) -> None:
        super().__init__()
        self.core = nn.Conv1d(in_features, features, kernel_size, dilation=dilation)
        self.reach = (kernel_size - 1) * dilation

    def initial_state(self, items: int, like: Tensor) -> Tensor:
        return like.new_zeros(items, self.reach, self.core.in_channels)

    def scan(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        seen = torch.cat([state, inputs], dim=1)
        starts = range(0, self.reach + 1, self.core.dilation[0])
        taps = torch.cat([seen[:, start : start + inputs.shape[1]] for start in starts], dim=2)
        return self._weighed(taps), seen[:, inputs.shape[1] :]

    def tick(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        seen = torch.cat([state, inputs[:, None]], dim=1)
        taps = seen[:, :: self.core.dilation[0]]  # [B, kernel_size, in_features]
        return self._weighed(taps.flatten(1)), seen[:, 1:]

    def _weighed(self, taps: Tensor) -> Tensor:
        """One product for all that is seen of an item [..., kernel_size * in_features]: faster than a convolution."""
        return functional.linear(taps, self.core.weight.permute(0, 2, 1).flatten(1), self.core.bias)
