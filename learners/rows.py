"""Rows in CSV files: written whole, and read back as they were, or refused by the line that is damaged."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from physim.errors import PhysimError
from physim.outputs import check_folder_writable, replacing
from physim.reports import Row, Value

NOT_FINITE = ("inf", "-inf", "nan")
"""Numbers as CSV files hold them that JSON does not know."""


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV; a column for every key, empty where a row has none, "inf" for what is infinite."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    make_folder(path.parent, str(path))
    with replacing(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _text_of(item) for key, item in row.items() if item is not None} for row in rows)


def make_folder(path: Path, field: str) -> None:
    """Make a folder, and those that it lies in, where they are not; refuse, by a field, one that takes no files."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PhysimError(f"{field} cannot be written: {path} ({error.strerror})") from error
    check_folder_writable(path, field)


def read_rows(path: Path) -> list[Row]:
    """Read rows back, numbers as numbers; none where there is no file.

    Raises: PhysimError with the line at which a file is damaged.
    """
    if not path.exists():
        return []
    lines = csv.reader(io.StringIO(_text_in(path), newline=""), strict=True)
    texts: dict[Value, bool] = {}
    try:
        columns = next(lines, [])
        return [_row(columns, line, texts) for line in lines if line]
    except (csv.Error, ValueError) as error:
        raise PhysimError(f"{path}, line {lines.line_num}: {error}") from None


def _text_in(path: Path) -> str:
    try:
        content = path.read_bytes()
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PhysimError(f"{path}, line {line}: this is no text") from None
    except OSError as error:
        raise PhysimError(f"{path} cannot be read: {error.strerror}") from None
    if text and not text.endswith("\n"):
        raise PhysimError(f"{path}, line {text.count(chr(10)) + 1}: it is cut off")
    return text


def _row(columns: Sequence[str], line: Sequence[str], texts: dict[Value, bool]) -> Row:
    """The row of a line; `texts` holds which names have texts for their values, as the lines before have it."""
    if len(line) != len(columns):
        raise ValueError(f"got {len(line)} values, wanted {len(columns)}")
    row = {name: _value(text) for name, text in zip(columns, line, strict=True) if text != ""}
    for name, value in row.items():
        if isinstance(value, list | dict):
            raise ValueError(f"{name} is {value}, wanted a number or text")
    is_text = isinstance(row.get("value"), str)
    if "value" in row and texts.setdefault(row.get("name"), is_text) != is_text:
        raise ValueError(f"value is {row['value']!r}, wanted {'a number' if is_text else 'text'}, as before")
    return row


def _value(text: str) -> Value:
    """What was written: text comes back as text even where it looks like a number, because that was quoted."""
    if text in NOT_FINITE:
        return float(text)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text_of(value: Value) -> str:
    """A number, truth value or text for a cell; quoted where it would be taken for something else."""
    if isinstance(value, float):
        return str(value)
    if not isinstance(value, str):
        return json.dumps(value)
    return json.dumps(value) if value == "" or _value(value) != value else value
