from __future__ import annotations

import pytest
import torch

from learners.decoupled.language import Reading, Text, bits
from learners.decoupled.recurrent import Recurrent

ALPHABET = "abc"


def test_characters_are_numbers_and_streams_stretches_of_them() -> None:
    text = Text.of("abcabc?", ALPHABET)
    assert text.characters.tolist() == [0, 1, 2, 0, 1, 2, 3]
    assert text.kinds == 4
    assert text.streams(2).tolist() == [[0, 1, 2], [0, 1, 2]]


@pytest.mark.parametrize("arm", ["bptt", "dni", "aux"])
def test_what_repeats_is_foretold_and_chance_is_not(arm: str) -> None:
    random = torch.Generator().manual_seed(0)
    chance = "".join("ab"[bit] for bit in torch.randint(2, (4000,), generator=random).tolist())
    setting = Recurrent(arm, units=16, rate=1e-2)
    known = Text.of("aabc" * 1000, ALPHABET)
    assert bits(Reading(3, 200, setting, batch=16).run(known), known) < 0.1
    unknown = Text.of(chance, ALPHABET)
    net = Reading(3, 200, setting, batch=16).run(unknown)
    assert bits(net, Text.of(chance[::-1], ALPHABET)) == pytest.approx(1, abs=0.05)
