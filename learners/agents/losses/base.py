"""What all losses of agents have in common."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, final

from torch import Tensor

from learners.agents.graphs import actions_of
from physim.checks import check_among, check_number, check_several
from physim.errors import PhysimError
from physim.graph import Loss, ModuleGraph, Port

NOTED = ": "
"""Stands between a loss's name and what it notes, in curves."""
FRESH, REPLAYED, SKEWED = "fresh", "replayed", "skewed"
"""What actors just brought; sequences of what they brought before; and three ticks each, half of them rewarded."""


class AgentLoss(Loss):
    """`weight` times an error of ports of an agent's graph, which are found by name.

    `wants` names what ticks must hold beside what every unroll holds, and `trusts` the ports that another loss must
    teach. A loss is for some `streams`, and for agents that choose, for those that tell `numbers`, or for both (None).
    `notes` are figures of its last unroll that stand beside its value in a curve.
    """

    wants: ClassVar[tuple[str, ...]] = ()
    trusts: tuple[str, ...] = ()
    streams: ClassVar[tuple[str, ...]] = (FRESH, REPLAYED)
    numbers: ClassVar[bool | None] = None

    def __init__(self, name: str, graph: ModuleGraph, ports: Sequence[str], weight: float, stream: str = FRESH) -> None:
        super().__init__(name, *(_port(graph, port, name) for port in ports), stream=stream)
        check_several(wants=self.wants)
        check_among(f"{name}: the stream", stream, self.streams)
        check_number(**{f"the weight of {name}": weight})
        if not 0 < weight < math.inf:
            raise PhysimError(f"the weight of {name} is {weight}, wanted more than 0: leave the loss out instead")
        _, numbers = actions_of(graph)
        if self.numbers is not None and self.numbers != numbers:
            kinds = ("choose among actions", "tell numbers")
            raise PhysimError(
                f"{name} is for agents that {kinds[self.numbers]}, and this one does not: see learners.agents.methods "
                "for what others learn by"
            )
        self.weight = weight
        self.notes: dict[str, float] = {}

    @final
    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        for name in self.wants:
            if name not in targets:
                told = ", ".join(sorted(targets))
                raise PhysimError(
                    f"{self.name} wants '{name}', but unrolls hold {told}; it is an observation, or a label, which is "
                    "named in Playing and in the environments' settings"
                )
        error = self.error(values, targets)
        if not isinstance(error, Tensor) or error.dim():
            got = list(error.shape) if isinstance(error, Tensor) else type(error).__name__
            raise PhysimError(f"the error of {self.name} is {got}, wanted a tensor that is a scalar")
        return self.weight * error

    @abstractmethod
    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        """The error, a scalar, from the ports' values [B, T + 1, ...] and the ticks of an unroll."""


def check_taught(losses: Sequence[AgentLoss]) -> None:
    """Refuse losses one of which trusts a port that none of the others teaches."""
    taught = {port.name for loss in losses for port in loss.ports if port.name not in loss.trusts}
    for loss in losses:
        for port in loss.trusts:
            if port not in taught:
                raise PhysimError(f"{loss.name} trusts '{port}', and no other loss teaches it: add one that does")


def _port(graph: ModuleGraph, port: str, name: str) -> Port:
    known = [node.name for node in graph.nodes]
    if port not in known:
        raise PhysimError(
            f"{name} stands on '{port}', which this agent does not have: it has {', '.join(known)}; heads are named in "
            "agent(heads=...), or added by the builder"
        )
    return graph[port]
