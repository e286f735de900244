"""Losses stand on ports: an objective is data beside the graph, so objectives combine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from torch import Tensor

from physim.errors import PhysimError
from physim.graph.context import State
from physim.graph.module_graph import Inputs, ModuleGraph
from physim.graph.ports import Port


class Loss(ABC):
    """A named scalar on some ports of a graph, for one stream of data ('fresh', 'replayed', 'skewed')."""

    def __init__(self, name: str, *ports: Port, stream: str = "fresh") -> None:
        self.name = name
        self.ports = ports
        self.stream = stream

    @abstractmethod
    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        """The loss, a scalar, from its ports' values and the batch's targets."""


def losses_of(
    graph: ModuleGraph,
    losses: Sequence[Loss],
    inputs: Inputs,
    targets: Mapping[str, Tensor],
    stream: str = "fresh",
    state: State | None = None,
) -> tuple[dict[str, Tensor], State]:
    """The losses of one stream by name, and the memory after the window; only modules that they need run."""
    wanted = [loss for loss in losses if loss.stream == stream]
    if not wanted:
        raise PhysimError(f"no loss stands on the stream '{stream}'; streams: {sorted({x.stream for x in losses})}")
    ports = tuple(dict.fromkeys(port for loss in wanted for port in loss.ports))
    reset = targets.get("reset")
    results, state = graph.window(inputs, state, reset, outputs=ports)
    values = dict(zip(ports, (results,) if len(ports) == 1 else results, strict=True))
    return {loss.name: loss.value(tuple(values[port] for port in loss.ports), targets) for loss in wanted}, state
