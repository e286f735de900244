from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from learners.agents.methods import ACER
from learners.experiment import Cell, read_rows
from physim.errors import PhysimError


@pytest.fixture
def script(paper: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script at a scale of seconds."""
    module = paper("acer")
    tasks = importlib.import_module("parts.off_policy_tasks")
    monkeypatch.setattr(tasks, "MAZE_DECISIONS", 50 * 800)
    monkeypatch.setattr(tasks, "REPLAY", 600)
    mazes = importlib.import_module("parts.small_mazes")
    monkeypatch.setattr(mazes, "EPISODES", 8)
    monkeypatch.setitem(mazes.SMALL, "seconds", 3.0)
    for arm in list(module.ARMS):
        if arm not in (module.BASELINE, "ratio 4"):
            monkeypatch.delitem(module.ARMS, arm)
    return module


def test_arms_are_compared_in_poles(script: ModuleType, tmp_path: Path) -> None:
    script.main(script.Args(parts=("replay",), kinds=("cart pole",), quick=True, workers=1, out=tmp_path))
    text = (tmp_path / "quick" / "replay.md").read_text()
    assert [line for line in text.splitlines() if line and line[0] != "|" and "does not learn" not in line] == [
        "cart pole", "all tasks", "shares of decisions"
    ]  # fmt: skip
    assert text.count("| ratio 4 |") == 2
    assert text.count("| ratio 4 - ratio 0 |") == 1
    assert "| acer_policy_replayed: truncated |  | " in text  # of the arm that replays alone


@pytest.mark.slow
def test_arms_are_compared_in_mazes_where_no_settings_were_chosen(script: ModuleType, tmp_path: Path) -> None:
    script.main(script.Args(parts=("replay",), kinds=("static",), quick=True, workers=1, out=tmp_path))
    folder = tmp_path / "quick"
    rows = read_rows(folder / "static.csv")
    tuned, used = ({row["task"] for row in rows if (row["seed"] == 100) == tuning} for tuning in (True, False))
    assert (tuned, used) == ({"static 1000"}, {"static 0"})
    assert {row["arm"] for row in read_rows(folder / "bounds.csv")} == {"chance", "oracle"}


def test_an_agent_of_objects_stands_beside_one_of_pixels(script: ModuleType, tmp_path: Path) -> None:
    script.main(script.Args(parts=("scene",), quick=True, workers=1, out=tmp_path))
    lines = (tmp_path / "quick" / "scene.md").read_text().splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:4]] == ["ratio 4", "objects"]
    setting = (("task", "static 0"), ("decisions", 800), ("rate", 1e-3), ("entropy", 0.1), ("ticks", 5))
    arms = {"ratio 4": script.ARMS["ratio 4"], **script.SEEING}
    trials = {arm: arms[arm].trial(Cell(arm, 3, setting)) for arm in arms}
    assert [list(trial.playing().recipe["sees"]) for trial in trials.values()] == [["image"], ["objects"]]


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


def test_numbers_are_learned_by_every_arm_and_judged_beside_ppo(
    paper: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = paper("acer")
    part = importlib.import_module("parts.acer_numbers")
    for arm in list(part.ARMS)[1:]:
        monkeypatch.delitem(part.ARMS, arm)
    monkeypatch.delitem(part.TASKS, "chain")
    monkeypatch.setattr(part, "DECISIONS", 50 * 640)
    monkeypatch.setattr(part, "REPLAY", 1000)
    monkeypatch.setattr(part, "RANGES", replace(part.RANGES, among={"ticks": (10,), "discount": (0.97,)}))
    heard: list[int] = []

    def peer(name: str, seed: int, decisions: int, *drawn: float) -> tuple[list[dict[str, float]], Any]:
        heard.append(decisions)
        return [{"decisions": float(decisions), "seconds": 0.0, "score": 60.0}], lambda seen: np.zeros(1)

    monkeypatch.setattr(part, "find_spec", lambda name: None)
    with pytest.raises(PhysimError, match=r"PPO is Stable-Baselines3's, which is not installed: pip install"):
        script.main(script.Args(parts=("numbers",), out=tmp_path))
    monkeypatch.setattr(part, "find_spec", lambda name: name)
    monkeypatch.setattr(part, "ppo", peer)
    monkeypatch.setattr(part, "TESTED", range(90_000, 90_002))
    script.main(script.Args(parts=("numbers",), quick=True, workers=1, out=tmp_path))
    assert heard == [1920, 1920, 6400, 6400]  # three times as many in tuning, ten times at last
    lines = (tmp_path / "quick" / "numbers.md").read_text().splitlines()
    assert [line.split("|")[1].strip() for line in lines if line.startswith("| ")][2:] == ["acer", "ppo"]
    assert [row["value"] for row in read_rows(tmp_path / "quick" / "swing_up.csv") if row["name"] == "tested"]


@pytest.mark.slow
def test_ppo_has_a_curve(paper: Callable[[str], ModuleType]) -> None:
    """Wants the extra `libraries`."""
    pytest.importorskip("stable_baselines3")
    paper("acer")
    part = importlib.import_module("parts.acer_numbers")
    curve, decide = part.ppo("physim/CartPoleSwingUp-v0", 0, 10_000, 3e-4, 200, 0.97)
    assert 0 <= part.score_of("swing up", decide) < 300
    assert len(curve) == part.POINTS
    assert 0 < min(point["score"] for point in curve if "score" in point) < 300


def test_what_is_not_there_is_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(
        PhysimError, match=r"--kinds: got \['pong'\], wanted some of \['cart pole', 'acrobot', 'static'"
    ):
        script.main(script.Args(kinds=("pong",), out=tmp_path))
