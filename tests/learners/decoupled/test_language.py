from __future__ import annotations

import pytest
import torch

from learners.decoupled.language import AHEAD, KINDS, Reading, bits, characters, coming, streams
from learners.decoupled.recurrent import ARMS, Recurrent


def test_characters_are_numbers_and_streams_stretches_of_them() -> None:
    text = characters(b"abcdef?")
    assert text.tolist() == [97, 98, 99, 100, 101, 102, 63]
    assert streams(text, 2).tolist() == [[97, 98, 99], [100, 101, 102]]


@pytest.mark.parametrize("arm", ARMS)
def test_what_repeats_is_foretold_and_chance_is_not(arm: str) -> None:
    random = torch.Generator().manual_seed(0)
    chance = bytes(torch.randint(2, (4000,), generator=random).tolist())
    setting = Recurrent(arm, units=16, rate=1e-2)
    known = characters(b"aabc" * 1000)
    assert bits(Reading(3, 200, setting, batch=16).run(known), known) < 0.2
    unknown = characters(chance)
    net = Reading(3, 200, setting, batch=16).run(unknown)
    assert bits(net, characters(chance[::-1])) == pytest.approx(1, abs=0.1)


def test_what_is_coming_are_the_characters_after_each_tick() -> None:
    after = characters(bytes(range(3 + AHEAD - 1)))[None]  # of a window of three ticks
    known = coming(after).unflatten(2, (AHEAD, KINDS)).argmax(-1)
    assert known.tolist() == [[list(range(tick, tick + AHEAD)) for tick in range(3)]]
