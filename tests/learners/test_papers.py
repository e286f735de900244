from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from learners.experiment import Cell
from learners.papers import PaperSettings, run_parts
from physim.errors import PhysimError
from physim.reports import Row
from physim.scripts import run_script

SEEDS = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Measure."""

    parts: tuple[str, ...] = ("first", "second")
    """What to do."""
    arms: tuple[str, ...] = ("ours", "theirs")
    """Which."""
    out: Path = Path("results")


def measured(cell: Cell) -> Sequence[Row]:
    return [{"value": cell.seed}]


def first(args: Args) -> str:
    cells = [Cell("ours", seed, (("updates", args.shortened(500)),)) for seed in args.few(SEEDS)]
    return str([(row["seed"], row["updates"]) for row in args.rows("measured", cells, measured)])


PARTS = {"first": first, "second": lambda args: "nothing"}


def test_parts_are_published_and_what_is_quick_is_shorter_and_lies_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_parts(Args(out=tmp_path, workers=1), ("first", "second"), PARTS)
    run_parts(Args(out=tmp_path, quick=True, workers=1), ("first",), PARTS)
    said = ["[(0, 500), (1, 500), (2, 500)]", "nothing", "[(0, 10)]"]
    files = [tmp_path / "first.md", tmp_path / "second.md", tmp_path / "quick" / "first.md"]
    assert [file.read_text() for file in files] == capsys.readouterr().out.splitlines() == said
    assert {path.name for path in (tmp_path / "quick").iterdir()} == {"first.md", "measured.csv"}


def test_a_part_of_the_arms_does_not_take_the_place_of_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = Args(out=tmp_path, workers=1)
    args.publish("first", "all")
    replace(args, arms=("theirs",)).publish("first", "one")
    assert (tmp_path / "first.md").read_text() == "all"
    assert capsys.readouterr().out == "all\none\n"


def test_parts_that_there_are_not_are_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"--parts: got \['third'\], wanted some of \['first', 'second'\]"):
        run_parts(Args(out=tmp_path), ("first", "third"), PARTS)
    with pytest.raises(PhysimError, match=r"--parts: got none, wanted some of \['first', 'second'\]"):
        run_parts(Args(out=tmp_path), (), PARTS)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PhysimError, match=r"^--out cannot be written: .*file/below \("):
        run_parts(Args(out=tmp_path / "file" / "below"), ("first",), {"first": pytest.fail})


def test_kept_rows_without_figures_are_refused_with_their_file(tmp_path: Path) -> None:
    args = Args(out=tmp_path, workers=1)
    first(args)
    path = tmp_path / "measured.csv"
    path.write_text(path.read_text().replace("value", "figure"))
    with pytest.raises(PhysimError, match=r"^first: .*measured\.csv, line 1: there is no column 'value'$"):
        run_parts(args, ("first",), PARTS)


def test_a_part_that_fails_does_not_keep_others_from_being_published(tmp_path: Path) -> None:
    def failing(args: Args) -> str:
        raise PhysimError("there is no voice")

    def broken(args: Args) -> str:
        raise ZeroDivisionError

    told = {"speech": failing, **PARTS, "songs": failing}
    with pytest.raises(PhysimError, match=r"^speech: there is no voice\nsongs: there is no voice$"):
        run_parts(Args(out=tmp_path, workers=1), tuple(told), told)
    assert {path.name for path in tmp_path.glob("*.md")} == {"first.md", "second.md"}
    with pytest.raises(ExceptionGroup):
        run_parts(Args(out=tmp_path), ("broken", "second"), {**PARTS, "broken": broken})


def test_an_interrupt_ends_all_parts(tmp_path: Path) -> None:
    def interrupted(args: Args) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_parts(Args(out=tmp_path), ("first", "second"), {**PARTS, "first": interrupted})
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="workers must be above 0"):
        run_parts(Args(out=tmp_path, workers=0), ("first", "second"), PARTS)


def test_what_parts_want_is_missed_before_anything_runs(tmp_path: Path) -> None:
    def missing() -> None:
        raise PhysimError("there is no piano")

    args = Args(out=tmp_path, workers=1)
    with pytest.raises(PhysimError, match=r"^there is no piano$"):
        run_parts(args, ("first", "second"), PARTS, {"second": (missing,)})
    assert not list(tmp_path.iterdir())
    run_parts(args, ("first",), PARTS, {"second": (missing,)})


def test_the_command_line_explains_what_a_script_does_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["measure.py", "--help"])
    with pytest.raises(SystemExit):
        run_script(print, Args)
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for explained in ("to see that it runs. (default: False)", "one thread each. (default: 2)", "(default: results)"):
        assert explained in said
    assert "Where rows (CSV), tables (Markdown)" in said
