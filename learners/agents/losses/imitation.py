"""Doing as one is advised: what kickstarts an agent (arXiv:1803.03835), here by a walker that needs not learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from torch import Tensor
from torch.nn import functional

from learners.agents.graphs import POLICY
from learners.agents.losses.base import AgentLoss
from learners.agents.unrolls import mean_decided
from physim.graph import ModuleGraph


@final
class Imitation(AgentLoss):
    """The cross-entropy of the policy and the advised action, the mean over decisions.

    The agent itself acts, and so it is advised where it gets to (as in DAgger, Ross et al. 2011).
    """

    wants: ClassVar[tuple[str, ...]] = ("advice",)
    numbers: ClassVar[bool | None] = False

    def __init__(self, graph: ModuleGraph, weight: float = 1.0) -> None:
        super().__init__("imitation", graph, (POLICY,), weight)

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        logits, advice = values[0][:, :-1], ticks["advice"][:, :-1].long()
        return mean_decided(functional.cross_entropy(logits.movedim(-1, 1), advice, reduction="none"), ticks)
