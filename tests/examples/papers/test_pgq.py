from __future__ import annotations

import importlib
from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import ModuleType

import pytest

from learners.agents.graphs import agent
from learners.agents.outcomes import Outcomes
from learners.experiment import read_rows
from physim.reports import Row


def test_grids_are_learned_and_drawn(
    paper: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = paper("pgq")
    monkeypatch.setattr(script, "TEMPERATURES", (1e-3, 1e-1))
    monkeypatch.setattr(script, "RATES", (0.5, 1.0))
    monkeypatch.setattr(script, "SHARES", (0.0, 0.5))
    for problem in list(script.PROBLEMS)[2:]:
        del script.PROBLEMS[problem]
    for arm in list(script.ARMS)[4:]:
        del script.ARMS[arm]
    script.main(script.Args(parts=("grids", "steps"), quick=True, workers=1, out=tmp_path))
    table = (tmp_path / "quick" / "grids.md").read_text().splitlines()
    assert [line.split("|")[1].strip() for line in table[2:]] == list(script.PROBLEMS)
    steps, shares = (tmp_path / "quick" / "steps.md").read_text().split("\n\n")
    assert len(steps.splitlines()) == 2 + 2 * 2
    whole, *_ = [line for line in steps.splitlines() if line.startswith("| 0.001 | 1 |")]
    half = next(line for line in shares.splitlines() if line.startswith("| 0.5 |"))
    assert half.split("|")[-2] == whole.split("|")[-2]  # PGQ with steps of 1
    alone = next(line for line in shares.splitlines() if line.startswith("| 0 |"))
    assert alone.split("|")[2] == whole.split("|")[6]  # without Q-learning it is the actor-critic, at twice the step
    assert (tmp_path / "quick" / "grids.png").stat().st_size > 10_000
    areas = [row["value"] for row in read_rows(tmp_path / "quick" / "grids.csv") if row["name"] == "area"]
    assert len(areas) == 3 * len(script.ARMS) * len(script.PROBLEMS)
    assert 0 <= min(areas) <= max(areas) <= 1


def test_networks_learn_by_both_losses_or_either(
    paper: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = paper("pgq")
    monkeypatch.setattr(script, "KINDS", {"cart pole": script.KINDS["cart pole"]})
    script.main(script.Args(parts=("networks",), quick=True, workers=1, out=tmp_path))
    text = (tmp_path / "quick" / "networks.md").read_text()
    told = [line for line in text.splitlines() if line and line[0] != "|" and "does not learn" not in line]
    assert told == ["cart pole", "noted by losses, means over decisions", "all tasks"]
    for note in ("implied advantages", "advantages of targets", "seldom"):
        assert f"| implied_values: {note} |  | " in text
    assert "| clipped | " in text
    rows = read_rows(tmp_path / "quick" / "cart_pole.csv")
    curves = {arm: tuple(row["value"] for row in rows if row["arm"] == arm) for arm in script.NETWORKS}
    assert len(set(curves.values())) == 6
    methods = {arm: script.NETWORKS[arm].method for arm in script.NETWORKS}
    net = agent(sees={"vector": (2,)}, actions=2, cores=(), features=3)
    weights = {loss.name: loss.weight for loss in methods["PGQ, 2 steps"].losses(net)}
    assert weights["implied_values"] == pytest.approx(weights["policy_gradient"] / 2)  # as in the paper


def test_kinds_of_tasks_count_alike_where_all_are_taken_together(paper: Callable[[str], ModuleType]) -> None:
    """One has four runs of one task, another two of each of two, on another level, where more can be won."""
    paper("pgq")
    tasks = importlib.import_module("parts.off_policy_tasks")

    def outcomes(names: str, seeds: int, level: float, better: float) -> Outcomes:
        rows: list[Row] = [
            {"arm": arm, "task": task, "seed": seed, "name": "score", "done": done, "value": value, "seconds": 0.0}
            for task, seed, done in product(names, range(seeds), (10.0, 20.0))
            for arm, value in (("ours", level + better), ("theirs", level))
        ]
        return Outcomes(rows, dict.fromkeys(names, (0.0, 1.0)), 20)

    found = {"one": outcomes("a", 12, 0.8, 0.1), "other": outcomes("bc", 2, 0.1, 0.3)}
    text = tasks.tables(found, ["ours", "theirs"], [("ours", "theirs")])
    each = "0.1 [0.1, 0.1] | 0.3 [0.3, 0.3]"
    assert f"| ours - theirs | {each} | 0.2 [0.2, 0.2] | 1 [1, 1] |" in text.split("all tasks")[1]
