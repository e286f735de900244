from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from learners.experiment import read_rows
from physim.errors import PhysimError
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
    monkeypatch.setattr(module, "QUICK", module.Scale(0.01, 0.01, 4, 2, 20, 30, 1))
    return module


def test_tables_and_pictures_come_from_one_call_and_a_second_one_runs_nothing(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = ("sizes", "large", "candidates", "unseen")
    args = script.Args(quick=True, parts=parts, workers=1, out=tmp_path)
    assert script.main(args) == tmp_path
    report = (tmp_path / "README.md").read_text()
    for title in ("One step", "Large scenes", "Candidates", "Laws on which nothing was designed"):
        assert f"## {title}" in report
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert {row["size"] for row in rows["sizes"]} == {"6 balls", "3 balls"}
    assert {row["arm"] for row in read_rows(tmp_path / "candidates.csv")} == {"best", "mlp"}
    assert (tmp_path / "balls.png").read_bytes().startswith(b"\x89PNG")
    before = {path: path.read_bytes() for path in tmp_path.glob("*.csv")}
    capsys.readouterr()
    script.main(args)
    assert {path: path.read_bytes() for path in tmp_path.glob("*.csv")} == before
    assert "2 of 2 cells are finished" in capsys.readouterr().err


def test_an_unknown_part_is_refused(script: ModuleType) -> None:
    with pytest.raises(PhysimError, match=r"parts must be some of sizes, .* got sizs"):
        script.main(script.Args(parts=("sizs",)))
