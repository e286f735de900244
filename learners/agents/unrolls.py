"""Unrolls: what actors saw, did and got, on its way to a learner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from torch import Tensor
from torch.nn import functional

from physim.graph import ModuleGraph, State
from physim.graph.context import nested

Ticks = dict[str, Tensor]
"""Ticks of B environments by name, each [B, T, ...]: observations and labels, as the environment calls them, and

action int64, what was decided, or [B, T, A] float32 where that is numbers; behaviour [B, T, A], what it was decided by:
log-probabilities of all actions, or the means of numbers;
reward float32, what came with the observation; reset, last, terminated bool: whether an episode began with the
observation, ended with it, ended by itself.
"""
ACTION, BEHAVIOUR, REWARD, RESET, LAST, TERMINATED = (
    "action", "behaviour", "reward", "reset", "last", "terminated",
)  # fmt: skip
ALWAYS = (ACTION, BEHAVIOUR, REWARD, RESET, LAST, TERMINATED)
"""What all ticks have."""
TRIED = "tried"
"""Normal chances by which stochastic duelling tries actions [B, T, TRIES, A]; a learner draws them."""
AVERAGE_POLICY = "average_policy"
"""What the policy gives by averaged weights [B, T, A], of losses that keep near it; a learner adds them."""
MEMORY = "memory/"
"""What stands before the names of memories [B, T, ...], as they were before each tick, where they are kept."""
NEXT_REWARD = "next_reward"
"""What came after the last tick [B], in what is drawn to foresee it."""


@final
@dataclass(frozen=True)
class Unroll:
    """T decisions of B environments, and the tick after them, whose decision is not known yet.

    `state` is the memory before the first tick, `version` counts the updates of the weights that decided. `actor`, its
    `life` (how many died in its place before) and `number` tell an unroll from all others.
    """

    ticks: Ticks
    state: State
    version: int = 0
    actor: int = 0
    life: int = 0
    number: int = 0

    @property
    def decisions(self) -> int:
        """How many decisions it holds."""
        items, ticks = self.ticks[LAST].shape
        return items * (ticks - 1)


def inputs_of(graph: ModuleGraph, ticks: Ticks) -> Ticks:
    """What a graph reads of ticks: observations, the last reward [B, T, 1] and what was done [B, T, A]."""
    found = {name: ticks[name] for name in graph.inputs if name in ticks and name != REWARD}
    if REWARD in graph.inputs:
        found[REWARD] = ticks[REWARD][..., None]
    if any(node.name == ACTION for node in graph.nodes):
        action = ticks[ACTION]
        chosen = not action.is_floating_point()
        found[ACTION] = functional.one_hot(action, ticks[BEHAVIOUR].shape[-1]).float() if chosen else action
    return found


def mean_decided(values: Tensor, ticks: Mapping[str, Tensor]) -> Tensor:
    """The mean of values [B, T] over decisions: at the last observation of an episode there is none."""
    counts = ~ticks[LAST][:, :-1]
    return (values * counts).sum() / counts.sum().clamp(min=1)


def begun(ticks: Ticks) -> State | None:
    """The memory before the first tick, where ticks tell memories."""
    told = {name.removeprefix(MEMORY): value[:, 0] for name, value in ticks.items() if name.startswith(MEMORY)}
    return nested(told) if told else None
