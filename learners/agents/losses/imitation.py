"""Doing as one is advised: what kickstarts an agent (arXiv:1803.03835), here by a walker that needs not learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from torch import Tensor
from torch.nn import functional

from learners.agents.graphs import POLICY
from learners.agents.losses.base import AgentLoss
from physim.graph import ModuleGraph


@final
class Imitation(AgentLoss):
    """The cross-entropy of the policy and the advised action, its mean over ticks.

    The agent itself acts, and so it is advised where it gets to (as in DAgger, Ross et al. 2011).
    """

    wants: ClassVar[tuple[str, ...]] = ("advice",)
    numbers: ClassVar[bool | None] = False

    def __init__(self, graph: ModuleGraph, weight: float = 1.0) -> None:
        super().__init__("imitation", graph, (POLICY,), weight)

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        return functional.cross_entropy(values[0].flatten(0, 1), ticks["advice"].flatten().long())
