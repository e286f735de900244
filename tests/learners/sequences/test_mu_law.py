from __future__ import annotations

import math

import torch

from learners.sequences.mu_law import LEVELS, decoded, encoded


def test_every_level_comes_back() -> None:
    levels = torch.arange(LEVELS)
    assert torch.equal(encoded(decoded(levels)), levels)


def test_levels_rise_with_the_sound_and_loud_sound_is_clipped() -> None:
    levels = encoded(torch.linspace(-1.5, 1.5, 1001))
    assert bool((levels.diff() >= 0).all())
    assert (int(levels[0]), int(levels[-1])) == (0, LEVELS - 1)


def test_quiet_sound_is_coded_better_than_by_equal_steps() -> None:
    sound = 0.05 * torch.sin(torch.linspace(0, 200, 10_000))

    def ratio(coded: torch.Tensor) -> float:
        return 10 * math.log10(float(sound.square().mean() / (sound - coded).square().mean()))

    equal = ((sound + 1) / 2 * LEVELS).floor() / LEVELS * 2 - 1 + 1 / LEVELS
    assert ratio(decoded(encoded(sound))) > ratio(equal) + 10
