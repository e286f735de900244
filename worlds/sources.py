"""Sources of symbols whose entropy is known exactly: what no model can foretell better than."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.special import ndtr

from physim.arrays import Floats, Integers
from physim.checks import check_positive
from physim.errors import PhysimError
from physim.native import compiled


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
