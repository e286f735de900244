"""Foreseeing rewards: UNREAL's reward prediction (arXiv:1611.05397, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from torch import Tensor
from torch.nn import functional

from learners.agents.losses.base import SKEWED, AgentLoss
from learners.agents.unrolls import NEXT_REWARD
from physim.graph import ModuleGraph


@final
class RewardPrediction(AgentLoss):
    """The cross-entropy of the sign of a reward, none, more or less, told from the three frames before it."""

    wants: ClassVar[tuple[str, ...]] = (NEXT_REWARD,)
    streams: ClassVar[tuple[str, ...]] = (SKEWED,)

    def __init__(self, graph: ModuleGraph, weight: float = 1.0) -> None:
        super().__init__("reward_prediction", graph, ("reward_prediction",), weight, SKEWED)

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        reward = ticks[NEXT_REWARD]
        kind = (reward > 0).long() + 2 * (reward < 0).long()
        return functional.cross_entropy(values[0][:, -1], kind)
