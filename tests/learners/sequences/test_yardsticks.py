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
