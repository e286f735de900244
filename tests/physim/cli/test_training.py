"""Files of positions over time in the place of a world, on the command line, with the real learner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from physim.cli import main
from physim.engines.learned import LearnedEngine


@pytest.fixture(autouse=True)
def _tables(folder: Path) -> None:
    rows = [f"{frame},{name},{frame},{frame**2 * place}" for frame in range(12) for place, name in enumerate("ab", 1)]
    (folder / "tracks.csv").write_text("\n".join(["frame,object,x,y", *rows]) + "\n")
    (folder / "short.csv").write_text("frame,object,x,y\n0,a,0,0\n1,a,0\n")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("train missing.csv", "there is no file missing.csv"),
        ("train tracks.csv", "tracks.csv has frame numbers and no times: say with --fps"),
        ("train tracks.csv --fps 0", "fps must be above 0, got 0"),
        ("train tracks.csv --fps 25 --out missing/w.safetensors", "--out cannot be written"),
        ("train tracks.csv --fps 25 --seed 90000", "seed must be under 90000"),
        ("train tracks.csv --fps 25 --learner magic", "unknown learner 'magic'"),
        ("train tracks.csv --scenes 3", "unknown argument '--scenes' of physim train: the known flags are --minutes,"),
        ("train short.csv --fps 25", "short.csv line 3 has 3 cells, wanted 4 as in the header"),
        ("evaluate tracks.csv", "physim evaluate needs a world, whose truth it simulates, and tracks.csv has none"),
        ("play tracks.csv", "physim play needs a world"),
        ("generate tracks.h5", "physim generate needs a world"),
    ],
)
def test_what_cannot_be_trained_on_gives_one_sentence_and_writes_nothing(
    command: str, sentence: str, refused: Callable[[str], str]
) -> None:
    assert sentence in refused(command)


def test_files_of_positions_are_trained_on_in_the_place_of_a_world(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "tracks.csv", "--fps", "25", "--updates", "2"]) == 0
    assert capsys.readouterr().out == "tracks.safetensors\n"
    terms = LearnedEngine.load(folder / "tracks.safetensors").terms
    assert (terms.dt, terms.provenance["updates"]) == (0.04, 2)


@pytest.mark.parametrize(("command", "wanted"), [("train nbody", "tracks.csv"), ("train tracks.csv", "time (or frame")])
def test_help_says_what_is_trained_on(command: str, wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([*command.split(), "--help"])
    assert wanted in capsys.readouterr().out
