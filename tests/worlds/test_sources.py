from __future__ import annotations

import math

import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.sources import ECHO, RESONANCE, SWITCH, Chain, Noise, Recall

SOURCES = {"resonance": RESONANCE, "switch": SWITCH, "loud": Noise((0.0,), 0.5, levels=8)}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_probabilities_are_one_in_all_and_levels_are_drawn_by_them(source: Noise) -> None:
    """The surprise of what was drawn is, in the mean, the entropy of what might have been."""
    levels = source.sample(100_000, seed=1)
    entropies = []
    for end in range(1000, 100_000, 2500):
        before = levels[end - 20 : end]
        chances = np.array([2 ** -source.surprises(np.append(before, level))[-1] for level in range(source.levels)])
        assert chances.sum() == pytest.approx(1.0)
        entropies.append(-sum(chance * np.log2(chance) for chance in chances if chance))
    assert source.surprises(levels).mean() == pytest.approx(np.mean(entropies), rel=0.03)


def test_fine_levels_have_the_entropy_of_the_noise() -> None:
    source = Noise((0.9,), spread=0.05)
    wanted = math.log2(0.05 * math.sqrt(2 * math.pi * math.e) * source.levels / 2)
    assert source.surprises(source.sample(200_000, seed=0)).mean() == pytest.approx(wanted, abs=0.01)


def test_two_ways_to_go_on_cost_a_bit_more_than_one() -> None:
    one = Noise((0.5,), spread=0.03)
    told = [source.surprises(source.sample(100_000, seed=0)).mean() for source in (one, SWITCH)]
    assert told[1] - told[0] == pytest.approx(1.0, abs=0.02)


def test_who_is_wrong_about_the_source_needs_more() -> None:
    levels = RESONANCE.sample(50_000, seed=2)
    wrong = Noise((1.5, -0.81), 0.05), Noise((1.6, -0.81), 0.06), Noise((1.6,), 0.2)
    assert all(other.surprises(levels).mean() > RESONANCE.surprises(levels).mean() + 0.01 for other in wrong)


def test_the_same_seed_gives_the_same_levels() -> None:
    assert np.array_equal(SWITCH.sample(100, 3), SWITCH.sample(100, 3))
    assert not np.array_equal(SWITCH.sample(100, 3), SWITCH.sample(100, 4))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(PhysimError, match="spread must be above 0, got 0"):
        Noise((1.0,), 0)
    with pytest.raises(PhysimError, match="past is empty"):
        Noise((), 1)


def test_an_echo_comes_back_after_its_delay_and_at_no_other_time() -> None:
    levels = ECHO.sample(200_000, seed=0)
    sound = levels - levels.mean()
    likeness = {lag: (sound[lag:] * sound[:-lag]).mean() / sound.var() for lag in (1, 19, 20, 21, 40)}
    assert likeness.pop(20) == pytest.approx(0.9, abs=0.02)
    assert likeness.pop(40) == pytest.approx(0.81, abs=0.03)
    assert all(abs(value) < 0.03 for value in likeness.values())
    alone = -np.log2(np.bincount(levels, minlength=64).clip(1) / len(levels))[levels].mean()
    assert alone - ECHO.surprises(levels).mean() == pytest.approx(1.2, abs=0.02)


def test_letters_of_a_chain_are_drawn_by_its_chances() -> None:
    """The surprise of what was drawn is, in the mean, the entropy of what might have been."""
    chain = Chain(order=2, letters=4, seed=1)
    assert np.allclose(chain.chances.sum(1), 1)
    letters = chain.sample(400_000, seed=3)
    before = 4 * letters[:-2] + letters[1:-1]
    counts = np.zeros((16, 4))
    np.add.at(counts, (before, letters[2:]), 1)
    often = counts.sum(1) > 10_000
    assert often.sum() >= 3
    assert np.allclose((counts / counts.sum(1, keepdims=True))[often], chain.chances[often], atol=0.01)
    entropies = -(chain.chances * np.log2(chain.chances.clip(1e-300))).sum(1)
    assert chain.surprises(letters)[2:].mean() == pytest.approx(entropies[before].mean(), rel=0.01)
    assert np.array_equal(letters, chain.sample(400_000, seed=3))


def test_what_is_recalled_is_that_of_the_delay_before() -> None:
    source = Recall(delay=7, letters=5, kept=0.8)
    letters = source.sample(100_000, seed=0)
    same = {lag: float((letters[lag:] == letters[:-lag]).mean()) for lag in (3, 7)}
    assert same[7] == pytest.approx(0.8 + 0.2 / 5, abs=0.01)
    assert same[3] == pytest.approx(1 / 5, abs=0.01)
    likely = 0.8 + 0.2 / 5
    wanted = -likely * math.log2(likely) - 4 * 0.04 * math.log2(0.04)
    assert source.surprises(letters).mean() == pytest.approx(wanted, rel=0.02)
