from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pytest
import torch

from learners.physics import energy
from learners.physics.energy import energy_rows, mean_squared_errors, states_of, variances
from learners.physics.energy_data import scenes_batch
from learners.physics.energy_training import MODELS
from physim.abstraction import abstraction_network
from physim.errors import PhysimError
from worlds.nbody import NBody
from worlds.strings import Strings

WORLDS = {"nbody": NBody(bodies=3), "strings": Strings(masses=4)}


def test_the_squared_errors_are_those_of_the_counted_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "TOGETHER", 3)  # so that the states are run in several parts
    states, graph = states_of(WORLDS["nbody"], 1, 4, 20), abstraction_network()
    errors = mean_squared_errors(graph, states)
    inputs, targets = states.examples(torch.arange(4).repeat(2), torch.tensor([0, 10]).repeat_interleave(4))
    squares = (graph(scenes_batch(graph, inputs)) - targets["quantities"]).detach().square().mean(0).tolist()
    assert [errors[name] for name in ("potential", "kinetic", "total")] == pytest.approx(squares[:3])
    assert errors["momentum"] == pytest.approx(sum(squares[3:]) / 2)


def test_the_error_of_the_mean_is_the_variance() -> None:
    states = states_of(WORLDS["nbody"], 1, 5, 20)
    kept = states.quantities[:20:10]
    assert variances(states)["kinetic"] == pytest.approx(float(kept[..., 1].var(correction=0)))


def test_rows_put_each_quantity_beside_the_mlp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "STEPS", 20)
    monkeypatch.setattr(energy, "TEST_SCENES", 3)
    rows = energy_rows(WORLDS["nbody"], minutes=0.002, scenes=4, seed=3)
    assert [(row["model"], row["quantity"]) for row in rows] == [
        (model, quantity) for model in MODELS for quantity in ("potential", "kinetic", "total", "momentum")
    ]
    ours, theirs = rows[0], rows[4]
    assert ours["against_value"] == theirs["value"]
    assert ours["ratio"] == pytest.approx(float(str(ours["value"])) / float(str(theirs["value"])))
    assert (ours["paper"], theirs["paper"]) == (1.4, 19.0)
    assert all(math.isfinite(float(str(row["value"]))) for row in rows)


def test_test_seeds_are_no_data_to_learn_from() -> None:
    with pytest.raises(PhysimError, match="seed must be under 90000"):
        energy_rows(WORLDS["nbody"], minutes=0.002, scenes=4, seed=90_000)


def test_no_files_are_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(energy, "STEPS", 20)
    monkeypatch.setattr(energy, "TEST_SCENES", 3)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    energy_rows(WORLDS["nbody"], minutes=0.001, scenes=4, seed=3)
    assert not list(tmp_path.iterdir())
