from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from learners.experiment import read_rows
from physim.errors import PhysimError


@pytest.fixture
def script(paper: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script at a scale of seconds."""
    module = paper("unreal")
    for name, value in {"DECISIONS": 50 * 2240, "SIZES": ((3, 3),), "APPLES": (0.1,)}.items():
        monkeypatch.setattr(module, name, value)
    mazes = importlib.import_module("small_mazes")
    monkeypatch.setattr(mazes, "EPISODES", 8)
    monkeypatch.setitem(mazes.SMALL, "seconds", 8.0)
    return module


def test_every_part_fills_its_table_and_nothing_runs_twice(script: ModuleType, tmp_path: Path) -> None:
    args = script.Args(arms=("a3c", "pixel_control"), quick=True, workers=1, out=tmp_path)
    script.main(args)
    table = (tmp_path / "mazes.md").read_text()
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:4]] == ["a3c", "pixel_control"]
    assert "after 2 times as many decisions" in table
    assert "random goal 0, 3 x 3, apples 0.1" in (tmp_path / "sizes.md").read_text()
    tuned, used = (
        {(row["task"], row["seed"]) for row in read_rows(tmp_path / name)} for name in ("tuning.csv", "mazes.csv")
    )
    assert not tuned & used  # settings are chosen where nothing is judged
    assert {task.rpartition(" ")[2] for task, _ in tuned} == {"1000"}
    again = [path.read_bytes() for path in sorted(tmp_path.glob("*.csv"))]
    script.main(args)
    assert again == [path.read_bytes() for path in sorted(tmp_path.glob("*.csv"))]


def test_what_is_not_there_is_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"--arms: got \['dqn'\], wanted some of \['a3c', 'unreal'"):
        script.main(script.Args(arms=("dqn",), out=tmp_path))
    with pytest.raises(PhysimError, match="--arms must have a3c among them"):
        script.main(script.Args(arms=("unreal",), out=tmp_path))
