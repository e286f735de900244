"""One form for figures: rows, printed as a table and written as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from physim.outputs import check_writable, replacing

Value = str | int | float | bool | None
Row = dict[str, Value]

ROUNDING = 1e-9
"""A share under this is rounding."""
LEADING = ("name", "value", "unit", "against", "against_value", "ratio")


def row(name: str, value: float, unit: str, against: str | None = None, against_value: float | None = None) -> Row:
    """One figure; `ratio` is `value / against_value`. Add what tells rows apart: `row(...) | {"bodies": 6}`.

    There is no ratio over nothing, nor over what is infinite. Over a share that is only rounding, such as the energy
    that a truth loses which keeps it, there is none either, and a `note` says so.
    """
    rounding = against_value is not None and unit.startswith("share") and abs(against_value) < ROUNDING
    ratio = value / against_value if against_value and isfinite(against_value) and not rounding else None
    made: Row = dict(zip(LEADING, (name, value, unit, against, against_value, ratio), strict=True))
    return made | {"note": f"no ratio over less than {ROUNDING:g}"} if rounding else made


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned columns of text; a column that no row fills is left out."""
    columns = [key for key in _columns(rows) if any(row.get(key) is not None for row in rows)]
    lines = [columns] + [[_cell(row.get(key)) for key in columns] for row in rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def check_report(path: str | None) -> None:
    """Refuse, before any work starts, a `--json` path that cannot be written; `-` and None always can."""
    if path not in (None, "-"):
        check_writable(Path(path or ""), "--json", ".json")


def for_json(rows: Sequence[Row]) -> list[Row]:
    """The rows as JSON can hold them: it knows no number that is not finite, so "inf", "-inf" and "nan" are text."""
    return [{key: _for_json(value) for key, value in row.items()} for row in rows]


def report(rows: Sequence[Row], path: str | None) -> None:
    """Print the table, and with `path` write the rows as JSON there (`-`: JSON on standard output, table on stderr)."""
    print(table(rows), file=sys.stderr if path == "-" else sys.stdout)
    text = json.dumps(for_json(rows), indent=2, allow_nan=False) + "\n"
    if path == "-":
        sys.stdout.write(text)
    elif path is not None:
        with replacing(path) as draft:
            draft.write_text(text, encoding="utf-8")


def _columns(rows: Sequence[Row]) -> list[str]:
    """Every key of the rows: labels in the order met, between the name and its figures."""
    labels = [key for row in rows for key in row if key not in LEADING]
    return ["name", *dict.fromkeys(labels), *LEADING[1:]]


def _for_json(value: Value) -> Value:
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _cell(value: Value) -> str:
    """One value as text: floats with four digits that count."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
