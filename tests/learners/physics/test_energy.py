from __future__ import annotations

import math

import pytest
import torch

from learners.physics import energy
from learners.physics.energy import energy_rows, mean_squared_errors, states_of, variances
from learners.physics.energy_training import MODELS, EnergySettings, trained
from physim.errors import PhysimError
from worlds.nbody import NBody
from worlds.strings import Strings

WORLDS = {"nbody": NBody(bodies=3), "strings": Strings(masses=4)}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("model", MODELS)
def test_training_lowers_the_error_on_unseen_scenes(world: str, model: str) -> None:
    learned, unseen = (states_of(WORLDS[world], seed, 20, 100) for seed in (1, 2))
    early, late = (
        mean_squared_errors(trained(model, WORLDS[world], learned, EnergySettings(None, updates)), unseen)
        for updates in (1, 150)
    )
    assert late["kinetic"] < early["kinetic"]
    assert late["total"] + late["potential"] < early["total"] + early["potential"]


def test_training_of_the_same_seed_is_the_same() -> None:
    world = WORLDS["nbody"]
    states = states_of(world, 1, 5, 20)
    one, two, other = (
        trained("abstraction_network", world, states, EnergySettings(None, 3, seed)).state_dict() for seed in (0, 0, 1)
    )
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


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


def test_scenes_of_several_sizes_are_no_data_for_the_mlp() -> None:
    states = states_of(WORLDS["nbody"], 1, 2, 5)
    states.steps.counts = torch.tensor([3, 4])
    with pytest.raises(PhysimError, match=r"an MLP wants scenes of one size, the data has scenes of \[3, 4\] bodies"):
        trained("mlp", WORLDS["nbody"], states, EnergySettings(None, 1))


def test_test_seeds_and_trainings_without_an_end_are_refused() -> None:
    with pytest.raises(PhysimError, match="seed must be under 90000"):
        EnergySettings(seed=90_000)
    with pytest.raises(PhysimError, match="wants minutes or updates"):
        EnergySettings(minutes=None)
