"""Losses stand on ports: an objective is data beside the graph, so objectives combine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from torch import Tensor

from physim.errors import PhysimError
from physim.graph.context import State
from physim.graph.module_graph import Inputs, ModuleGraph
from physim.graph.ports import Port


class Loss(ABC):
    """A named scalar on some ports of a graph, for one stream of data ('fresh', 'replayed', 'skewed').

    Parts of a batch on which it is computed are multiples of `group` examples.
    """

    group: int = 1

    def __init__(self, name: str, *ports: Port, stream: str = "fresh") -> None:
        self.name = name
        self.ports = ports
        self.stream = stream

    @abstractmethod
    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        """The loss, a scalar, from its ports' values and the batch's targets."""

    def among(self, values: Mapping[Port, Tensor], targets: Mapping[str, Tensor]) -> Tensor:
        """The loss where its ports' values are among others, by port."""
        return self.value(tuple(values[port] for port in self.ports), targets)


def check_names(losses: Sequence[Loss]) -> None:
    """Refuse losses that one training cannot tell apart, by name."""
    names = [loss.name for loss in losses]
    for name in names:
        if names.count(name) > 1:
            raise PhysimError(f"{names.count(name)} losses are called '{name}', wanted a name for each")


def check_losses(losses: Sequence[Loss]) -> None:
    """Refuse losses that one training cannot tell apart, by name, or that are of several streams."""
    check_names(losses)
    streams = sorted({loss.stream for loss in losses})
    if len(streams) > 1:
        raise PhysimError(f"the losses are of the streams {streams}, wanted those of one: they share their batches")


def values_of(
    graph: ModuleGraph, ports: Iterable[Port], inputs: Inputs, state: State | None = None, reset: Tensor | None = None
) -> tuple[dict[Port, Tensor], State]:
    """The values of some ports, named once or more, from one run; and the memory after the window."""
    wanted = tuple(dict.fromkeys(ports))
    results, state = graph.window(inputs, state, reset, outputs=wanted)
    return dict(zip(wanted, (results,) if len(wanted) == 1 else results, strict=True)), state


def losses_of(
    graph: ModuleGraph,
    losses: Sequence[Loss],
    inputs: Inputs,
    targets: Mapping[str, Tensor],
    stream: str = "fresh",
    state: State | None = None,
) -> tuple[dict[str, Tensor], State]:
    """The losses of one stream by name, and the memory after the window; only modules that they need run.

    Raises: PhysimError where no loss is of that stream, or two have one name.
    """
    wanted = [loss for loss in losses if loss.stream == stream]
    if not wanted:
        raise PhysimError(f"no loss stands on the stream '{stream}'; streams: {sorted({x.stream for x in losses})}")
    check_losses(wanted)
    ports = (port for loss in wanted for port in loss.ports)
    values, state = values_of(graph, ports, inputs, state, targets.get("reset"))
    return {loss.name: loss.among(values, targets) for loss in wanted}, state
