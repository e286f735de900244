from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from learners.experiment import Cell, read_rows
from physim.errors import PhysimError
from worlds.steering import Steering

EXAMPLE = Path(__file__).parents[2] / "examples" / "steering.py"
specification = importlib.util.spec_from_file_location("example_steering", EXAMPLE)
steering = importlib.util.module_from_spec(specification)
sys.modules["example_steering"] = steering
specification.loader.exec_module(steering)


@pytest.mark.slow
def test_all_means_are_judged_in_the_same_episodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "Steering", lambda **sizes: Steering(hold=20, **sizes))
    few = steering.Planning(steering.Sampled, {"count": 12, "elite": 3, "rounds": 2}, {"balls": (3, 4)}, 0.1)
    monkeypatch.setattr(steering, "PLANNERS", {"by samples": few})
    for name, value in {"LEARNED_FROM": 50 * 160, "REPLAY": 400, "DECISIONS": 3}.items():
        monkeypatch.setattr(steering, name, value)
    arms = ("nothing", "by samples", "acer")
    steering.main(steering.Args(worlds=("balls",), arms=arms, quick=True, workers=1, out=tmp_path))
    folder = tmp_path / "quick"
    rows = read_rows(folder / "balls_plans.csv") + read_rows(folder / "balls_agents.csv")
    assert {(row["arm"], row["episode"]) for row in rows} == {(arm, episode) for arm in arms for episode in (0, 1)}
    assert all(0 < row["value"] < 5 for row in rows)
    means = {arm: sum(row["value"] for row in rows if row["arm"] == arm) for arm in arms}
    assert means["by samples"] < means["nothing"]
    told = [line for line in (folder / "steering.md").read_text().splitlines() if line.startswith("| ")]
    assert [line.split("|")[1].strip() for line in told[2:]] == list(arms)
    tuned = read_rows(folder / "balls_tuning.csv") + read_rows(folder / "balls_horizons.csv")
    assert {row["seed"] for row in tuned} == {100}
    assert {row["seed"] for row in read_rows(folder / "balls_tuning_finals.csv")} == {101}


def test_the_free_end_of_a_string_is_steered() -> None:
    env = steering.steering("strings")
    for seed in range(20):
        env.reset(seed=seed)
        moves = np.flatnonzero(env.scene.inverse_mass.numpy())
        assert moves.tolist() == [0, 1, 2, 3]  # the first of them is free, the fifth mass is pinned


def test_who_diverged_counts_as_who_does_nothing(broken: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "DECISIONS", 3)
    setting = {"task": "balls", "decisions": 800, "rate": 1e-3, "ticks": 5, "discount": 0.9, "region": 0.1}
    rows = steering.run_agent(2, Cell("acer", 0, tuple(setting.items())))
    plan = {"world": "balls", "horizon": 0, "episodes": 2}
    assert rows == steering.run_plans(Cell("nothing", steering.TEST_SEEDS_FROM, tuple(plan.items())))
    assert all(np.isfinite(row["value"]) for row in rows)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"--worlds: got \['putty'\], wanted some of \['balls', 'strings'\]"):
        steering.main(steering.Args(worlds=("putty",), out=tmp_path))
