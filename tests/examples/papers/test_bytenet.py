from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from learners.experiment import TUNING_SEED, Cell, read_rows
from learners.sequences import SequenceTraining
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
    changes: dict[str, dict[str, Any]] = {
        "bytenet": {"TOYS": {"doubled": (100, 5e-3), "ciphered": (100, 2e-3)}, "TRAIN": 60, "VALID": 4, "TEST": 4},
        "characters_foretold": {"WIDTH": 8, "UPDATES": 100, "SET": (1, 2), "SEEN": 5, "COUNTED": 20},
        "pages_translated": {"WIDTH": 8, "UPDATES": 100, "SET": (1, 2), "BLEU_PAIRS": 2, "BEAM": 2, "SAMPLES": 3},
    }
    changes["letters_foretold"] = {"TRAINED": 3000, "TESTED": 1000, "UPDATES": 100, "WIDTH": 4, "LENGTH": 40}
    changes["characters_foretold"] |= {"splits": lambda name: TEXT, "find_spec": lambda name: name}  # extras
    changes["characters_foretold"]["_ppmd"] = len
    changes["pages_translated"]["pairs"] = sentences
    for part, settings in changes.items():
        for name, value in settings.items():
            monkeypatch.setattr(module if part == "bytenet" else importlib.import_module(f"parts.{part}"), name, value)
    return module


@pytest.fixture
def pages(script: ModuleType) -> ModuleType:
    """The part of translations."""
    return importlib.import_module("parts.pages_translated")


def test_every_part_fills_its_table(
    script: ModuleType, pages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "judged", lambda said: {"bleu": 0.0, "chrf": 0.0, "length": 1.0})
    monkeypatch.setattr(pages, "find_spec", lambda name: True)  # sacrebleu is an extra
    script.main(script.Args(quick=True, workers=1, out=tmp_path))
    folder = tmp_path / "quick"
    lines = {part: (folder / f"{part}.md").read_text().splitlines() for part in script.PARTS}
    assert {part: len(text) - 2 for part, text in lines.items()} == {
        "letters": 5, "toys": 2, "characters": 14, "translation": 16
    }  # fmt: skip
    for part in ("characters", "translation"):
        assert {row["name"] for row in read_rows(folder / f"{part}_rates.csv")} == {"valid", "seconds"}
    again = [path.read_bytes() for path in sorted(folder.glob("*.csv"))]
    shutil.rmtree(folder / "nets")  # tables are made of rows alone
    script.main(script.Args(quick=True, workers=1, out=tmp_path))
    assert again == [path.read_bytes() for path in sorted(folder.glob("*.csv"))]
    for part, text in lines.items():
        assert "seconds of training | parameters" in text[0], part


def test_networks_that_are_compared_have_as_many_parameters(paper: Callable[[str], ModuleType]) -> None:
    paper("bytenet")
    characters, pages = (
        importlib.import_module(f"parts.{name}") for name in ("characters_foretold", "pages_translated")
    )
    for nets in (
        [characters.network(arm) for arm in characters.ARMS],
        [pages.translator(arm, 190, 200) for arm in pages.ARMS],
    ):
        sizes = [sum(value.numel() for value in net.parameters()) for net in nets]
        assert max(sizes) < 1.05 * min(sizes)  # widths of Transformers are multiples of four


def test_words_are_doubled_and_ciphered(script: ModuleType) -> None:
    doubled, ciphered = (script.toy(kind, 50, 3) for kind in ("doubled", "ciphered"))
    assert all(torch.equal(pair.target[::2], pair.source) for pair in doubled)
    assert all(torch.equal(pair.target[1::2], pair.source) for pair in doubled)
    told = {(int(a), int(b)) for pair in ciphered for a, b in zip(pair.source, pair.target, strict=True)}
    assert len(told) == len({a for a, _ in told}) == len({b for _, b in told})


def test_who_learned_by_the_first_seed_shows_translations_and_where_it_looked(
    pages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come with the rows, so that they are there when networks are no more."""
    monkeypatch.setattr(pages, "judged", lambda said: {"bleu": 0.0, "chrf": 0.0, "length": 1.0})
    for arm, seed in (("bytenet", 0), ("bytenet, as long as the lstm", 0), ("lstm", 1), ("lstm", TUNING_SEED)):
        pages.run(tmp_path, Cell(arm, seed, (("updates", 2), ("rate", 1e-3))))
    assert {path.name for path in tmp_path.glob("samples_*")} == {
        "samples_bytenet.md",
        "samples_bytenet_as_long_as_the_lstm.md",
    }
    assert len((tmp_path / "samples_bytenet.md").read_text().splitlines()) == 2 + 3
    assert (tmp_path / "alignment.png").stat().st_size > 5000


def test_translations_are_judged_by_sacrebleu(pages: ModuleType) -> None:
    pytest.importorskip("sacrebleu")
    known = pages.languages()
    net = pages.translator("lstm", known.source.size, known.target.size).eval()
    told = pages.scores(net, pages.batches_of("test", 1.0))
    assert list(told) == ["bleu", "chrf", "length"]
    assert all(0 <= score <= 100 for score in told.values())


def test_a_model_that_knows_its_target_by_its_source_is_led_astray_by_another(
    pages: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "scores", lambda net, batches: {})
    known = pages.languages()
    net = pages.translator("attention", known.source.size, known.target.size)
    test = pages.batches_of("test", 1.0)
    SequenceTraining(60, 1e-2).run(net, test, progress=False)
    assert pages.figures(net, test)["astray"] > 0
