from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from learners.agents.methods import ACER
from learners.experiment import Cell, read_rows
from physim.errors import PhysimError


@pytest.fixture
def script(paper: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script at a scale of seconds."""
    module = paper("acer")
    tasks = importlib.import_module("off_policy_tasks")
    monkeypatch.setattr(tasks, "MAZE_DECISIONS", 50 * 800)
    mazes = importlib.import_module("small_mazes")
    monkeypatch.setattr(mazes, "EPISODES", 8)
    monkeypatch.setitem(mazes.SMALL, "seconds", 3.0)
    for arm in list(module.ARMS):
        if arm not in (module.BASELINE, "ratio 4"):
            monkeypatch.delitem(module.ARMS, arm)
    return module


def test_arms_are_compared_in_poles_and_mazes_where_no_settings_were_chosen(script: ModuleType, tmp_path: Path) -> None:
    script.main(script.Args(kinds=("cart pole", "static"), quick=True, workers=1, out=tmp_path))
    folder = tmp_path / "quick"
    text = (folder / "replay.md").read_text()
    assert [line for line in text.splitlines() if line and line[0] != "|"] == ["cart pole", "static", "all tasks"]
    assert text.count("| ratio 4 |") == 3
    rows = read_rows(folder / "static.csv")
    tuned, used = ({row["task"] for row in rows if (row["seed"] == 100) == tuning} for tuning in (True, False))
    assert (tuned, used) == ({"static 1000"}, {"static 0"})
    assert {row["arm"] for row in read_rows(folder / "bounds.csv")} == {"chance", "oracle"}


def test_what_is_left_out_is_left_out(paper: Callable[[str], ModuleType]) -> None:
    arms = paper("acer").ARMS
    setting = (("task", "acrobot"), ("decisions", 800), ("rate", 1e-3), ("entropy", 0.1), ("ticks", 5))
    trials = {arm: arms[arm].trial(Cell(arm, 3, setting)) for arm in arms}
    assert {arm for arm, trial in trials.items() if trial.learning.ratio} == {
        arm for arm in arms if "ratio 0" not in arm
    }
    assert trials["ratio 0, 5 epochs"].learning.repeats == 5
    methods = {arm: trial.method for arm, trial in trials.items()}
    assert methods["ratio 4"] == ACER(entropy=0.1)
    assert {arm for arm, method in methods.items() if method.region is None} == {arm for arm in arms if "region" in arm}
    assert {arm for arm, method in methods.items() if method.truncation > 10} == {"ratio 4, not truncated"}
    assert {arm for arm, method in methods.items() if not method.replayed} == {arm for arm in arms if "ratio 0" in arm}


def test_what_is_not_there_is_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(
        PhysimError, match=r"--kinds: got \['pong'\], wanted some of \['cart pole', 'acrobot', 'static'"
    ):
        script.main(script.Args(kinds=("pong",), out=tmp_path))
