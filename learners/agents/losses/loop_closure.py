"""Noticing where one has been: the loop closure of Learning to Navigate (arXiv:1611.03673, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from torch import Tensor
from torch.nn import functional

from learners.agents.losses.base import AgentLoss
from physim.graph import ModuleGraph


@final
class LoopClosure(AgentLoss):
    """The cross-entropy of whether a loop was closed, its mean over ticks."""

    wants: ClassVar[tuple[str, ...]] = ("loop_closure",)

    def __init__(self, graph: ModuleGraph, weight: float = 1.0) -> None:
        super().__init__("loop_closure", graph, ("loop_closure",), weight)

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        closed = ticks["loop_closure"].to(values[0].dtype)
        return functional.binary_cross_entropy_with_logits(values[0].squeeze(-1), closed)
