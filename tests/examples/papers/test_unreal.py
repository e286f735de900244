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
    for name, value in {"DECISIONS": 50 * 960, "KINDS": ("static",), "SIZES": ((3, 3),), "APPLES": (0.1,)}.items():
        monkeypatch.setattr(module, name, value)
    mazes = importlib.import_module("parts.small_mazes")
    monkeypatch.setattr(mazes, "EPISODES", 8)
    monkeypatch.setattr(mazes, "REPLAY", 60)
    monkeypatch.setattr(mazes, "BEGIN", 0.5)
    monkeypatch.setitem(mazes.SMALL, "seconds", 3.0)
    monkeypatch.setitem(mazes.MAZE, "apples", 0.2)
    return module


def test_arms_are_compared_where_no_settings_were_chosen_and_nothing_runs_twice(
    script: ModuleType, tmp_path: Path
) -> None:
    args = script.Args(parts=("mazes",), arms=("a3c", "pixel_control", "placebo"), quick=True, workers=1, out=tmp_path)
    script.main(args)
    table = (tmp_path / "quick" / "mazes.md").read_text()
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:5]] == ["a3c", "pixel_control", "placebo"]
    assert "after 2 times as many decisions" in table
    assert "| pixel_control less placebo | " in table
    assert "unreal less" not in table
    tuned, used = (
        {(row["task"], row["seed"]) for row in read_rows(tmp_path / "quick" / name)}
        for name in ("tuning.csv", "mazes.csv")
    )
    assert not tuned & used
    assert {str(task).rpartition(" ")[2] for task, _ in tuned} == {"1000"}
    again = [path.read_bytes() for path in sorted((tmp_path / "quick").glob("*.csv"))]
    script.main(args)
    assert again == [path.read_bytes() for path in sorted((tmp_path / "quick").glob("*.csv"))]


@pytest.mark.slow
def test_every_part_fills_its_table(script: ModuleType, tmp_path: Path) -> None:
    script.main(script.Args(arms=("a3c", "reward_prediction"), quick=True, workers=1, out=tmp_path))
    assert "random goal 0, 3 x 3, apples 0.1" in (tmp_path / "quick" / "sizes.md").read_text()
    assert "pretrained, frozen" in (tmp_path / "quick" / "pretraining.md").read_text()
    assert "reward_prediction" in (tmp_path / "quick" / "moved.md").read_text()
    told = (tmp_path / "quick" / "decoupled.md").read_text()
    assert all(told.count(f"| {arm} |") == 2 for arm in script.JOINED)


def test_what_is_not_there_is_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"--arms: got \['dqn'\], wanted some of \['a3c', 'unreal'"):
        script.main(script.Args(arms=("dqn",), out=tmp_path))
    with pytest.raises(PhysimError, match="--arms must have a3c among them"):
        script.main(script.Args(arms=("unreal",), out=tmp_path))


def test_a_goal_that_moves_is_far_from_where_it_was_in_the_same_maze(script: ModuleType) -> None:
    first, second = (script.with_goal(0, number).settings for number in (0, 1))
    assert first["layout"] != second["layout"]
    assert first["layout"].replace("G", " ") == second["layout"].replace("G", " ")
    mazes = importlib.import_module("parts.small_mazes")
    for number in (0, 1):
        chance, oracle = (mazes.bound_of(script.with_goal(0, number), who) for who in mazes.BOUNDS)
        assert chance < oracle


def test_speeds_are_of_whole_trainings_however_far_they_went_over_their_decisions(script: ModuleType) -> None:
    labels = [{"arm": arm, "task": "static 0", "seed": seed} for arm in ("whole", "cut") for seed in (0, 1)]
    rows = [
        {**label, "name": "score", "done": done, "value": 0.0, "seconds": number + done}
        for number, label in enumerate(labels)
        for done in (480, 960)
    ]
    assert script.speeds_of(rows) == {"whole": [1, 960 / 961], "cut": [960 / 962, 960 / 963]}


def test_settings_that_were_tried_are_those_that_are_drawn(paper: Callable[[str], ModuleType]) -> None:
    """Kept sweeps stay valid."""
    module, mazes = paper("unreal"), importlib.import_module("parts.small_mazes")
    rows = read_rows(module.RESULTS / "tuning.csv")
    tried = {tuple(row[name] for name in mazes.RANGES.between) for row in rows}
    assert tried == {tuple(drawn.values()) for drawn in mazes.RANGES.draws(8)}
