"""The losses of A3C (arXiv:1602.01783)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, final

from torch import Tensor

from learners.agents.graphs import POLICY, VALUE
from learners.agents.losses.base import FRESH, AgentLoss
from learners.agents.policies import entropy, of_chosen
from learners.agents.returns import ends_of, lambda_returns
from learners.agents.unrolls import ACTION, REWARD, mean_decided
from physim.checks import check_between
from physim.graph import ModuleGraph

DISCOUNT = 0.99


@final
class PolicyGradient(AgentLoss):
    """-(R_t - V_t) log pi(a_t) - entropy H(pi), the mean over decisions.

    R are n-step returns to the end of the unroll or, with a `gae_lambda` under 1, lambda-returns: then R - V is the
    generalised advantage.
    """

    numbers: ClassVar[bool | None] = False
    trusts: tuple[str, ...] = (VALUE,)

    def __init__(
        self,
        graph: ModuleGraph,
        entropy: float = 1e-3,
        discount: float = DISCOUNT,
        gae_lambda: float = 1.0,
        weight: float = 1.0,
    ) -> None:
        super().__init__("policy_gradient", graph, (POLICY, VALUE), weight)
        check_between(0, math.inf, entropy=entropy)
        check_between(0, 1, discount=discount, gae_lambda=gae_lambda)
        self.entropy, self.discount, self.gae_lambda = entropy, discount, gae_lambda

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        logits, worth = values[0][:, :-1], values[1].detach().squeeze(-1)
        returns = returns_of(worth, ticks, self.discount, self.gae_lambda)
        logs = logits.log_softmax(-1)
        gains = (returns - worth[:, :-1]) * of_chosen(logs, ticks[ACTION][:, :-1])
        return mean_decided(-gains - self.entropy * entropy(logs), ticks)


@final
class Values(AgentLoss):
    """(R_t - V_t)^2 / 2, the mean over decisions, with R as in PolicyGradient; the value loss of A3C.

    On the stream "replayed" it is UNREAL's value replay (arXiv:1611.05397, section 3.4).
    """

    def __init__(
        self,
        graph: ModuleGraph,
        weight: float = 0.5,
        discount: float = DISCOUNT,
        gae_lambda: float = 1.0,
        stream: str = FRESH,
    ) -> None:
        super().__init__("values" if stream == FRESH else "value_replay", graph, (VALUE,), weight, stream)
        check_between(0, 1, discount=discount, gae_lambda=gae_lambda)
        self.discount, self.gae_lambda = discount, gae_lambda

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        worth = values[0].squeeze(-1)
        returns = returns_of(worth.detach(), ticks, self.discount, self.gae_lambda)
        return mean_decided((returns - worth[:, :-1]).square() / 2, ticks)


def returns_of(worth: Tensor, ticks: Mapping[str, Tensor], discount: float, gae_lambda: float = 1.0) -> Tensor:
    """Lambda-returns [B, T] of an unroll's decisions, from values [B, T + 1]."""
    return lambda_returns(ticks[REWARD], worth, ends_of(ticks), discount, gae_lambda)
