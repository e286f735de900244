"""Sources of symbols whose entropy is known exactly: what no model can foretell better than."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from scipy.special import ndtr

from physim.arrays import Floats, Integers
from physim.checks import check_between, check_positive
from physim.errors import PhysimError
from physim.native import compiled

UNEVEN = 0.5
"""How even the chances of a chain are drawn: the smaller, the more some letters follow."""


@final
@dataclass(frozen=True)
class Noise:
    """Sound in `levels` equal steps of -1 to 1, each sample drawn about a mean that the levels before it give.

    The mean of sample t is the sum of `past` k times the middle of level t - k, and `jump` more or less, as a fair coin
    falls at each sample; `spread` is the standard deviation about it. What is louder than 1 has the outermost levels.
    The source hears its own levels, not what was drawn, so that all there is to know of the next is in them.
    """

    past: tuple[float, ...]
    spread: float
    jump: float = 0.0
    levels: int = 256

    def __post_init__(self) -> None:
        check_positive(spread=self.spread, levels=self.levels)
        if not self.past:
            raise PhysimError("past is empty, wanted a coefficient at least; 0 hears nothing")

    def sample(self, length: int, seed: int) -> Integers:
        """Levels [length] int64, from silence."""
        check_positive(length=length)
        random = np.random.default_rng(seed)
        drawn = self.spread * random.standard_normal(length) + self.jump * random.choice([-1.0, 1.0], length)
        return _heard(drawn, np.array(self.past), self.levels)

    def surprises(self, levels: Integers) -> Floats:
        """Bits of each of a row of levels [T], given those before it: their mean is the entropy, as it was drawn."""
        middles = np.concatenate([np.zeros(len(self.past)), (2 * levels + 1) / self.levels - 1])
        lags = range(1, len(self.past) + 1)
        before = [middles[len(self.past) - lag : len(middles) - lag] for lag in lags]
        means = sum(weight * value for weight, value in zip(self.past, before, strict=True))
        edges = np.array([2 * levels / self.levels - 1, 2 * (levels + 1) / self.levels - 1])
        edges[0, levels == 0], edges[1, levels == self.levels - 1] = -np.inf, np.inf
        sides = (self.jump, -self.jump) if self.jump else (0.0,)
        shares = [np.diff(ndtr((edges - means - side) / self.spread), axis=0)[0] for side in sides]
        with np.errstate(divide="ignore"):  # what cannot be is infinitely surprising
            return -np.log2(np.mean(shares, axis=0))


@final
@dataclass(frozen=True)
class Chain:
    """Letters each of which is drawn by the `order` before it: by chances that are drawn once, from `seed`."""

    order: int
    letters: int
    seed: int = 0

    def __post_init__(self) -> None:
        check_positive(order=self.order, letters=self.letters)

    @cached_property
    def chances(self) -> Floats:
        """Of each letter, by those before it, the oldest first, as one number [letters ** order, letters]."""
        random = np.random.default_rng(self.seed)
        return random.dirichlet(np.full(self.letters, UNEVEN), self.letters**self.order)

    def sample(self, length: int, seed: int) -> Integers:
        """Letters [length] int64, as if zeros stood before them."""
        check_positive(length=length)
        return _chained(np.random.default_rng(seed).random(length), self.chances.cumsum(1))

    def surprises(self, letters: Integers) -> Floats:
        """Bits of each of a row of letters [T], given those before it."""
        padded = np.concatenate([np.zeros(self.order, np.int64), letters])
        before = sum(
            padded[lag : lag + len(letters)] * self.letters ** (self.order - 1 - lag) for lag in range(self.order)
        )
        return -np.log2(self.chances[before, letters])


@final
@dataclass(frozen=True)
class Recall:
    """Letters that are those of `delay` before with the chance `kept`, and else drawn evenly: a model that does not see
    so far back knows nothing of the next.
    """

    delay: int
    letters: int
    kept: float

    def __post_init__(self) -> None:
        check_positive(delay=self.delay, letters=self.letters)
        check_between(0, 1, kept=self.kept)

    def sample(self, length: int, seed: int) -> Integers:
        """Letters [length] int64, as if zeros stood before them."""
        check_positive(length=length)
        random = np.random.default_rng(seed)
        found: Integers = np.concatenate([np.zeros(self.delay, np.int64), random.integers(0, self.letters, length)])
        for tick in self.delay + np.flatnonzero(random.random(length) < self.kept):
            found[tick] = found[tick - self.delay]
        return found[self.delay :]

    def surprises(self, letters: Integers) -> Floats:
        """Bits of each of a row of letters [T], given those before it."""
        before = np.concatenate([np.zeros(self.delay, np.int64), letters])[: len(letters)]
        return -np.log2(self.kept * (letters == before) + (1 - self.kept) / self.letters)


@compiled
def _chained(uniform, summed):  # type: ignore[no-untyped-def]
    contexts, letters = summed.shape
    found = np.empty(len(uniform), np.int64)
    context = 0
    for tick in range(len(uniform)):
        letter = min(np.searchsorted(summed[context], uniform[tick]), letters - 1)
        found[tick] = letter
        context = (context * letters + letter) % contexts
    return found


@compiled
def _heard(drawn, past, levels):  # type: ignore[no-untyped-def]
    heard = np.zeros(len(past))
    found = np.empty(len(drawn), np.int64)
    for tick in range(len(drawn)):
        value = drawn[tick]
        for lag in range(len(past)):
            value += past[lag] * heard[lag]
        level = min(max(int(np.floor((value + 1) / 2 * levels)), 0), levels - 1)
        for lag in range(len(past) - 1, 0, -1):
            heard[lag] = heard[lag - 1]
        heard[0] = (2 * level + 1) / levels - 1
        found[tick] = level
    return found


RESONANCE = Noise(past=(1.6, -0.81), spread=0.05)
"""A resonance, struck by noise: the next sample is nearly where the last two point."""
SWITCH = Noise(past=(0.5,), spread=0.03, jump=0.25)
"""Two ways to go on, and nothing tells which."""

ECHO_DELAY = 20
ECHO = Noise(past=(ECHO_DELAY - 1) * (0.0,) + (0.9,), spread=0.087, levels=64)
"""Noise that comes back twenty samples later, and again: a model has 1.2 bits of that if it sees so far back."""

CHAIN = Chain(order=3, letters=8)
"""512 threes of letters, each with chances of its own."""
RECALL = Recall(delay=20, letters=8, kept=0.9)
"""Nine of ten letters are those of twenty before."""
