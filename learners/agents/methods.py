"""The lists of losses of the papers: what agents learn by, and what is added to that."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol, final

from learners.agents.graphs import ACTION_VALUES, DEPTH_MAP, DUELLING
from learners.agents.losses import (
    AcerContinuousCritic,
    AcerContinuousPolicy,
    AcerCritic,
    AcerPolicy,
    AgentLoss,
    CorrectedPolicyGradient,
    CorrectedValues,
    Depth,
    DepthByNumber,
    FeatureControl,
    Imitation,
    ImpliedValues,
    LoopClosure,
    PixelControl,
    Placebo,
    PolicyGradient,
    RewardPrediction,
    Values,
)
from learners.agents.losses.base import FRESH, REPLAYED
from physim.checks import check_between, check_positive, check_several
from physim.errors import PhysimError
from physim.graph import ModuleGraph

UNREAL = ("pixel_control", "reward_prediction", "value_replay")
"""What arXiv:1611.05397 adds to A3C."""


class Method(Protocol):
    """What an agent learns its policy by: the discount of returns, the heads it needs, and its losses."""

    @property
    def discount(self) -> float:
        """How much less a reward is worth one decision later."""

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads of the agent's graph that its losses stand on."""

    def losses(self, net: ModuleGraph) -> list[AgentLoss]:
        """Its losses, of an agent's graph."""


@final
@dataclass(frozen=True)
class A3C:
    """Policy gradient with an entropy, and values, by returns of what was just played (arXiv:1602.01783)."""

    discount: float = 0.99
    entropy: float = 3e-3
    values: float = 0.5
    heads: ClassVar[tuple[str, ...]] = ()

    def losses(self, net: ModuleGraph) -> list[AgentLoss]:
        """Two losses."""
        return [PolicyGradient(net, self.entropy, self.discount), Values(net, self.values, self.discount)]


@final
@dataclass(frozen=True)
class IMPALA:
    """A3C with what the policy of late actors, or of what is replayed, would not do corrected (arXiv:1802.01561)."""

    discount: float = 0.99
    entropy: float = 3e-3
    values: float = 0.5
    replayed: bool = False
    heads: ClassVar[tuple[str, ...]] = ()

    def losses(self, net: ModuleGraph) -> list[AgentLoss]:
        """Two losses for each stream."""
        found: list[AgentLoss] = []
        for stream in (FRESH, REPLAYED) if self.replayed else (FRESH,):
            found.append(CorrectedPolicyGradient(net, self.entropy, self.discount, stream))
            found.append(CorrectedValues(net, self.values, self.discount, stream))
        return found


@final
@dataclass(frozen=True)
class PGQ:
    """A share of Q-learning on the values that the policy implies, the rest A3C (arXiv:1611.01626).

    The `share` 0 is A3C, 1 Q-learning that explores by its policy.
    """

    discount: float = 0.99
    entropy: float = 3e-3
    values: float = 0.5
    share: float = 0.5
    heads: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_between(0, 1, share=self.share)
        check_between(0, math.inf, values=self.values)
        check_positive(entropy=self.entropy)  # without, a policy implies no values

    def losses(self, net: ModuleGraph) -> list[AgentLoss]:
        """A3C's, and one of what is replayed."""
        played, replayed = list[AgentLoss](), list[AgentLoss]()
        if self.share < 1:
            rest = 1 - self.share
            played.append(PolicyGradient(net, self.entropy, self.discount, weight=rest))
            played.append(Values(net, rest * self.values, self.discount))
        if self.share > 0:
            replayed.append(ImpliedValues(net, self.entropy, self.share, self.discount, self.values))
        return played + replayed


@final
@dataclass(frozen=True)
class ACER:
    """Truncated policy gradients with their bias corrected, in a trust region, on fresh and, if so, replayed unrolls.

    For agents that choose (arXiv:1611.01224, section 3).
    """

    discount: float = 0.99
    entropy: float = 1e-3
    truncation: float = 10.0
    region: float | None = 1.0
    replayed: bool = True
    heads: ClassVar[tuple[str, ...]] = (ACTION_VALUES,)

    def losses(self, net: ModuleGraph) -> list[AgentLoss]:
        """A policy's loss and a critic's for each stream."""
        found: list[AgentLoss] = []
        for stream in (FRESH, REPLAYED) if self.replayed else (FRESH,):
            policy = AcerPolicy(net, self.entropy, self.truncation, self.region, discount=self.discount, stream=stream)
            found += [policy, AcerCritic(net, discount=self.discount, stream=stream)]
        return found


@final
@dataclass(frozen=True)
class ACERContinuous:
    """ACER for agents that tell numbers, on replayed unrolls and, if so, fresh ones (arXiv:1611.01224, section 4).

    `duelling` is the head of their worths.
    """

    discount: float = 0.99
    truncation: float = 5.0
    region: float | None = 1.0
    fresh: bool = False
    duelling: str = DUELLING

    @property
    def heads(self) -> tuple[str, ...]:
        """The head of worths."""
        return (self.duelling,)

    def losses(self, net: ModuleGraph) -> list[AgentLoss]:
        """A policy's loss and a critic's for each stream."""
        found: list[AgentLoss] = []
        for stream in (FRESH, REPLAYED) if self.fresh else (REPLAYED,):
            found.append(AcerContinuousPolicy(net, self.truncation, self.region, self.discount, stream, self.duelling))
            found.append(AcerContinuousCritic(net, discount=self.discount, stream=stream, head=self.duelling))
        return found


class Auxiliary(NamedTuple):
    """What can be added: its loss, of a graph by weight and discount; its usual weight, for rewards of about 1; and the
    head that it learns by and the label that it wants of the environments, if any.
    """

    loss: Callable[[ModuleGraph, float, float], AgentLoss]
    weight: float
    head: str | None = None
    label: str | None = None


AUXILIARY = {
    "pixel_control": Auxiliary(lambda net, weight, _: PixelControl(net, weight), 0.05, "pixel_control"),
    "feature_control": Auxiliary(lambda net, weight, _: FeatureControl(net, weight), 0.05, "feature_control"),
    "reward_prediction": Auxiliary(lambda net, weight, _: RewardPrediction(net, weight), 0.1, "reward_prediction"),
    "value_replay": Auxiliary(lambda net, weight, discount: Values(net, weight, discount, stream=REPLAYED), 0.05),
    "depth_1": Auxiliary(lambda net, weight, _: Depth(net, "features", weight), 0.1, "depth_from_features"),
    "depth_2": Auxiliary(lambda net, weight, _: Depth(net, "core", weight), 0.1, "depth_from_core"),
    "depth_number": Auxiliary(
        lambda net, weight, _: DepthByNumber(net, "features", weight), 0.1, "depth_from_features"
    ),
    "loop_closure": Auxiliary(lambda net, weight, _: LoopClosure(net, weight), 0.1, "loop_closure", "loop_closure"),
    "imitation": Auxiliary(lambda net, weight, _: Imitation(net, weight), 1.0, None, "advice"),
    "placebo": Auxiliary(lambda net, weight, _: Placebo(net, weight, distinct=DEPTH_MAP[1]), 0.1, "placebo"),
    "placebo_replayed": Auxiliary(lambda net, weight, _: Placebo(net, weight, stream=REPLAYED), 0.1, "placebo"),
}


def heads_of(added: Sequence[str], method: Method = A3C()) -> tuple[str, ...]:
    """The heads that an agent needs for a method and what is added; raises PhysimError where one is unknown."""
    _check(added, method)
    heads = [head for name in added if (head := AUXILIARY[name].head) is not None]
    if len(set(heads)) != len(heads):
        raise PhysimError(f"losses: two of {', '.join(added)} learn by one head, wanted one of them")
    return (*method.heads, *heads)


def labels_of(added: Sequence[str]) -> tuple[str, ...]:
    """The labels that what is added wants of the environments."""
    return tuple(label for name in added if (label := AUXILIARY[name].label) is not None)


def losses_of(
    added: Sequence[str], method: Method = A3C(), weight: float = 1.0
) -> Callable[[ModuleGraph], list[AgentLoss]]:
    """A method's losses and those added, these times a `weight`, of an agent's graph."""

    _check(added, method)

    def losses(net: ModuleGraph) -> list[AgentLoss]:
        parts = [AUXILIARY[name] for name in added]
        return method.losses(net) + [part.loss(net, weight * part.weight, method.discount) for part in parts]

    return losses


def _check(added: Sequence[str], method: Method) -> None:
    check_several(losses=added)
    if isinstance(method, type):
        raise PhysimError(f"method is the class {method.__name__}, wanted one of it: {method.__name__}()")
    for name in added:
        if name not in AUXILIARY:
            raise PhysimError(f"losses: got '{name}', wanted some of {', '.join(AUXILIARY)}")
