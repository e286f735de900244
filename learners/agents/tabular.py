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
    `replays` transitions a step, drawn from all so far; all behave by their policy.
    """

    method: str = "pgq"
    rate: float = 1.0
    temperature: float = 1e-3
    replays: int = 1

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise PhysimError(f"method is {self.method!r}, wanted one of {', '.join(METHODS)}")
        check_positive(rate=self.rate, temperature=self.temperature, replays=self.replays)

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
        policy = _softmax(self.logits[self.each, state])
        logs = np.log(policy)
        surprise = -(policy * logs).sum(-1, keepdims=True)
        error = self._reward(state, action) + self._kept(after) * self.values[self.each, after]
        error -= self.values[self.each, state]
        gain = error[:, None] * (np.eye(self.problem.actions)[action] - policy)
        self.logits[self.each, state] += self.setting.rate * (
            gain - self.setting.temperature * policy * (logs + surprise)
        )
        self.values[self.each, state] += self.setting.rate * error

    def _fit(self, state: Integers, action: Integers, after: Integers) -> None:
        """A step of Q-learning on the values that the policy implies."""
        best = self._implied(after).max(-1)
        error = self._reward(state, action) + self._kept(after) * best - self._implied(state)[self.each, action]
        policy = _softmax(self.logits[self.each, state])
        gain = error[:, None] * (np.eye(self.problem.actions)[action] - policy)
        self.logits[self.each, state] += self.setting.rate * gain
        self.values[self.each, state] += self.setting.rate * error

    def _implied(self, state: Integers) -> Floats:
        """Q~ [seeds, A] = temperature (log pi + H) + V in a state of each learner."""
        policy = _softmax(self.logits[self.each, state])
        logs = np.log(policy)
        surprise = -(policy * logs).sum(-1, keepdims=True)
        implied: Floats = self.setting.temperature * (logs + surprise) + self.values[self.each, state][:, None]
        return implied

    def _reward(self, state: Integers, action: Integers) -> Floats:
        found: Floats = self.problem.rewards[state, action]
        return found

    def _kept(self, after: Integers) -> Floats:
        return np.where(self.problem.ends[after], 0.0, self.problem.discount)


def _softmax(logits: Floats) -> Floats:
    shifted = np.exp(np.maximum(logits - logits.max(-1, keepdims=True), -LEAST))
    normal: Floats = shifted / shifted.sum(-1, keepdims=True)
    return normal


LEAST = 300.0
"""How far logits count under the largest: probabilities stay numbers above nothing."""


def _picked(chances: Floats, uniform: Floats) -> Integers:
    """A place by its chance, for each row [N, K]."""
    return np.minimum((chances.cumsum(-1) < uniform[:, None]).sum(-1), chances.shape[-1] - 1)
