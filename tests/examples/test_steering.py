from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from learners.experiment import read_rows
from physim.errors import PhysimError

EXAMPLE = Path(__file__).parents[2] / "examples" / "steering.py"
specification = importlib.util.spec_from_file_location("example_steering", EXAMPLE)
steering = importlib.util.module_from_spec(specification)
sys.modules["example_steering"] = steering
specification.loader.exec_module(steering)


def test_all_means_are_judged_in_the_same_episodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "Steering", lambda world, **sizes: STEERING(world, hold=20, decisions=3, **sizes))
    few = {"by samples": lambda futures: steering.Sampled(futures, 3, count=12, elite=3, rounds=2)}
    monkeypatch.setattr(steering, "PLANNERS", few)
    monkeypatch.setattr(steering, "LEARNED_FROM", 50 * 160)
    monkeypatch.setattr(steering, "REPLAY", 300)
    arms = ("nothing", "by samples", "acer")
    args = steering.Args(("balls",), arms, quick=True, workers=1, out=tmp_path)
    steering.main(args)
    rows = read_rows(tmp_path / "quick" / "rows.csv")
    assert {(row["arm"], row["episode"]) for row in rows} == {(arm, episode) for arm in arms for episode in (0, 1)}
    assert all(0 < row["value"] < 5 for row in rows)
    means = {arm: sum(row["value"] for row in rows if row["arm"] == arm) for arm in arms}
    assert means["by samples"] < means["nothing"]
    assert (tmp_path / "quick" / "steering.md").read_text().count("\n") == 2 + len(arms)


STEERING = steering.Steering


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"--worlds: got \['putty'\], wanted some of \['balls', 'strings'\]"):
        steering.main(steering.Args(("putty",), out=tmp_path))
