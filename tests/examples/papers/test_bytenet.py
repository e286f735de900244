from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

from learners.sequences.pairs import PairBatches
from worlds.real_data import Splits
from worlds.real_data.parts import Part
from worlds.real_data.translations import Pair

TEXT = Splits(b"a dictionary of words, " * 200, b"words of a dictionary, " * 40, b"of words a dictionary, " * 40)


def sentences(part: Part) -> list[Pair]:
    count = {"train": 40, "valid": 6, "test": 6}[part]
    return [Pair(f"the house number {k}{part}", f"das Haus Nummer {k}{part}") for k in range(count)]


@pytest.fixture
def script(paper: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script at a scale of seconds."""
    module = paper("bytenet")
    changes = {"WIDTH": 8, "CHARACTER_UPDATES": 100, "TRANSLATED_WIDTH": 8, "TRANSLATION_UPDATES": 100, "SET": (1, 2)}
    changes |= {"TOY_UPDATES": 100, "TOY_TRAIN": 60, "TOY_TEST": 4, "BLEU_PAIRS": 2, "BEAM": 2}
    changes |= {"SEEN": 5, "COUNTED": 20}
    changes |= {"splits": lambda name: TEXT, "pairs": sentences}
    for name, value in changes.items():
        monkeypatch.setattr(module, name, value)
    return module


def test_every_part_fills_its_table(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "bleu", lambda net, batches, german: 0.0)
    monkeypatch.setattr(script, "check_bleu", lambda: None)  # it wants sacrebleu
    script.main(script.Args(quick=True, workers=1, out=tmp_path))
    folder = tmp_path / "quick"
    lines = {part: (folder / f"{part}.md").read_text().splitlines() for part in script.ALL}
    assert {part: len(text) - 2 for part, text in lines.items()} == {"toys": 2, "characters": 6, "translation": 4}
    again = [path.read_bytes() for path in sorted(folder.glob("*.csv"))]
    script.main(script.Args(quick=True, workers=1, out=tmp_path))  # nothing is left to do
    assert again == [path.read_bytes() for path in sorted(folder.glob("*.csv"))]


def test_networks_that_are_compared_have_as_many_parameters(paper: Callable[[str], ModuleType]) -> None:
    script = paper("bytenet")
    arms = ("multiplicative", "rectified", "lstm")
    for nets in (
        [script.character_net(arm) for arm in arms],
        [script.translator(arm, 190, 200) for arm in script.TRANSLATORS],
    ):
        sizes = [sum(value.numel() for value in net.parameters()) for net in nets]
        assert max(sizes) < 1.07 * min(sizes)  # widths of Transformers are multiples of four


def test_words_are_doubled_and_ciphered(script: ModuleType) -> None:
    doubled, ciphered = (script.toy(kind, 50, 3) for kind in ("doubled", "ciphered"))
    assert all(torch.equal(pair.target[::2], pair.source) for pair in doubled)
    assert all(torch.equal(pair.target[1::2], pair.source) for pair in doubled)
    told = {(int(a), int(b)) for pair in ciphered for a, b in zip(pair.source, pair.target, strict=True)}
    assert len(told) == len({a for a, _ in told}) == len({b for _, b in told})


def test_translations_are_judged_by_sacrebleu(script: ModuleType) -> None:
    pytest.importorskip("sacrebleu")
    english, german = script.alphabets()
    net = script.translator("lstm", english.size, german.size).eval()
    batches = PairBatches(script.numbers("test"), english.size, german.size)
    assert 0 <= script.bleu(net, batches, german) <= 100
