"""What all losses of agents have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, final

from torch import Tensor

from learners.agents.graphs import actions_of
from physim.errors import PhysimError
from physim.graph import Loss, ModuleGraph, Port

FRESH, REPLAYED, SKEWED = "fresh", "replayed", "skewed"
"""What actors just brought; sequences of what they brought before; and three ticks each, half of them rewarded."""

STREAMS = (FRESH, REPLAYED, SKEWED)


class AgentLoss(Loss):
    """`weight` times an error of ports of an agent's graph, which are found by name.

    `wants` names what ticks must hold beside what every unroll holds. A loss is for agents that choose, for those that
    tell `numbers`, or for both (None). `notes` are figures of its last unroll that stand beside its value in a curve.
    """

    wants: ClassVar[tuple[str, ...]] = ()
    numbers: ClassVar[bool | None] = None

    def __init__(self, name: str, graph: ModuleGraph, ports: Sequence[str], weight: float, stream: str = FRESH) -> None:
        super().__init__(name, *(_port(graph, port, name) for port in ports), stream=stream)
        if stream not in STREAMS:
            raise PhysimError(f"{name}: the stream is {stream!r}, wanted one of {', '.join(STREAMS)}")
        if weight <= 0:
            raise PhysimError(f"the weight of {name} is {weight}, wanted more than 0: leave the loss out instead")
        _, numbers = actions_of(graph)
        if self.numbers is not None and self.numbers != numbers:
            kinds = ("choose among actions", "tell numbers")
            raise PhysimError(
                f"{name} is for agents that {kinds[self.numbers]}, and this one does not; "
                f"for agents that {kinds[1]} there are AcerContinuousPolicy and AcerContinuousCritic"
            )
        self.weight = weight
        self.notes: dict[str, float] = {}

    @final
    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        for name in self.wants:
            if name not in targets:
                told = ", ".join(sorted(targets))
                raise PhysimError(
                    f"{self.name} wants '{name}', but unrolls hold {told}; labels are named in Playing, and in the "
                    "environments' settings"
                )
        return self.weight * self.error(values, targets)

    @abstractmethod
    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        """The error, a scalar, from the ports' values [B, T + 1, ...] and the ticks of an unroll."""


def _port(graph: ModuleGraph, port: str, name: str) -> Port:
    if port not in {node.name for node in graph.nodes}:
        raise PhysimError(f"{name} stands on '{port}', which this agent does not have: name it in agent(heads=...)")
    return graph[port]
