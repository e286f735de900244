"""Ways to make symbols: how one is drawn, and the plain way to make many, which faster ones make the same by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Protocol, final

import torch
from torch import Tensor

from learners.sequences.wavenet import SYMBOL
from physim.checks import check_between, check_whole
from physim.errors import PhysimError
from physim.graph import ModuleGraph, State

COLDEST = 1e-6
"""The least temperature but 0: by less, logits over it are no numbers any more."""


@final
class Sampling:
    """How a symbol is drawn from logits: at a `temperature`, 0 for the likeliest one, from the `top_k` alone, and what
    is as likely as the last of these.
    """

    def __init__(self, temperature: float = 1.0, top_k: int | None = None) -> None:
        check_between(0, math.inf, temperature=temperature)
        if 0 < temperature < COLDEST:
            raise PhysimError(f"temperature is {temperature}, wanted 0, for the likeliest, or {COLDEST} or more")
        check_whole(1, top_k=top_k)
        self.temperature, self.top_k = temperature, top_k

    def draw(self, logits: Tensor, chance: Tensor) -> Tensor:
        """Symbols [B] int64 by logits [B, K], where `chance` [B] is uniform in 0 to 1."""
        if bool(logits.isnan().any()):
            raise PhysimError("what is foretold is no number: has the training diverged, or are inputs none?")
        if not self.temperature:
            return logits.argmax(-1)
        weights = ((logits - logits.max(-1, keepdim=True).values) / self.temperature).exp()
        if self.top_k is not None and self.top_k < weights.shape[-1]:
            weights = weights * (weights >= weights.topk(self.top_k).values[..., -1:])
        summed = weights.double().cumsum(-1)
        found = torch.searchsorted(summed, chance[:, None].double() * summed[:, -1:], right=True)[:, 0]
        last = weights.shape[-1] - 1 - (weights > 0).flip(-1).int().argmax(-1)  # that can be drawn
        return found.minimum(last)


class Way(Protocol):
    """A way to make symbols of a graph: the plain one, and faster ones that make the same."""

    net: ModuleGraph

    def __call__(
        self, last: Tensor, chances: Tensor, inputs: Mapping[str, Tensor], state: State, sampling: Sampling
    ) -> tuple[Tensor, State]:
        """Symbols [B, T] after the `last` [B], one for each of chances [B, T], from a memory; and the one after them.

        `inputs` are what else the graph reads: whole, or [B, T, ...].
        """


class Stepping:
    """Each symbol by a `step`, which does what the graph's own does."""

    def __init__(self, net: ModuleGraph, step: Callable[[dict[str, Tensor], State], tuple[Tensor, State]]) -> None:
        self.net, self._step = net, step

    def __call__(
        self, last: Tensor, chances: Tensor, inputs: Mapping[str, Tensor], state: State, sampling: Sampling
    ) -> tuple[Tensor, State]:
        """Symbols, one after the other; what is whole is told with the first alone."""
        made = []
        for tick in range(chances.shape[1]):
            told = {name: value if self.net[name].node.whole else value[:, tick] for name, value in inputs.items()}
            if tick:
                told = {name: value for name, value in told.items() if not self.net[name].node.whole}
            logits, state = self._step({**told, SYMBOL: last}, state)
            last = sampling.draw(logits, chances[:, tick])
            made.append(last)
        return torch.stack(made, 1), state


@final
class Plain(Stepping):
    """Each symbol by a `step` of the graph."""

    def __init__(self, net: ModuleGraph) -> None:
        super().__init__(net, net.step)
