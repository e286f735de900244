"""What agents learn by: losses that combine in any list."""

from __future__ import annotations

from learners.agents.losses.acer import AcerCritic, AcerPolicy
from learners.agents.losses.acer_continuous import AcerContinuousCritic, AcerContinuousPolicy
from learners.agents.losses.actor_critic import PolicyGradient, Values
from learners.agents.losses.base import AgentLoss
from learners.agents.losses.control import FeatureControl, PixelControl
from learners.agents.losses.depth import Depth, DepthByNumber
from learners.agents.losses.imitation import Imitation
from learners.agents.losses.implied_values import ImpliedValues
from learners.agents.losses.loop_closure import LoopClosure
from learners.agents.losses.placebo import Placebo
from learners.agents.losses.reward_prediction import RewardPrediction
from learners.agents.losses.v_trace import CorrectedPolicyGradient, CorrectedValues

__all__ = [
    "AcerContinuousCritic",
    "AcerContinuousPolicy",
    "AcerCritic",
    "AcerPolicy",
    "AgentLoss",
    "CorrectedPolicyGradient",
    "CorrectedValues",
    "Depth",
    "DepthByNumber",
    "FeatureControl",
    "Imitation",
    "ImpliedValues",
    "LoopClosure",
    "PixelControl",
    "Placebo",
    "PolicyGradient",
    "RewardPrediction",
    "Values",
]
