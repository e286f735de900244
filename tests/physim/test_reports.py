from __future__ import annotations

import json
from math import inf, nan
from pathlib import Path

import pytest

from physim.errors import PhysimError
from physim.reports import Row, check_report, report, row, table

ROWS: list[Row] = [
    row("one_step_mse", 0.5, "(m/s)^2", "constant_velocity", 82.0) | {"world": "nbody", "bodies": 6},
    row("energy_drift", 1e-5, "1") | {"world": "nbody", "bodies": 12},
]


def test_ratio_is_value_over_what_it_stands_against() -> None:
    assert ROWS[0]["ratio"] == 0.5 / 82.0


@pytest.mark.parametrize("against_value", [None, 0.0, inf, nan])
def test_no_ratio_against_nothing(against_value: float | None) -> None:
    assert row("speed", 1.0, "1/s", "other", against_value)["ratio"] is None


def test_no_ratio_over_a_share_that_is_rounding_but_a_note() -> None:
    drift = row("energy_drift", 0.05, "share of the start", "truth", 2e-16)
    assert (drift["ratio"], drift["note"]) == (None, "no ratio over less than 1e-09")
    assert "no ratio over less than 1e-09" in table([drift])
    for made in (row("seconds", 1.0, "s", "other", 1e-12), row("drift", 0.05, "share", "truth", 1e-6)):
        assert made["ratio"] is not None
        assert "note" not in made


def test_table_aligns_its_columns() -> None:
    header, first, second = table(ROWS).splitlines()
    assert header.split() == ["name", "world", "bodies", "value", "unit", "against", "against_value", "ratio"]
    assert header.index("bodies") == first.index("6 ") == second.index("12")


def test_table_leaves_out_columns_without_a_value() -> None:
    assert "against" not in table(ROWS[1:])


def test_file_holds_the_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(ROWS, str(tmp_path / "rows.json"))
    assert json.loads((tmp_path / "rows.json").read_text()) == ROWS
    assert capsys.readouterr().out.startswith("name")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.json"]


def test_what_is_infinite_is_shown_and_stays_valid_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report([row("error", inf, "m", "other", 2.0) | {"lost": nan}], str(tmp_path / "rows.json"))
    (written,) = json.loads((tmp_path / "rows.json").read_text(), parse_constant=pytest.fail)
    assert (written["value"], written["ratio"], written["lost"]) == ("inf", "inf", "nan")
    assert capsys.readouterr().out.splitlines()[1].split() == ["error", "nan", "inf", "m", "other", "2", "inf"]


def test_dash_puts_json_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    report(ROWS, "-")
    output = capsys.readouterr()
    assert json.loads(output.out) == ROWS
    assert output.err.startswith("name")


def test_missing_folder_is_refused_beforehand(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="--json cannot be written"):
        check_report(str(tmp_path / "missing" / "rows.json"))


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(PhysimError, match="folder cannot be written"):
        report(ROWS, str(tmp_path / "folder"))
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
