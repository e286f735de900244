from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from physim.errors import PhysimError
from worlds.real_data import translations
from worlds.real_data.translations import Pair


@pytest.fixture
def script(example: Any, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script with a network of seconds, and a few sentences."""
    module: ModuleType = example("bytenet")
    monkeypatch.setattr(module, "WIDTH", 4)
    monkeypatch.setattr(module, "UPDATES_A_MINUTE", 2)
    few = [Pair(f"the house number {k}", f"das Haus Nummer {k}") for k in range(8)]
    monkeypatch.setattr(translations, "pairs", lambda part: few)
    return module


def test_what_is_trained_translates(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "german.safetensors"
    script.Args(train=1.0, weights=weights).run()
    assert "unseen pages" in capsys.readouterr().out
    script.Args(("the house",), beam=2, weights=weights).run()
    said = capsys.readouterr().out
    assert said.endswith("\n")
    lines = iter(["the house"])

    def asked(prompt: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", asked)
    script.Args(beam=2, weights=weights).run()
    assert capsys.readouterr().out == said


def test_sentences_that_are_too_long_are_refused(script: ModuleType) -> None:
    with pytest.raises(PhysimError, match="sentences: one has 401 characters, wanted 1 to 400"):
        script.Args(("a" * 401,)).run()


def test_without_weights_it_says_how_to_make_some(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"there are no weights .*: --train 60 makes some"):
        script.Args(("the house",), weights=tmp_path / "none.safetensors").run()
