from __future__ import annotations

from pathlib import Path

import pytest

from learners.rows import read_rows, write_rows
from physim.errors import PhysimError
from physim.reports import Row


def test_rows_survive_the_way_to_a_file_and_back(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"a": 1, "b": 1 / 3, "c": "text, with a comma"},
        {"b": float("inf"), "d": True, "c": "012345678901"},
        {"c": "12345678e901", "e": "True", "f": '"'},
        {"b": -float("inf"), "c": "inf", "e": "nan", "f": "Infinity"},
    ]
    write_rows(tmp_path / "new" / "rows.csv", rows)
    assert read_rows(tmp_path / "new" / "rows.csv") == rows
    assert (tmp_path / "new" / "rows.csv").read_text().splitlines()[2].split(",")[1] == "inf"
    assert read_rows(tmp_path / "none.csv") == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"name,value\nfirst,1.0\nsecond,2.", "line 3: it is cut off"),
        (b"name,value\nfirst,1.0\nsecond\n", "line 3: got 1 values, wanted 2"),
        (b"name,value\nfirst,1.0,2.0\n", "line 2: got 3 values, wanted 2"),
        (b"name,value\nfirst,1.0\nfirst,1.O\n", r"line 3: value is '1\.O', wanted a number, as before"),
        (b'name,value\n"first,1.0\n', "line 2: unexpected end of data"),
        (b"name,value\nfirst,[1]\n", r"line 2: value is \[1\], wanted a number or text"),
        (b"name,value\n\x8f\xff\x00\n", "line 2: this is no text"),
    ],
)
def test_damage_is_told_by_file_and_line(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(PhysimError, match=rf"^.*rows\.csv, {told}"):
        read_rows(path)


def test_values_of_other_names_may_be_texts(tmp_path: Path) -> None:
    rows: list[Row] = [{"name": "drawn", "value": "a picture"}, {"name": "error", "value": 0.5}]
    write_rows(tmp_path / "rows.csv", rows)
    assert read_rows(tmp_path / "rows.csv") == rows


def test_what_cannot_be_read_or_written_is_refused_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PhysimError, match=r"^.*rows\.csv cannot be written: .*file \("):
        write_rows(tmp_path / "file" / "rows.csv", [{"value": 1}])
    with pytest.raises(PhysimError, match="cannot be read: Is a directory"):
        read_rows(tmp_path)
