from __future__ import annotations

import math

import pytest
import torch

from learners.physics import recovery
from learners.physics.recovery import Recovery, Scenes, inverse_rows
from physim.engines.learned import LearnedEngine
from physim.errors import PhysimError
from worlds import NBody


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "STEPS", 60)


def made_up(found: list[float]) -> Recovery:
    true = torch.tensor([4.0, 1.0, 2.0, 8.0], dtype=torch.float64)
    return Recovery(NBody(), "mass", Scenes(2), torch.tensor(found, dtype=torch.float64), true, 4.0, 0.5)


@pytest.mark.usefixtures("few")
def test_masses_of_unseen_scenes_are_recovered() -> None:
    rows = inverse_rows(LearnedEngine.load("nbody"), NBody(), "mass", Scenes(1))
    error = next(row for row in rows if row["name"] == "inverse_error" and row["of"] == "all")
    assert error["values"] == 6
    assert error["value"] < 0.05 < error["against_value"]


def test_the_rows_hold_the_medians_of_all_and_of_thirds_by_size() -> None:
    rows = made_up([4.4, 1.5, 2.0, 8.0]).rows()
    by = {row["of"]: row for row in rows if row["name"] == "inverse_error"}
    assert by["all"]["value"] == pytest.approx(0.05)
    assert by["all"]["against_value"] == pytest.approx(0.75)
    assert by["lowest third"]["value"] == pytest.approx(0.25)
    assert (by["lowest third"]["from"], by["lowest third"]["to"]) == (1, 2)
    assert sum(by[name]["values"] for name in by if name != "all") == 4
    assert rows[-1]["name"] == "inverse_seconds"
    assert rows[-1]["value"] == 0.5


@pytest.mark.usefixtures("few")
def test_what_is_observed_has_no_velocity_and_the_noise_asked_for() -> None:
    exact, noisy = (Scenes(1, 90000, noise).observed(NBody(), 0) for noise in (0.0, 0.01))
    assert bool(exact.vel.isnan().all())
    assert float((noisy.pos - exact.pos).std()) == pytest.approx(0.01, rel=0.1)
    assert torch.equal(noisy.pos, Scenes(5, 90000, 0.01).observed(NBody(), 0).pos)


@pytest.mark.parametrize("wrong", [{"count": 0}, {"noise": -1.0}, {"noise": math.nan}])
def test_bad_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(PhysimError):
        Scenes(**wrong)
