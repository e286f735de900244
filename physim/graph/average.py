"""A shadow of a graph, whose weights are averages of what the graph's were."""

from __future__ import annotations

import copy
from typing import final

import torch

from physim.errors import PhysimError
from physim.graph.module_graph import ModuleGraph


@final
class Average:
    """The graph `shadow`, at first as the graph is; `update` moves its weights to decay old + (1 - decay) new."""

    def __init__(self, graph: ModuleGraph, decay: float) -> None:
        if not 0 <= decay < 1:
            raise PhysimError(f"decay is {decay}, wanted from 0 to under 1")
        self.graph, self.decay = graph, decay
        self.shadow = copy.deepcopy(graph).requires_grad_(False)
        # named once: small graphs would spend as long on that as on the weights
        self._old, self._new = tuple(self.shadow.parameters()), tuple(graph.parameters())

    @torch.no_grad()
    def update(self) -> None:
        """Move to the graph's weights; buffers are taken as they are."""
        torch._foreach_lerp_(self._old, self._new, 1 - self.decay)
        for kept, buffer in zip(self.shadow.buffers(), self.graph.buffers(), strict=True):
            kept.copy_(buffer)
