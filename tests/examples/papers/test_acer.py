from __future__ import annotations

import importlib
import math
import re
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
from worlds.maze.grounds import ground_of

MAZES = ("random goal 0, 3 x 3, apples 0.0", "random goal 1, 3 x 3, apples 0.0")


def walls(task: str) -> str:
    """The walls of a maze, without what lies in it."""
    mazes = importlib.import_module("parts.small_mazes")
    game = mazes.game_of(mazes.environments(task))
    return re.sub(r"[^#\n]", " ", ground_of(game.maze, game.seed).layout.text)


def number_cell(arm: str, rate: float) -> Cell:
    """A short training of who tells numbers."""
    setting = {"task": "swing up", "decisions": 10_000, "rate": rate, "ticks": 10, "discount": 0.97}
    setting |= {"again": 8, "region": 0.1}
    return Cell(arm, 0, tuple(setting.items()))


@pytest.fixture
def script(paper: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script at a scale of seconds."""
    module = paper("acer")
    tasks = importlib.import_module("parts.off_policy_tasks")
    monkeypatch.setattr(tasks, "REPLAY", 600)
    short = {name: replace(kind, decisions=50 * 480) for name, kind in tasks.KINDS.items()}
    monkeypatch.setattr(tasks, "KINDS", short)
    monkeypatch.setattr(module, "SCENE", short["random goal"])
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
        "cart pole", "noted by losses, means over decisions", "all tasks"
    ]  # fmt: skip
    assert text.count("| ratio 4 |") == 2
    assert text.count("| ratio 4 - ratio 0 |") == 1
    for share in ("truncated", "turned"):
        assert f"| acer_policy_replayed: {share} |  | " in text  # of the arm that replays alone
    assert read_rows(tmp_path / "quick" / "cart_pole_finals.csv")


@pytest.mark.slow
def test_arms_are_compared_in_mazes_where_no_settings_were_chosen(script: ModuleType, tmp_path: Path) -> None:
    script.main(script.Args(parts=("replay",), kinds=("random goal",), quick=True, workers=1, out=tmp_path))
    folder = tmp_path / "quick"
    rows = read_rows(folder / "random_goal.csv")
    tuned, used = ({row["task"] for row in rows if (row["seed"] == 100) == tuning} for tuning in (True, False))
    assert (tuned, used) == tuple({f"random goal {layout}, 3 x 3, apples 0.0"} for layout in (1001, 0))
    assert "knows where the goal is" in (folder / "replay.md").read_text()
    assert {row["arm"] for row in read_rows(folder / "bounds.csv")} == {"chance", "oracle"}


@pytest.mark.slow
def test_an_agent_of_objects_stands_beside_one_of_pixels(script: ModuleType, tmp_path: Path) -> None:
    script.main(script.Args(parts=("scene",), quick=True, workers=1, out=tmp_path))
    text = (tmp_path / "quick" / "scene.md").read_text()
    assert [line.split("|")[1].strip() for line in text.splitlines()[2:4]] == ["objects", "pixels"]
    assert text.endswith("Who sees objects knows where the goal is, in sight or not.\n")


def test_agents_see_objects_but_for_one_that_sees_pixels(script: ModuleType) -> None:
    setting = (("task", MAZES[0]), ("decisions", 800), ("rate", 1e-3), ("entropy", 0.1), ("ticks", 5), ("clip", 1.0))
    trials = [arm.trial(Cell("any", 3, setting)) for arm in (*script.SEEING.values(), script.ARMS["ratio 4"])]
    assert [list(trial.playing().recipe["sees"]) for trial in trials] == [["objects"], ["image"], ["objects"]]


def test_mazes_that_settings_are_chosen_in_have_other_walls(paper: Callable[[str], ModuleType]) -> None:
    paper("acer")
    kind = importlib.import_module("parts.off_policy_tasks").KINDS["random goal"]
    tasks, tuned = ({walls(task) for task in each} for each in (kind.tasks, kind.tuned_on))
    assert tuple(kind.tasks) == MAZES
    assert len(tasks) == 2
    assert not tasks & tuned


def test_agents_see_all_objects_of_a_maze_the_goal_too(paper: Callable[[str], ModuleType]) -> None:
    paper("acer")
    tasks = importlib.import_module("parts.off_policy_tasks")
    for task in (*tasks.KINDS["random goal"].tasks, *tasks.KINDS["random goal"].tuned_on):
        env = tasks.environments_of(task, "objects").make()
        there = env.reset(seed=0)[0]["objects"][..., 0].sum(-1)
        env.close()
        assert (there < tasks.SHOWN).all()  # so many that none is left out


def test_what_is_left_out_is_left_out(paper: Callable[[str], ModuleType]) -> None:
    arms = paper("acer").ARMS
    setting = (("task", "acrobot"), ("decisions", 800), ("rate", 1e-3), ("entropy", 0.1), ("ticks", 5), ("clip", 1.0))
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
    for arm in list(part.ARMS)[2:]:
        monkeypatch.delitem(part.ARMS, arm)
    monkeypatch.delitem(part.TASKS, "chain")
    monkeypatch.setitem(part.TASKS, "swing up", part.TASKS["swing up"]._replace(decisions=50 * 640))
    monkeypatch.setattr(part, "REPLAY", 1000)
    monkeypatch.setattr(
        part, "RANGES", replace(part.RANGES, among={"ticks": (10,), "discount": (0.97,), "again": (8,)})
    )
    heard: list[int] = []

    def peer(cell: Cell) -> tuple[list[dict[str, float]], Any]:
        heard.append(cell["decisions"])
        learned = dict.fromkeys((part.BY_MEANS, part.BY_DRAWS), lambda seen: np.zeros(1))
        return [{"decisions": float(cell["decisions"]), "seconds": 0.0, "score": 60.0}], learned

    monkeypatch.setattr(part, "find_spec", lambda name: None)
    with pytest.raises(PhysimError, match=r"PPO is Stable-Baselines3's, which is not installed: pip install"):
        script.main(script.Args(parts=("numbers",), out=tmp_path))
    monkeypatch.setattr(part, "find_spec", lambda name: name)
    monkeypatch.setattr(part, "ppo", peer)
    monkeypatch.setattr(part, "TESTED", range(90_000, 90_002))
    script.main(script.Args(parts=("numbers",), quick=True, workers=1, out=tmp_path))
    assert heard == [1920] * 2 + [6400] * 4  # three times as many while draws are tried, ten times then
    lines = (tmp_path / "quick" / "numbers.md").read_text().splitlines()
    labels = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
    arms = ["acer", "no duelling", "ppo, 10 times as long"]
    assert labels[2:5] == arms
    assert "acer_policy_replayed: turned" in labels
    rows = read_rows(tmp_path / "quick" / "swing_up.csv")
    for how in (part.BY_MEANS, part.BY_DRAWS):
        assert len({row["arm"] for row in rows if row["name"] == how}) == len(arms)


@pytest.mark.slow
def test_ppo_has_a_curve(paper: Callable[[str], ModuleType]) -> None:
    """Wants the extra `libraries`."""
    pytest.importorskip("stable_baselines3")
    paper("acer")
    part = importlib.import_module("parts.acer_numbers")
    curve, learned = part.ppo(number_cell("ppo", 3e-4))
    assert list(learned) == [part.BY_MEANS, part.BY_DRAWS]
    scores = [part.score_of("swing up", decide) for decide in learned.values()]
    assert 0 <= min(scores) < max(scores) < 300
    assert len(curve) == part.POINTS
    assert 0 < min(point["score"] for point in curve if "score" in point) < 300


@pytest.mark.slow
def test_ppo_that_diverges_has_a_curve_up_to_there_and_no_decisions(paper: Callable[[str], ModuleType]) -> None:
    """Wants the extra `libraries`."""
    pytest.importorskip("stable_baselines3")
    paper("acer")
    curve, learned = importlib.import_module("parts.acer_numbers").ppo(number_cell("ppo", 1e30))
    assert not learned
    assert len(curve) < 20


def test_who_diverged_counts_as_chance(
    paper: Callable[[str], ModuleType], broken: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper("acer")
    part = importlib.import_module("parts.acer_numbers")
    monkeypatch.setattr(part, "TESTED", range(90_000, 90_002))
    rows = list(part.run(number_cell("acer", 1e-3)))
    chance = part.score_of("swing up", part.by_chance("swing up"))
    assert [(row["name"], row["value"]) for row in rows[-2:]] == [(part.BY_MEANS, chance), (part.BY_DRAWS, chance)]
    assert [math.isnan(float(str(row["value"]))) for row in rows[:-2]] == [True]


def test_a_curve_of_peers_ends_where_they_stopped(paper: Callable[[str], ModuleType]) -> None:
    paper("acer")
    part = importlib.import_module("parts.acer_numbers")
    curve = part.points_of([(30, 1.0), (40, 3.0), (240, 5.0)], 250, 2000)
    assert [(point["decisions"], point.get("score")) for point in curve] == [(100, 2.0), (200, None)]
    assert len(part.points_of([], 2048, 2000)) == part.POINTS


def test_what_is_not_there_is_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(
        PhysimError, match=r"--kinds: got \['pong'\], wanted some of \['cart pole', 'acrobot', 'random goal'"
    ):
        script.main(script.Args(kinds=("pong",), out=tmp_path))
