from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from learners.experiment import read_rows


def test_grids_are_learned_and_drawn(paper: Callable[[str], ModuleType], tmp_path: Path) -> None:
    script = paper("pgq")
    for problem in list(script.PROBLEMS)[2:]:
        del script.PROBLEMS[problem]
    for arm in list(script.ARMS)[4:]:
        del script.ARMS[arm]
    script.main(script.Args(quick=True, workers=1, out=tmp_path))
    table = (tmp_path / "quick" / "grids.md").read_text().splitlines()
    assert [line.split("|")[1].strip() for line in table[2:]] == list(script.PROBLEMS)
    assert len((tmp_path / "quick" / "steps.md").read_text().splitlines()) == 2 + len(script.RATES)
    assert (tmp_path / "quick" / "grids.png").stat().st_size > 10_000
    areas = [row["value"] for row in read_rows(tmp_path / "quick" / "grids.csv") if row["name"] == "area"]
    assert len(areas) == 3 * len(script.ARMS) * len(script.PROBLEMS)
    assert 0 <= min(areas) <= max(areas) <= 1
