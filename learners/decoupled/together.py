"""Training by one backward pass: what cut graphs are compared with, and wires that need true gradients from above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

from torch import Tensor

from physim.graph import Loss, ModuleGraph, losses_of
from physim.graph.module_graph import Inputs
from physim.graph.stepper import Optimisers


@final
class Together:
    """One optimiser for all parameters of a graph, its synthesizers among them; see `Unlocked` for the other way."""

    def __init__(self, graph: ModuleGraph, losses: Sequence[Loss], optimiser: Optimisers) -> None:
        self.graph, self.losses = graph, losses
        self.optimiser = optimiser(list(graph.parameters()))

    def update(self, inputs: Inputs, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """One update of all; gives the losses by name."""
        found, _ = losses_of(self.graph, self.losses, inputs, targets)
        self.optimiser.zero_grad()
        sum(found.values()).backward()  # type: ignore[union-attr]
        self.optimiser.step()
        return {name: loss.detach() for name, loss in found.items()}

    def set_rate(self, rate: float) -> None:
        """Set the learning rate."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
