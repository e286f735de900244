"""ACER's losses for actions that are numbers (arXiv:1611.01224, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor

from learners.agents.graphs import DUELLING, POLICY, VALUE
from learners.agents.losses.acer import check_bounds, notes
from learners.agents.losses.actor_critic import DISCOUNT
from learners.agents.losses.base import FRESH, AgentLoss
from learners.agents.modules import DEVIATION
from learners.agents.off_policy import retrace, within_region
from learners.agents.returns import ends_of
from learners.agents.unrolls import ACTION, AVERAGE_POLICY, BEHAVIOUR, REWARD, mean_decided
from physim.checks import check_between
from physim.graph import ModuleGraph

LARGEST = 50.0
"""The largest exponent of a ratio of probabilities: further ones are infinite for all purposes."""


@final
class AcerContinuousCritic(AgentLoss):
    """(Q_ret - Q(x, a))^2 / 2 + (V_target - V)^2 / 2, V_target = min(1, rho) (Q_ret - Q) + V, the mean over decisions.

    Q is of stochastic duelling, or of another `head`; Q_ret by Retrace with the traces min(1, rho^(1 / A)).
    """

    numbers: ClassVar[bool | None] = True

    def __init__(
        self,
        graph: ModuleGraph,
        weight: float = 1.0,
        discount: float = DISCOUNT,
        stream: str = FRESH,
        head: str = DUELLING,
    ) -> None:
        super().__init__(f"acer_critic_{stream}", graph, (POLICY, VALUE, head), weight, stream)
        check_between(0, 1, discount=discount)
        self.discount = discount

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        value, worth = values[1][:, :-1, 0], values[2][:, :-1, 0]
        ratio = ratios(values[0].detach(), ticks, ticks[ACTION])
        traces = ratio.pow(1 / ticks[ACTION].shape[-1]).clamp(max=1)
        returns = _returns(values, ticks, traces, self.discount)
        surprise = returns - worth
        aimed = ratio[:, :-1].clamp(max=1) * surprise.detach() + value.detach()
        return mean_decided((surprise.square() + (aimed - value).square()) / 2, ticks)


@final
class AcerContinuousPolicy(AgentLoss):
    """The truncated policy gradient of the means, its bias corrected by one action that is tried, in a trust region.

    g = min(c, rho) (Q_opc - V) (a - m) / s^2 + max(0, 1 - c / rho(b)) (Q(b) - V) (b - m) / s^2, where Q_opc has the
    traces 1; then the nearest of which the divergence from the average policy grows by no more than `region`.
    """

    wants: ClassVar[tuple[str, ...]] = (AVERAGE_POLICY,)
    numbers: ClassVar[bool | None] = True

    def __init__(
        self,
        graph: ModuleGraph,
        truncation: float = 5.0,
        region: float | None = 1.0,
        discount: float = DISCOUNT,
        stream: str = FRESH,
        head: str = DUELLING,
    ) -> None:
        super().__init__(f"acer_policy_{stream}", graph, (POLICY, VALUE, head), 1.0, stream)
        check_between(0, 1, discount=discount)
        check_bounds(truncation, region)
        self.trusts = (VALUE, self.ports[2].name)
        self.ports = (*self.ports, *graph[head].node.ports[1:])
        self.truncation, self.region, self.discount = truncation, region, discount

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        step = self.step(values, ticks)
        return mean_decided(-(step * values[0][:, :-1]).sum(-1), ticks)

    @torch.no_grad()
    def step(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        """How the means should go [B, T, A]."""
        means, value = values[0][:, :-1], values[1][:, :-1]
        other_worth, other = values[3][:, :-1], values[4]
        ratio = ratios(values[0], ticks, ticks[ACTION])[:, :-1, None]
        beyond = (1 - self.truncation / ratios(values[0], ticks, other)[:, :-1, None]).clamp(min=0)
        returns = _returns(values, ticks, torch.ones_like(ticks[REWARD]), self.discount)[..., None]
        taken = ratio.clamp(max=self.truncation) * (returns - value) * (ticks[ACTION][:, :-1] - means)
        tried = beyond * (other_worth - value) * (other[:, :-1] - means)
        gradient = (taken + tried) / DEVIATION**2
        outwards = (means - ticks[AVERAGE_POLICY][:, :-1]) / DEVIATION**2
        self.notes = notes(ratio.squeeze(-1) > self.truncation, gradient, outwards, self.region, ticks)
        return gradient if self.region is None else within_region(gradient, outwards, self.region)


def ratios(means: Tensor, ticks: Mapping[str, Tensor], action: Tensor) -> Tensor:
    """How much more likely actions [B, T + 1, A] are by these means than by those that acted [B, T + 1]."""
    squares = [(action - each).square().sum(-1) for each in (ticks[BEHAVIOUR], means)]
    return ((squares[0] - squares[1]) / (2 * DEVIATION**2)).clamp(max=LARGEST).exp()


def _returns(values: tuple[Tensor, ...], ticks: Mapping[str, Tensor], traces: Tensor, discount: float) -> Tensor:
    value, worth = values[1].detach()[..., 0], values[2].detach()[..., 0]
    return retrace(ticks[REWARD], value, worth, traces, ends_of(ticks), discount)
