from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from learners.experiment import Cell, read_rows
from physim import outputs
from physim.errors import PhysimError
from physim.reports import Row
from worlds import Balls, Strings

SCRIPT = Path(__file__).parents[3] / "examples" / "papers" / "interaction_networks.py"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script with small worlds and a scale of seconds."""
    spec = importlib.util.spec_from_file_location("interaction_networks_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "WORLDS", {"balls": {"6 balls": Balls(), "3 balls": Balls(balls=3)}})
    monkeypatch.setattr(module, "LARGE", {"balls": {"9 balls": Balls(balls=9)}})
    monkeypatch.setattr(module, "UNSEEN", {"strings": Strings(masses=3)})
    monkeypatch.setattr(module, "CANDIDATES", ("best", "mlp"))
    monkeypatch.setattr(module, "SWEPT", ("best",))
    monkeypatch.setattr(module, "RATES", (1e-3,))
    monkeypatch.setattr(module, "CANDIDATE_SEEDS", (0, 1))
    monkeypatch.setattr(module.report, "STEPS", 50)
    monkeypatch.setattr(module.report, "SCENES", 2)
    monkeypatch.setattr(module, "QUICK", module.Scale(0.01, 0.01, 15, 0.01, 4, 2, 20, 30, 1))
    return module


TITLES = {
    "sizes": "One step",
    "large": "Large scenes",
    "candidates": "Candidates",
    "unseen": "Laws on which nothing was designed",
}
JUDGED_ON = {"sizes": 90_000, "large": 90_000, "sweep": 80_000, "candidates": 80_000, "unseen": 90_000}


@pytest.mark.parametrize(
    "parts", [("sizes", "candidates"), pytest.param(tuple(JUDGED_ON), marks=pytest.mark.slow)], ids=["two", "all"]
)
def test_tables_and_pictures_come_from_one_call_and_a_second_one_runs_nothing(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], parts: tuple[str, ...]
) -> None:
    args = script.Args(quick=True, parts=parts, workers=1, out=tmp_path)
    folder = tmp_path / "quick"
    assert script.main(args) == folder
    report = (folder / "README.md").read_text()
    for title in (TITLES[part] for part in parts if part in TITLES):
        assert f"## {title}" in report
    rows = json.loads((folder / "rows.json").read_text())
    assert {row["size"] for row in rows["sizes"]} == {"6 balls", "3 balls"}
    candidates = read_rows(folder / "candidates.csv")
    arms = {(arm, seed) for arm in ("best", "mlp") for seed in (0, 1)}
    assert {(row["arm"], row["seed"]) for row in candidates} == arms
    assert all(row["updates"] > 0 for row in candidates)
    seeds = {part: {row["judged_on"] for row in mine} for part, mine in rows.items() if mine}
    assert seeds == {part: {JUDGED_ON[part]} for part in parts}
    assert {row["source"] for row in rows["sizes"]} == {Balls().metadata["source"][:12]}
    assert (folder / "balls.png").read_bytes().startswith(b"\x89PNG")
    before = {path: path.read_bytes() for path in folder.glob("*.csv")}
    capsys.readouterr()
    script.main(args)
    assert {path: path.read_bytes() for path in folder.glob("*.csv")} == before
    assert "2 of 2 cells are finished" in capsys.readouterr().err


def test_the_time_that_cells_take_follows_the_scale(script: ModuleType, tmp_path: Path) -> None:
    quick, full = (script.grids(script.Args(quick=quick, out=tmp_path)) for quick in (True, False))
    for part in script.PARTS:
        few, many = (sum(cell.minutes for cell in grids[part].cells) for grids in (quick, full))
        assert few < many / 8


def test_what_other_weights_gave_is_neither_finished_nor_told(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = script.Args(quick=True, parts=("inverse",), out=tmp_path)
    grid = script.grids(args)["inverse"]
    replace(grid, run=one_row).complete()
    assert not grid.missing()
    assert len(grid.rows()) == 2
    monkeypatch.setattr(script, "fingerprint", lambda weights: "other")
    today = script.grids(args)["inverse"]
    assert len(today.missing()) == 2
    assert not today.rows()


def one_row(cell: Cell) -> list[Row]:
    return [{"name": "inverse_error", "value": 0.5}]


def test_without_matplotlib_nothing_is_run(script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(outputs, "find_spec", lambda name: None)
    with pytest.raises(PhysimError, match="the report draws with matplotlib, which is not installed"):
        script.main(script.Args(quick=True, out=tmp_path))
    assert not list(tmp_path.iterdir())


def test_an_unknown_part_is_refused(script: ModuleType) -> None:
    with pytest.raises(PhysimError, match=r"--parts: got \['sizs'\], wanted some of \['sizes', "):
        script.main(script.Args(parts=("sizs",)))
