"""The losses of IMPALA: what another policy decided, corrected by V-trace (arXiv:1802.01561)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor

from learners.agents.graphs import POLICY, VALUE
from learners.agents.losses.actor_critic import DISCOUNT
from learners.agents.losses.base import FRESH, AgentLoss
from learners.agents.off_policy import v_trace
from learners.agents.policies import entropy, of_chosen
from learners.agents.returns import ends_of
from learners.agents.unrolls import ACTION, BEHAVIOUR, REWARD, mean_decided
from physim.checks import check_between
from physim.graph import ModuleGraph


@final
class CorrectedPolicyGradient(AgentLoss):
    """-min(1, rho) (r + discount v' - V) log pi(a) - entropy H(pi), the mean over decisions; v by V-trace.

    On fresh unrolls it makes good what weights of actors are late; on replayed ones it learns from what is older.
    """

    numbers: ClassVar[bool | None] = False
    trusts: tuple[str, ...] = (VALUE,)

    def __init__(
        self, graph: ModuleGraph, entropy: float = 1e-3, discount: float = DISCOUNT, stream: str = FRESH
    ) -> None:
        super().__init__(f"corrected_policy_gradient_{stream}", graph, (POLICY, VALUE), 1.0, stream)
        check_between(0, math.inf, entropy=entropy)
        check_between(0, 1, discount=discount)
        self.entropy, self.discount = entropy, discount

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        _, gains = _corrected(values, ticks, self.discount)
        logs = values[0][:, :-1].log_softmax(-1)
        gains = gains * of_chosen(logs, ticks[ACTION][:, :-1])
        return mean_decided(-gains - self.entropy * entropy(logs), ticks)


@final
class CorrectedValues(AgentLoss):
    """(v - V)^2 / 2, the mean over decisions; v by V-trace."""

    numbers: ClassVar[bool | None] = False

    def __init__(
        self, graph: ModuleGraph, weight: float = 0.5, discount: float = DISCOUNT, stream: str = FRESH
    ) -> None:
        super().__init__(f"corrected_values_{stream}", graph, (POLICY, VALUE), weight, stream)
        check_between(0, 1, discount=discount)
        self.discount = discount

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        targets, _ = _corrected(values, ticks, self.discount)
        return mean_decided((targets - values[1][:, :-1, 0]).square() / 2, ticks)


@torch.no_grad()
def _corrected(values: tuple[Tensor, ...], ticks: Mapping[str, Tensor], discount: float) -> tuple[Tensor, Tensor]:
    """V-trace's targets and advantages [B, T]."""
    ours, theirs = (of_chosen(logs, ticks[ACTION]) for logs in (values[0].log_softmax(-1), ticks[BEHAVIOUR]))
    worth = values[1].squeeze(-1)
    return v_trace(ticks[REWARD], worth, (ours - theirs).exp(), ends_of(ticks), discount)
