from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import imageio.v3
import pytest

from learners.physics import recovery
from physim.errors import PhysimError

EXAMPLE = Path(__file__).parents[2] / "examples" / "inverse.py"
specification = importlib.util.spec_from_file_location("example_inverse", EXAMPLE)
inverse = importlib.util.module_from_spec(specification)
sys.modules["example_inverse"] = inverse
specification.loader.exec_module(inverse)


def test_both_unknowns_are_recovered_written_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(recovery, "STEPS", 100)
    figures, picture = tmp_path / "rows.json", tmp_path / "picture.png"
    rows = inverse.main(inverse.Args(scenes=1, json=str(figures), plot=picture))
    assert json.loads(figures.read_text()) == rows
    errors = {row["unknown"]: row["value"] for row in rows if row.get("of") == "all"}
    assert errors["mass"] < 0.05
    assert errors["stiffness"] < 0.02
    pixels = imageio.v3.imread(picture)
    assert pixels.shape[1] > pixels.shape[0] > 100
    assert pixels.std() > 1


@pytest.mark.parametrize("wrong", [{"scenes": 0}, {"seed": -1}, {"plot": Path("picture.bmp")}, {"noise": -1.0}])
def test_bad_arguments_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(PhysimError):
        inverse.main(inverse.Args(**wrong))
