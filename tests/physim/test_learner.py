from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from physim.checks import TEST_SEEDS_FROM
from physim.errors import PhysimError
from physim.learner import EvaluateSettings, TrainSettings


@pytest.mark.parametrize("field", ["minutes", "updates", "scenes", "steps", "threads"])
@pytest.mark.parametrize("value", [0, -1])
def test_training_refuses_nothing_to_do_by_name(field: str, value: int) -> None:
    wrong: dict[str, Any] = {field: value}
    with pytest.raises(PhysimError, match=f"{field} must be above 0, got {value}"):
        TrainSettings(Path("weights"), **wrong)


def test_minutes_that_are_no_number_are_refused() -> None:
    with pytest.raises(PhysimError, match="minutes"):
        TrainSettings(Path("weights"), minutes=float("nan"))


@pytest.mark.parametrize("seed", [-1, TEST_SEEDS_FROM, TEST_SEEDS_FROM + 1])
def test_training_refuses_the_seeds_of_tests(seed: int) -> None:
    with pytest.raises(PhysimError, match=rf"seed .* got {seed}"):
        TrainSettings(Path("weights"), seed=seed)


def test_checkpoint_lies_beside_the_weights() -> None:
    assert TrainSettings(Path("a/w.safetensors")).checkpoint == Path("a/w.safetensors.checkpoint")


@pytest.mark.parametrize("field", ["scenes", "steps"])
def test_evaluation_refuses_nothing_to_judge(field: str) -> None:
    wrong: dict[str, Any] = {field: 0}
    with pytest.raises(PhysimError, match=field):
        EvaluateSettings(**wrong)


def test_labels_name_the_world_its_bodies_and_what_varies() -> None:
    world: Any = SimpleNamespace(name="nbody", dt=0.1, substeps=1, parameters={"bodies": 3, "floor": 6.0, "pull": 1.0})
    labels = EvaluateSettings(varied=("floor", "dt", "bodies")).labels(world)
    assert labels == {"world": "nbody", "bodies": 3, "floor": 6.0, "dt": 0.1}
