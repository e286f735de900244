from __future__ import annotations

import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.plucked import RATE, Pluck, drawn_tune, played, score


@pytest.mark.parametrize("frequency", [90.0, 150.0, 230.0])
def test_a_string_sounds_at_its_frequency_and_fades(frequency: float) -> None:
    sound = Pluck(frequency, place=0.5).sound(RATE)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(RATE)))
    low = spectrum[int(0.6 * frequency) : int(1.4 * frequency)]
    assert int(0.6 * frequency) + low.argmax() == pytest.approx(frequency, abs=2)
    loud = [np.abs(part).max() for part in np.split(sound, 4)]
    assert loud[0] > loud[1] > loud[2] > loud[3] > 0
    assert loud[0] < 1


def test_a_string_pulled_at_its_middle_has_no_even_harmonics() -> None:
    sound = Pluck(100.0, place=0.5).sound(RATE)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(RATE)))
    odd, even = (spectrum[near - 3 : near + 4].max() for near in (100, 200))
    assert even < 0.02 * odd


def test_a_tune_is_its_plucks_one_after_the_other_and_its_score_says_so() -> None:
    plucks = drawn_tune(np.random.default_rng(0), 3)
    sound, known = played(plucks)
    assert len(sound) == len(known) == sum(samples for _, samples in plucks)
    first, samples = plucks[0]
    assert np.array_equal(sound[:samples], first.sound(samples))
    assert np.array_equal(known, score(plucks))
    begun = np.flatnonzero(known[:, 3] == 1)
    assert begun.tolist() == [0, *np.cumsum([samples for _, samples in plucks])[:-1]]
    assert known[0, 1:3].tolist() == pytest.approx([first.place, first.height])


def test_what_no_step_can_follow_is_refused() -> None:
    with pytest.raises(PhysimError, match="frequency is 440 Hz, wanted 90 to 230"):
        Pluck(440.0)
    with pytest.raises(PhysimError, match="place is 1, wanted a share of the string between 0 and 1"):
        Pluck(100.0, place=1)
