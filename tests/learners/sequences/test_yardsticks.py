from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from learners.sequences.yardsticks import Shape, linear_bits, table_bits
from physim.arrays import Floats, Integers
from physim.errors import PhysimError
from worlds.sources import RESONANCE, SWITCH

LEVELS = 256
EDGES = np.linspace(-1, 1, LEVELS + 1)
EDGES[0], EDGES[-1] = -np.inf, np.inf
MIDDLES = (2 * np.arange(LEVELS) + 1) / LEVELS - 1


def test_a_table_of_pairs_finds_the_entropy_of_a_chain() -> None:
    """Two symbols that each follow the other with chance 0.9."""
    random = np.random.default_rng(0)
    rows = [np.logical_xor.accumulate(random.random(50_000) < 0.9).astype(int) for _ in range(2)]
    wanted = -0.9 * math.log2(0.9) - 0.1 * math.log2(0.1)
    assert table_bits(rows[:1], rows[1:], 2, order=1) == pytest.approx(wanted, rel=0.02)
    assert table_bits(rows[:1], rows[1:], 2, order=0) == pytest.approx(1.0, rel=0.02)
    with pytest.raises(PhysimError, match="order is 2, wanted 0 or 1"):
        table_bits(rows, rows, 2, order=2)


def test_linear_prediction_finds_what_is_linear_and_not_what_is_not() -> None:
    for source, least in ((RESONANCE, 0.0), (SWITCH, 0.5)):
        train, test = ([source.sample(50_000, seed)] for seed in (0, 1))
        found = linear_bits(train, test, EDGES, MIDDLES, "gaussian")
        bound = source.surprises(test[0]).mean()
        assert found - bound == pytest.approx(least, abs=0.02) if not least else found - bound > least


@pytest.mark.parametrize("shape", ["gaussian", "laplace"])
def test_linear_prediction_hears_how_large_its_errors_are(shape: Shape) -> None:
    """Sound that is loud and still by turns: where the turns are known, it has the entropy of its noise."""
    parts = [turning(seed) for seed in (0, 1)]
    found = linear_bits(*([levels] for levels, _ in parts), EDGES, MIDDLES, shape)
    spreads = parts[1][1]
    known = (np.log2(spreads * math.sqrt(2 * math.pi * math.e) * LEVELS / 2)).mean()
    of_one_size = math.log2(math.sqrt((spreads**2).mean()) * math.sqrt(2 * math.pi * math.e) * LEVELS / 2)
    assert known < found < known + 0.25
    assert found < of_one_size - 0.3


def turning(seed: int) -> tuple[Integers, Floats]:
    """Levels of a process whose noise is louder every other 500 samples, and how loud it is [T]."""
    spreads = np.where(np.arange(50_000) // 500 % 2, 0.09, 0.02)
    noise = spreads * np.random.default_rng(seed).standard_normal(len(spreads))
    sound = lfilter([1.0], [1.0, -0.8], noise)
    return np.digitize(sound, EDGES[1:-1]), spreads


def test_filters_that_adapt_follow_a_sound_that_changes_and_lose_little_where_none_does() -> None:
    changing = [voiced(seed) for seed in (0, 1)]
    fixed, adaptive = (
        linear_bits(changing[:1], changing[1:], EDGES, MIDDLES, "gaussian", way) for way in (False, True)
    )
    assert adaptive < fixed - 0.5
    still = [RESONANCE.sample(50_000, seed) for seed in (0, 1)]
    fixed, adaptive = (linear_bits(still[:1], still[1:], EDGES, MIDDLES, "gaussian", way) for way in (False, True))
    assert fixed - 0.01 < adaptive < fixed + 0.05
    quiet = [np.full(20_000, LEVELS // 2), RESONANCE.sample(20_000, 2)]  # long silence, and sound after it
    assert linear_bits(still[:1], [np.concatenate(quiet)], EDGES, MIDDLES, "gaussian", adaptive=True) < 8


def voiced(seed: int) -> Integers:
    """Levels of a resonance whose pitch is another every 4000 samples."""
    random, parts = np.random.default_rng(seed), []
    for pitch in random.uniform(0.2, 2.8, 12):
        noise = 0.04 * random.standard_normal(4000)
        parts.append(lfilter([1.0], [1.0, -2 * 0.95 * np.cos(pitch), 0.95**2], noise))
    return np.digitize(np.concatenate(parts).clip(-1, 1), EDGES[1:-1])
