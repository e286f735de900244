"""Learners with a number for each state and action, many at a time: PGQ and what it is made of (arXiv:1611.01626)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from physim.arrays import Floats, Integers
from physim.checks import check_positive
from physim.errors import PhysimError
from physim.problems import Problem

METHODS = ("actor_critic", "q_learning", "pgq")


@final
@dataclass(frozen=True)
class Tabular:
    """How to learn: by which method, with steps of `rate` on logits and values, and the entropy's weight `temperature`.

    The actor-critic's critic is the temporal difference. Q-learning and PGQ fit the values that the policy implies, on
    `replays` transitions a step, drawn from all so far; all behave by their policy. PGQ's steps of Q-learning count
    2 `share`, its others 2 (1 - `share`): both 1 where the share is a half.
    """

    method: str = "pgq"
    rate: float = 1.0
    temperature: float = 1e-3
    replays: int = 1
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise PhysimError(f"method is {self.method!r}, wanted one of {', '.join(METHODS)}")
        check_positive(rate=self.rate, temperature=self.temperature, replays=self.replays)
        if not 0 <= self.share <= 1:
            raise PhysimError(f"share is {self.share}, wanted 0 (actor-critic) to 1 (Q-learning)")

    @property
    def rates(self) -> tuple[float, float]:
        """The steps of the actor-critic and of Q-learning."""
        mixed = self.method == "pgq"
        improving, fitting = (2 * (1 - self.share), 2 * self.share) if mixed else (1.0, 1.0)
        return self.rate * improving, self.rate * fitting

    def run(self, problem: Problem, steps: int, seeds: int, first: int = 0) -> Floats:
        """What the policies of so many learners are worth from the start, exactly, after each step [seeds, steps]."""
        learners = _Learners(self, problem, steps, seeds, first)
        worths = np.empty((seeds, steps))
        for step in range(steps):
            learners.step(step)
            worths[:, step] = problem.worth(learners.policy)
        return worths


class _Learners:
    """Learners of one method, side by side; each has random numbers of its own."""

    def __init__(self, setting: Tabular, problem: Problem, steps: int, seeds: int, first: int) -> None:
        self.setting, self.problem, self.each = setting, problem, np.arange(seeds)
        draws = 3 + setting.replays
        rngs = [np.random.default_rng(np.random.SeedSequence(seed)) for seed in range(first, first + seeds)]
        self.chance = np.stack([rng.random((steps, draws)) for rng in rngs], axis=1)
        self.logits, self.values = np.zeros((seeds, *problem.rewards.shape)), np.zeros((seeds, problem.states))
        self.seen = np.zeros((steps, 3, seeds), np.int64)
        self.state = _picked(np.tile(problem.start, (seeds, 1)), self.chance[0, :, 0])

    @property
    def policy(self) -> Floats:
        """The policies [seeds, S, A]."""
        return _softmax(self.logits)

    def step(self, step: int) -> None:
        """Act once, and learn."""
        chance, setting = self.chance[step], self.setting
        action = _picked(_softmax(self.logits[self.each, self.state]), chance[:, 1])
        after = _picked(self.problem.chances[self.state, action], chance[:, 2])
        self.seen[step] = self.state, action, after
        if setting.method != "q_learning":
            self._improve(self.state, action, after)
        if setting.method != "actor_critic":
            for replay in range(setting.replays):
                place = (chance[:, 3 + replay] * (step + 1)).astype(np.int64)
                self._fit(*self.seen[place, :, self.each].T)
        begun = _picked(np.tile(self.problem.start, (len(self.each), 1)), chance[:, 0])
        self.state = np.where(self.problem.ends[after], begun, after)

    def _improve(self, state: Integers, action: Integers, after: Integers) -> None:
        """The actor-critic's step, by the temporal difference, and towards more entropy."""
        policy, advantages = self._advantages(state)
        error = self._reward(state, action) + self._kept(after) * self.values[self.each, after]
        error -= self.values[self.each, state]
        self._move(state, action, policy, error, self.setting.rates[0], policy * advantages)

    def _fit(self, state: Integers, action: Integers, after: Integers) -> None:
        """A step of Q-learning on the values that the policy implies."""
        policy, advantages = self._advantages(state)
        best = self._advantages(after)[1].max(-1) + self.values[self.each, after]
        error = self._reward(state, action) + self._kept(after) * best
        error -= advantages[self.each, action] + self.values[self.each, state]
        self._move(state, action, policy, error, self.setting.rates[1])

    def _move(
        self, state: Integers, action: Integers, policy: Floats, error: Floats, rate: float, less: Floats | float = 0.0
    ) -> None:
        """A step by an error along the gradients of log pi and V, and of logits by something `less`."""
        gain = error[:, None] * (np.eye(self.problem.actions)[action] - policy)
        self.logits[self.each, state] += rate * (gain - less)
        self.values[self.each, state] += rate * error

    def _advantages(self, state: Integers) -> tuple[Floats, Floats]:
        """The policy in a state of each learner, and the advantages that it implies, temperature (log pi + H)."""
        policy = _softmax(self.logits[self.each, state])
        logs = np.log(policy)
        return policy, self.setting.temperature * (logs - (policy * logs).sum(-1, keepdims=True))

    def _reward(self, state: Integers, action: Integers) -> Floats:
        found: Floats = self.problem.rewards[state, action]
        return found

    def _kept(self, after: Integers) -> Floats:
        return np.where(self.problem.ends[after], 0.0, self.problem.discount)


LEAST = 300.0
"""How far logits count under the largest: probabilities stay numbers above nothing."""


def _softmax(logits: Floats) -> Floats:
    shifted = np.exp(np.maximum(logits - logits.max(-1, keepdims=True), -LEAST))
    normal: Floats = shifted / shifted.sum(-1, keepdims=True)
    return normal


def _picked(chances: Floats, uniform: Floats) -> Integers:
    """A place by its chance, for each row [N, K]."""
    return np.minimum((chances.cumsum(-1) < uniform[:, None]).sum(-1), chances.shape[-1] - 1)
