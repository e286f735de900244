from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from learners.decoupled.graphs import Size
from learners.experiment import read_rows
from physim.errors import PhysimError


@pytest.fixture
def script(paper: Callable[[str], ModuleType], few: Any, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script at a scale of seconds."""
    module = paper("understanding_synthetic_gradients")
    changes = {"digits": few, "DEPTH": Size(5, 16), "VIEWED": Size(3, 16), "LOOKED_AT": 100, "PROBED": 100}
    changes |= {"INSTANTS": (20, 60), "MODELS": (("linear", 2, 0), ("noisy", 2, 10))}
    changes |= {"MODEL_UPDATES": 800, "DEPTH_UPDATES": 800, "VIEW_UPDATES": 400}
    for name, value in changes.items():
        monkeypatch.setattr(module, name, value)
    return module


def test_every_part_fills_its_table_and_draws_its_pictures(script: ModuleType, tmp_path: Path) -> None:
    script.main(script.Args(quick=True, workers=1, out=tmp_path))
    folder = tmp_path / "quick"
    assert len((folder / "table.md").read_text().splitlines()) == 2 + len(script.MODELS)
    assert len((folder / "views.md").read_text().splitlines()) == 2 + len(script.VIEWS)
    assert len((folder / "representations.md").read_text().splitlines()) == 2 + 1 + 2 * (script.DEPTH.layers - 1)
    landscapes = {f"landscape_{kind}_{loss}.png" for kind in ("noisy", "random") for loss in ("log", "squares")}
    assert {path.name for path in folder.glob("*.png")} == {*landscapes, "representations.png"}
    last = [row for row in read_rows(folder / "representations.csv") if row["name"] == "distance"]
    assert all(row["value"] == 0 for row in last if row["layer"] == script.DEPTH.layers - 1)


def test_unknown_parts_are_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"--parts: got \['tables'\]"):
        script.main(script.Args(parts=("tables",), out=tmp_path))
