from __future__ import annotations

from pathlib import Path

import pytest

from learners.physics import contestants as module
from learners.physics.contestants import contestants
from physim.engines.learned import LearnedEngine, Terms
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.interaction import interaction_network, mlp, paper_interaction_network
from worlds import NBody, Swirl

SEED = 90_000


def save(graph: ModuleGraph, path: Path, dt: float = 1e-3, bodies: int | None = None) -> None:
    LearnedEngine(graph, Terms(dt, 1.0, ("mass",), ("point",), ("pair",), {}, bodies)).save(path)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders of weights: the package's, and the learner's with the baselines."""
    folders = tmp_path / "package", tmp_path / "learner"
    for folder in folders:
        folder.mkdir()
    save(interaction_network(width=4), folders[0] / "nbody.safetensors")
    save(paper_interaction_network(relations=False), folders[1] / "nbody_dynamics_only.safetensors")
    save(mlp(bodies=3), folders[1] / "nbody_mlp_3.safetensors", bodies=3)
    monkeypatch.setattr(module, "FOLDERS", folders)
    return folders[1]


def test_what_ships_for_a_world_is_judged_by_model(shipped: Path) -> None:
    assert list(contestants(NBody(bodies=3), (), SEED)) == ["best", "dynamics_only", "mlp"]


def test_what_ships_but_does_not_fit_is_left_out(shipped: Path) -> None:
    assert list(contestants(NBody(bodies=6), (), SEED)) == ["best", "dynamics_only"]


def test_weights_asked_for_by_name_must_fit(shipped: Path) -> None:
    with pytest.raises(PhysimError, match="'nbody_mlp_3' do not fit the world nbody: bodies"):
        contestants(NBody(bodies=6), ("nbody", "nbody_mlp_3"), SEED)


def test_files_are_judged_under_their_own_names(shipped: Path) -> None:
    file = str(shipped / "nbody_mlp_3.safetensors")
    assert list(contestants(NBody(bodies=3), ("nbody", file), SEED)) == ["best", file]


def test_a_world_whose_weights_all_refuse_it_is_refused(shipped: Path) -> None:
    with pytest.raises(PhysimError, match=r"dt: these weights were trained for steps of 0\.001 s"):
        contestants(NBody(dt=0.01), (), SEED)


def test_a_world_without_weights_says_how_to_name_some(shipped: Path) -> None:
    with pytest.raises(PhysimError, match="no weights ship for the world swirl: name some with --weights"):
        contestants(Swirl(), (), SEED)


def test_unknown_weights_are_refused(shipped: Path) -> None:
    with pytest.raises(PhysimError, match="there are no weights 'best'"):
        contestants(NBody(), ("best",), SEED)
