from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import pytest

from physim import plugins
from physim.cli import main
from physim.data_sets import DataSet
from physim.errors import PhysimError


@final
@dataclass(frozen=True, kw_only=True)
class Touched(DataSet):
    """A data set that is one empty file, or none at all."""

    can_be_had: bool = True

    @property
    def is_here(self) -> bool:
        return Path(self.name).exists()

    def fetch(self) -> Path:
        if not self.can_be_had:
            raise PhysimError(f"{self.name} cannot be fetched: no network")
        Path(self.name).touch()
        return Path(self.name)


REGISTERED: dict[str, object] = {
    "digits": Touched(name="digits", about="ten of them", licence="free", megabytes=0.5),
    "lost": Touched(name="lost", about="nothing", licence="free", megabytes=1.0, can_be_had=False),
}


@pytest.fixture(autouse=True)
def _stand_ins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registered = {**REGISTERED, "odd": "text"}
    monkeypatch.setattr(plugins, "names", lambda group: sorted(REGISTERED))
    known = plugins.load
    monkeypatch.setattr(plugins, "load", lambda group, name: registered.get(name) or known(group, name))


def test_what_is_missing_is_announced_and_its_folder_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "digits"]) == 0
    output = capsys.readouterr()
    assert output.out == "digits\n"
    assert output.err == "fetching digits: 0.5 MB, licence: free\n"


def test_what_is_there_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    Path("digits").touch()
    assert main(["fetch", "digits", "digits"]) == 0
    output = capsys.readouterr()
    assert (output.out, output.err) == ("digits\ndigits\n", "")


def test_without_a_name_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("digits").touch()
    assert main(["fetch"]) == 0
    heads, *lines = capsys.readouterr().out.splitlines()
    assert heads.split() == ["name", "fetched", "MB", "about", "licence"]
    assert [line.split() for line in lines] == [
        ["digits", "yes", "0.5", "ten", "of", "them", "free"],
        ["lost", "no", "1", "nothing", "free"],
    ]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("fetch lost", "lost cannot be fetched: no network"),
        ("fetch digits nothing", "unknown data set 'nothing': the known ones are"),
        ("fetch odd", "data set odd must be a physim.data_sets.DataSet, got str"),
        ("fetch digits --fast", "unknown argument '--fast' of physim fetch"),
    ],
)
def test_bad_input_gives_one_sentence_and_fetches_nothing(
    command: str, sentence: str, refused: Callable[[str], str]
) -> None:
    assert sentence in refused(command)
