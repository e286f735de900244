from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from physim.errors import PhysimError

Example = Callable[[str], ModuleType]


def test_figures_are_of_what_was_learned_from_the_file(example: Example, tmp_path: Path) -> None:
    tracks = example("tracks")
    figures = tmp_path / "rows.json"
    small = {"scenes": 4, "steps": 40, "unseen": 2, "minutes": None, "updates": 3}
    rows = tracks.main(tracks.Args(world="charges", folder=tmp_path, json=str(figures), **small))
    assert json.loads(figures.read_text()) == rows
    assert {row["model"] for row in rows} >= {"best", "constant_velocity"}
    assert {row["updates"] for row in rows} == {3}
    assert (tmp_path / "tracks.csv").read_text().startswith("scene,time,object,x,y,mass,charge\n0,0,0,")


@pytest.mark.parametrize("wrong", [{"scenes": 0}, {"unseen": 0}, {"noise": -1.0}, {"seed": 90_000}])
def test_bad_arguments_are_refused(wrong: dict[str, float], example: Example, tmp_path: Path) -> None:
    tracks = example("tracks")
    small = {"scenes": 2, "steps": 10, "unseen": 1, "minutes": None, "updates": 1}
    with pytest.raises(PhysimError):
        tracks.main(tracks.Args(**(small | wrong), folder=tmp_path))


@pytest.mark.slow
def test_a_law_that_pymunk_does_not_have_is_learned_through_noise(example: Example, tmp_path: Path) -> None:
    tracks = example("tracks")
    rows = tracks.main(tracks.Args(minutes=2, unseen=20, folder=tmp_path))
    ratios = {row["name"]: row["ratio"] for row in rows if row["model"] == "best"}  # of rollouts, the last step's
    assert ratios["one_step_mse"] < 0.1
    assert ratios["rollout_position_error"] < 0.05
