from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from learners.experiment import Cell
from learners.rows import read_rows
from worlds.maze.grounds import ground_of


@pytest.fixture
def script(paper: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script at a scale of seconds."""
    module = paper("learning_to_navigate")
    for name, value in {"DECISIONS": 50 * 960, "WATCHED": 6, "SEEDS": (0,), "TUNED_ON": ("random goal 1000",)}.items():
        monkeypatch.setattr(module, name, value)
    mazes = importlib.import_module("parts.small_mazes")
    monkeypatch.setattr(mazes, "EPISODES", 8)
    monkeypatch.setitem(mazes.SMALL, "seconds", 3.0)
    monkeypatch.setitem(mazes.MAZE, "apples", 0.2)
    return module


def test_agents_are_compared_and_examined(script: ModuleType, tmp_path: Path) -> None:
    arms = ("nav", "nav + d1d2l", "ff")
    script.main(script.Args(arms=arms, kinds=("random goal",), quick=True, workers=1, out=tmp_path))
    text = (tmp_path / "quick" / "mazes.md").read_text()
    assert text.startswith("## random goal\n")
    rows = read_rows(tmp_path / "quick" / "mazes.csv")
    names = {arm: {row["name"] for row in rows if row["arm"] == arm} for arm in arms}
    assert {"first", "later", "found", "path_efficiency", "score"} <= names["ff"]
    assert {"loop_f1", "error of depth_from_core", "error of loop_closure"} <= names["nav + d1d2l"] - names["nav"]
    assert {"position_from_first_core", "position_from_core", "untrained: position_from_core"} <= names["nav"]
    assert {"position_from_features", "position_from_nothing"} <= names["ff"]
    assert not any("_core" in str(name) for name in names["ff"])


def test_mazes_that_settings_are_chosen_in_have_other_walls(paper: Callable[[str], ModuleType]) -> None:
    module, mazes = paper("learning_to_navigate"), importlib.import_module("parts.small_mazes")

    def walls(task: str) -> str:
        game = mazes.game_of(mazes.environments(task))
        return re.sub(r"[^#\n]", " ", ground_of(game.maze, game.seed).layout.text)

    tasks = {walls(module.KINDS[kind]) for kind in ("static", "random goal")}
    assert len(tasks) == 2
    assert not tasks & {walls(task) for task in module.TUNED_ON}


@pytest.mark.parametrize("kind", ["static", "i-maze"])
def test_agents_are_examined_in_every_kind_of_maze_and_those_that_diverged_are_not(
    script: ModuleType, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = (("task", f"{kind} 0"), ("decisions", 960), ("rate", 1e-3), ("entropy", 1e-3), ("weight", 1.0))
    cell = Cell("nav + l", 0, setting)
    names = {row["name"] for row in script.run(cell)}
    assert {"found", "first", "loop_f1", "loop_f1_of_always", "position_from_core"} <= names
    monkeypatch.setattr(importlib.import_module("parts.small_mazes"), "REWARD_SCALE", 1e38)  # the losses are infinite
    assert {row["name"] for row in script.run(cell)} == {"score"}
