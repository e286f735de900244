"""Actor-critic with replay: ACER's losses for discrete actions (arXiv:1611.01224)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal, final, get_args

import torch
from torch import Tensor

from learners.agents.graphs import ACTION_VALUES, POLICY
from learners.agents.losses.actor_critic import DISCOUNT
from learners.agents.losses.base import FRESH, AgentLoss
from learners.agents.off_policy import retrace, within_region
from learners.agents.policies import entropy, of_chosen
from learners.agents.returns import ends_of
from learners.agents.unrolls import (
    ACTION,
    AVERAGE_POLICY,
    BEHAVIOUR,
    REWARD,
    mean_decided,
)
from physim.checks import check_between, check_positive
from physim.errors import PhysimError
from physim.graph import ModuleGraph

SMALL = 1e-6
"""Under which probabilities are not divided by."""
Coordinates = Literal["probabilities", "logits"]


@final
class AcerCritic(AgentLoss):
    """(Q_ret - Q(s, a))^2 / 2 of what was done, the mean over decisions; Q_ret by Retrace."""

    numbers: ClassVar[bool | None] = False

    def __init__(
        self, graph: ModuleGraph, weight: float = 1.0, discount: float = DISCOUNT, stream: str = FRESH
    ) -> None:
        super().__init__(f"acer_critic_{stream}", graph, (POLICY, ACTION_VALUES), weight, stream)
        check_between(0, 1, discount=discount)
        self.discount = discount

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        targets = _Targets(values, ticks, self.discount)
        taken = of_chosen(values[1], ticks[ACTION])[:, :-1]
        return mean_decided((targets.returns - taken).square() / 2, ticks)


@final
class AcerPolicy(AgentLoss):
    """The truncated policy gradient with its bias corrected, within a trust region about the average policy.

    g = min(c, rho) grad log f(a) (Q_ret - V) + sum_b pi(b) max(0, 1 - c / rho(b)) grad log f(b) (Q(b) - V) by the
    policy's statistics f, its probabilities or its logits; then the nearest to g of which the divergence from the
    average policy grows by no more than `region` (None: g itself). The entropy's gradient is added behind.
    """

    wants: ClassVar[tuple[str, ...]] = (AVERAGE_POLICY,)
    numbers: ClassVar[bool | None] = False
    trusts: tuple[str, ...] = (ACTION_VALUES,)

    def __init__(
        self,
        graph: ModuleGraph,
        entropy: float = 1e-3,
        truncation: float = 10.0,
        region: float | None = 1.0,
        coordinates: Coordinates = "probabilities",
        discount: float = DISCOUNT,
        stream: str = FRESH,
    ) -> None:
        super().__init__(f"acer_policy_{stream}", graph, (POLICY, ACTION_VALUES), 1.0, stream)
        if coordinates not in get_args(Coordinates):
            raise PhysimError(f"coordinates is {coordinates!r}, wanted one of {', '.join(get_args(Coordinates))}")
        check_between(0, math.inf, entropy=entropy)
        check_between(0, 1, discount=discount)
        check_bounds(truncation, region)
        self.entropy, self.truncation, self.region = entropy, truncation, region
        self.coordinates, self.discount = coordinates, discount

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        logits = values[0][:, :-1]
        statistics = logits if self.coordinates == "logits" else logits.softmax(-1)
        step = self.step(values, ticks)
        return mean_decided(-(step * statistics).sum(-1) - self.entropy * entropy(logits.log_softmax(-1)), ticks)

    @torch.no_grad()
    def step(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        """How the policy's statistics should go [B, T, A]."""
        targets = _Targets(values, ticks, self.discount)
        policy, ratio = targets.policy[:, :-1], targets.ratio[:, :-1]
        value, worths = targets.value[:, :-1, None], values[1][:, :-1]
        done = torch.nn.functional.one_hot(ticks[ACTION][:, :-1], policy.shape[-1]).to(policy.dtype)
        taken = (ratio.clamp(max=self.truncation) * (targets.returns[..., None] - value)) * done
        beyond = (1 - self.truncation / ratio.clamp(min=SMALL)).clamp(min=0)
        weights = taken + policy * beyond * (worths - value)  # of grad log f(b), for each action b
        average = ticks[AVERAGE_POLICY][:, :-1].softmax(-1)
        if self.coordinates == "logits":
            gradient = weights - policy * weights.sum(-1, keepdim=True)
            outwards = policy - average
        else:
            gradient = weights / policy.clamp(min=SMALL)
            outwards = -average / policy.clamp(min=SMALL)
        truncated = of_chosen(ratio, ticks[ACTION][:, :-1]) > self.truncation
        self.notes = notes(truncated, gradient, outwards, self.region, ticks)
        return gradient if self.region is None else within_region(gradient, outwards, self.region)


def check_bounds(truncation: float, region: float | None) -> None:
    """Refuse bounds that are none; the largest truncation is infinite."""
    check_positive(region=region)
    if truncation != math.inf:
        check_positive(truncation=truncation)


def notes(
    truncated: Tensor, gradient: Tensor, outwards: Tensor, region: float | None, ticks: Mapping[str, Tensor]
) -> dict[str, float]:
    """In what share of decisions a ratio was truncated, and a step turned to stay within the region."""
    turned = (gradient * outwards).sum(-1) > (math.inf if region is None else region)
    shares = {"truncated": truncated, "turned": turned}
    return {name: float(mean_decided(each.float(), ticks)) for name, each in shares.items()}


class _Targets:
    """What both losses stand on: the policy [B, T + 1, A], its ratio to the one that acted, V, and Q_ret [B, T]."""

    def __init__(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor], discount: float) -> None:
        logits, worths = (value.detach() for value in values)
        self.policy = logits.softmax(-1)
        self.ratio = self.policy / ticks[BEHAVIOUR].exp().clamp(min=SMALL)
        self.value = (self.policy * worths).sum(-1)
        taken, traces = (of_chosen(each, ticks[ACTION]) for each in (worths, self.ratio.clamp(max=1)))
        self.returns = retrace(ticks[REWARD], self.value, taken, traces, ends_of(ticks), discount)
