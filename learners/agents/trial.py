"""One training of one agent, as experiments want it: from a few settings to a curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import final

from torch import Tensor

from learners.agents.environments import Environments, recipe_of
from learners.agents.learning import Learning
from learners.agents.methods import A3C, Method, heads_of, labels_of, losses_of
from learners.agents.placed import train_placed
from learners.agents.training import Diverged, Training, TrainingSettings
from learners.agents.transports import Playing

PLAIN, NAVIGATING, FORWARD = (128,), (32, 128), ()
"""The units of the cores of A3C-LSTM, of Nav-A3C and of feed-forward agents, half of the papers'."""
REPLAYING = Learning(clip=10.0, reward_scale=0.1, begin=0.05)
"""How feed-forward agents learn that replay, but for what is drawn."""


@final
@dataclass(frozen=True)
class Trial:
    """An agent of so many `cores` that `sees` this, plays these environments, and adds losses to its method's.

    It begins with tensors of `begin`, by name, and leaves modules `frozen`. It is `told` its last action and reward, or
    not; its added losses count `weight` times what is usual. It may be `cut` between what it sees and its core,
    and these may be `placed` in processes of their own. Its curve has a point `every` so many decisions, at least four.
    """

    environments: Environments
    decisions: int
    added: Sequence[str] = ()
    cores: Sequence[int] = PLAIN
    sees: Sequence[str] = ("image", "vector", "velocity")
    method: Method = field(default_factory=A3C)
    weight: float = 1.0
    learning: Learning = field(default_factory=Learning)
    told: bool = True
    begin: Mapping[str, Tensor] = field(default_factory=dict, repr=False)
    frozen: Sequence[str] = ()
    cut: bool = False
    placed: bool = False
    ticks: int = 20
    every: int = 10_000
    seed: int = 0

    def playing(self) -> Playing:
        """What its actor plays; environments are asked for the labels that added losses want."""
        labels = labels_of(self.added)
        told = {"labels": labels} if labels else {}
        environments = replace(self.environments, settings={**self.environments.settings, **told})
        env = environments.make()
        recipe = recipe_of(env, self.sees) | {
            "cores": list(self.cores),
            "told": self.told,
            "features": 128,
            "cut": self.cut,
        }
        recipe["heads"] = heads_of(self.added, self.method)
        env.close()
        return Playing(environments, recipe, self.ticks, labels, self.seed)

    def training(self) -> Training:
        """The training, before it begins."""
        losses = losses_of(self.added, self.method, self.weight)
        points = max(4, self.decisions // self.every)
        settings = TrainingSettings(self.decisions, points=points, begin=self.begin, frozen=self.frozen)
        return Training(self.playing(), losses, self.learning, settings)

    def run(self, after: Training | None = None) -> Training:
        """Train, with what another training learned if it comes `after` one; the curve stands in its progress, and ends
        early where the training diverged.
        """
        training = self.training()
        if after is not None:
            training.learner.take_over(after.learner)
        with suppress(Diverged):
            if self.placed:
                train_placed(training)
            else:
                training.run(progress=False)
        return training
