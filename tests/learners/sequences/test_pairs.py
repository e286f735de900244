from __future__ import annotations

import math

import pytest
import torch

from learners.sequences.losses import UNCOUNTED
from learners.sequences.pairs import END, Alphabet, Languages, Pair, PairBatches, pair_bits
from physim.errors import PhysimError
from tests.learners.sequences.conftest import CLASSES, SOURCES, translator


def pairs() -> list[Pair]:
    random = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 30, (60,), generator=random).tolist()
    return [
        Pair(
            torch.randint(0, SOURCES, (length,), generator=random),
            torch.randint(1, CLASSES, (length + 2,), generator=random),
        )
        for length in lengths
    ]


def test_texts_come_back_and_strange_characters_are_unknown() -> None:
    alphabet = Alphabet.of(["abc", "bä"])
    told = alphabet.encoded("cabä!")
    assert alphabet.decoded(told) == "cabä\ufffd"
    assert alphabet.decoded(torch.cat([told, torch.tensor([END]), told])) == "cabä\ufffd"
    assert alphabet.size == 6
    assert END not in told.tolist()


def test_translations_become_batches_of_both_alphabets() -> None:
    texts = [("house", "Haus"), ("mouse", "Maus")]
    languages = Languages.of(texts)
    batches = languages.batches(texts)
    assert [languages.source.decoded(pair.source) for pair in batches.pairs] == ["house", "mouse"]
    assert [languages.target.decoded(pair.target) for pair in batches.pairs] == ["Haus", "Maus"]
    assert (batches.sources, batches.classes) == (languages.source.size, languages.target.size)


def test_a_target_is_foretold_from_what_was_written_and_ends() -> None:
    batches = PairBatches(pairs(), SOURCES, CLASSES, symbols=100)
    inputs, targets = batches(3)
    assert inputs["symbol"].numel() <= 200
    for before, wanted in zip(inputs["symbol"], targets["symbol"], strict=True):
        counted = wanted[wanted != UNCOUNTED]
        assert int(before[0]) == CLASSES
        assert torch.equal(before[1 : len(counted)], counted[:-1])
        assert int(counted[-1]) == END
        assert not (counted[:-1] == END).any()


def test_all_pairs_come_once_in_batches_of_like_lengths() -> None:
    every = pairs()
    batches = PairBatches(every, SOURCES, CLASSES, symbols=60)
    found = [row[row != UNCOUNTED].tolist() for _, targets in batches.every() for row in targets["symbol"]]
    assert sorted(found) == sorted([*pair.target.tolist(), END] for pair in every)


def test_long_pairs_come_as_often_as_short_ones() -> None:
    lengths = [4] * 300 + [16] * 300 + [64] * 300
    every = [Pair(torch.zeros(1, dtype=torch.int64), torch.full((length,), length)) for length in lengths]
    batches = PairBatches(every, SOURCES, 65, symbols=400)
    counts = torch.zeros(65)
    for update in range(1500):
        _, targets = batches(update)
        counts += (targets["symbol"] * (targets["symbol"] > 0)).amax(1).bincount(minlength=65)
    visits = counts[[4, 16, 64]] / 300
    assert float(visits.max() / visits.min()) < 1.3


def test_bits_of_batches_are_those_of_each_pair_alone() -> None:
    net, every = translator(), pairs()[:12]
    batches = PairBatches(every, SOURCES, CLASSES, symbols=50)
    total, count = 0.0, 0
    with torch.no_grad():
        for pair in every:
            inputs, targets = batches.batch([pair])
            chances = net(inputs)[0].log_softmax(-1).gather(1, targets["symbol"][0][:, None])
            total, count = total - float(chances.sum()), count + len(chances)
    assert pair_bits(net, batches) == pytest.approx(total / count / math.log(2), rel=1e-5)


def test_an_update_draws_from_its_number_and_the_seed_alone() -> None:
    one, same, other = (PairBatches(pairs(), SOURCES, CLASSES, 60, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one(1)[0]["symbol"], same(1)[0]["symbol"])
    assert any(one(k)[0]["symbol"].shape != other(k)[0]["symbol"].shape for k in range(5))
    with pytest.raises(PhysimError, match="pairs: there are none"):
        PairBatches([], SOURCES, CLASSES)
