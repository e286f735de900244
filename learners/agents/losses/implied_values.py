"""Q-learning on the values that a policy implies: PGQ (arXiv:1611.01626)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor

from learners.agents.graphs import POLICY, VALUE
from learners.agents.losses.actor_critic import DISCOUNT
from learners.agents.losses.base import REPLAYED, AgentLoss
from learners.agents.policies import entropy, of_chosen
from learners.agents.unrolls import ACTION, REWARD, TERMINATED, mean_decided
from physim.checks import check_between, check_positive
from physim.graph import ModuleGraph

SELDOM = -20.0
"""The least logarithm of a probability that values are implied by: those of what is next to never done have no end, and
errors of a few such actions, replayed, would be larger than all others together.
"""


@final
class ImpliedValues(AgentLoss):
    """-(T* Q~ - Q~)(s, a) (log pi(a | s) + values V(s)), the mean over replayed transitions; errors are no variables.

    Q~ = temperature (log pi + H) + V, which at its fixed point is the policy's own Q where `temperature` is the weight
    of the entropy in PolicyGradient; T* Q~ = r + discount max Q~(s', b). Not the gradient of a squared error: by that
    the policy would learn as little as the temperature is small. Noted is how large the advantages of what was done
    are, those that are implied and those of the targets: where the first are far less, Q~ tells nothing of actions.
    Noted is, too, how often what was done is so seldom that SELDOM counts.
    """

    numbers: ClassVar[bool | None] = False

    def __init__(
        self,
        graph: ModuleGraph,
        temperature: float,
        weight: float = 0.5,
        discount: float = DISCOUNT,
        values: float = 0.5,
    ) -> None:
        super().__init__("implied_values", graph, (POLICY, VALUE), weight, REPLAYED)
        check_positive(temperature=temperature)
        check_between(0, 1, discount=discount)
        check_between(0, math.inf, values=values)
        self.temperature, self.discount, self.values = temperature, discount, values

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        logs, worth = values[0].log_softmax(-1), values[1].squeeze(-1)
        implied = implied_values(logs, worth, self.temperature).detach()
        best = implied.amax(-1).masked_fill(ticks[TERMINATED], 0.0)
        target = ticks[REWARD][:, 1:] + self.discount * best[:, 1:]
        action = ticks[ACTION][:, :-1]
        done, logs, now = of_chosen(implied[:, :-1], action), of_chosen(logs[:, :-1], action), worth[:, :-1]
        self.notes = {
            "implied advantages": _size(done - now.detach(), ticks),
            "advantages of targets": _size(target - now.detach(), ticks),
            "seldom": float(mean_decided((logs < SELDOM).float(), ticks)),
        }
        return mean_decided(-(target - done) * (logs + self.values * now), ticks)


def implied_values(logs: Tensor, values: Tensor, temperature: float) -> Tensor:
    """Q~ [..., A] of log-probabilities [..., A], at least SELDOM, and values [...]."""
    return torch.add(values[..., None], logs.clamp(min=SELDOM) + entropy(logs)[..., None], alpha=temperature)


def _size(values: Tensor, ticks: Mapping[str, Tensor]) -> float:
    """The root of the mean square over decisions."""
    return float(mean_decided(values.detach().square(), ticks).sqrt())
