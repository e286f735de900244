"""The lists of losses of the papers: A3C's, and what is added to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from learners.agents.losses import (
    AgentLoss,
    Depth,
    DepthByNumber,
    FeatureControl,
    LoopClosure,
    PixelControl,
    Placebo,
    PolicyGradient,
    RewardPrediction,
    Values,
)
from learners.agents.losses.base import REPLAYED
from physim.errors import PhysimError
from physim.graph import ModuleGraph

UNREAL = ("pixel_control", "reward_prediction", "value_replay")
"""What arXiv:1611.05397 adds to A3C."""


@final
@dataclass(frozen=True)
class Base:
    """What all losses of returns share: their discount, the entropy's weight, and the value loss's."""

    discount: float = 0.99
    entropy: float = 3e-3
    values: float = 0.5

    def losses(self, net: ModuleGraph) -> list[AgentLoss]:
        """A3C's."""
        return [PolicyGradient(net, self.entropy, self.discount), Values(net, self.values, self.discount)]


Added = Callable[[ModuleGraph, Base, float], AgentLoss]
AUXILIARY: dict[str, tuple[str | None, float, Added]] = {
    "pixel_control": ("pixel_control", 0.05, lambda net, base, weight: PixelControl(net, weight)),
    "feature_control": ("feature_control", 0.05, lambda net, base, weight: FeatureControl(net, weight)),
    "reward_prediction": ("reward_prediction", 0.1, lambda net, base, weight: RewardPrediction(net, weight)),
    "value_replay": (None, 0.05, lambda net, base, weight: Values(net, weight, base.discount, stream=REPLAYED)),
    "depth_1": ("depth_from_features", 0.1, lambda net, base, weight: Depth(net, "features", weight)),
    "depth_2": ("depth_from_core", 0.1, lambda net, base, weight: Depth(net, "core", weight)),
    "depth_number": ("depth_from_features", 0.1, lambda net, base, weight: DepthByNumber(net, "features", weight)),
    "loop_closure": ("loop_closure", 0.1, lambda net, base, weight: LoopClosure(net, weight)),
    "placebo": ("placebo", 0.1, lambda net, base, weight: Placebo(net, weight)),
}
"""What can be added: its head, if any; its weight, for rewards of about 1; and the loss."""


def heads_of(added: Sequence[str]) -> tuple[str, ...]:
    """The heads that an agent needs for these losses; raises PhysimError where one is unknown."""
    for name in added:
        if name not in AUXILIARY:
            raise PhysimError(f"losses: got '{name}', wanted some of {', '.join(AUXILIARY)}")
    heads = [head for name in added if (head := AUXILIARY[name][0]) is not None]
    if len(set(heads)) != len(heads):
        raise PhysimError(f"losses: two of {', '.join(added)} learn by one head, wanted one of them")
    return tuple(heads)


def losses_of(
    added: Sequence[str], base: Base = Base(), weight: float = 1.0
) -> Callable[[ModuleGraph], list[AgentLoss]]:
    """A3C's losses and those added, these times a `weight`, of an agent's graph."""

    def losses(net: ModuleGraph) -> list[AgentLoss]:
        parts = [AUXILIARY[name] for name in added]
        return base.losses(net) + [make(net, base, weight * usual) for _, usual, make in parts]

    return losses
