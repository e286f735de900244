from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from learners.physics import contestants as module
from learners.physics.contestants import contestants, engine_of, fingerprint, guests, shipping_for
from physim.engines.learned import LearnedEngine, Terms
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.interaction import interaction_network, mlp, paper_interaction_network
from worlds import Balls, NBody, Putty, Strings, Swirl

SEED = 90_000


def save(graph: ModuleGraph, path: Path, config: str, bodies: int | None = None) -> None:
    LearnedEngine(graph, Terms(1e-3, 1.0, ("mass",), ("point",), ("pair",), {"config": config}, bodies)).save(path)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders of weights: the package's, and the learner's with the baselines."""
    folders = tmp_path / "package", tmp_path / "learner"
    for folder in folders:
        folder.mkdir()
    save(interaction_network(), folders[0] / "nbody.safetensors", "best")
    save(paper_interaction_network(relations=False), folders[1] / "nbody_dynamics_only.safetensors", "dynamics_only")
    save(mlp(bodies=3), folders[1] / "nbody_mlp_3.safetensors", "mlp", bodies=3)
    monkeypatch.setattr(module, "FOLDERS", folders)
    return folders[1]


def test_what_ships_for_a_world_is_judged_by_model(shipped: Path) -> None:
    assert list(contestants(NBody(bodies=3), (), SEED)) == ["best", "dynamics_only", "mlp"]


def test_what_ships_but_does_not_fit_is_left_out(shipped: Path) -> None:
    assert list(contestants(NBody(bodies=6), (), SEED)) == ["best", "dynamics_only"]


def test_weights_asked_for_by_name_must_fit(shipped: Path) -> None:
    with pytest.raises(PhysimError, match="'nbody_mlp_3' do not fit the world nbody: bodies"):
        contestants(NBody(bodies=6), ("nbody", "nbody_mlp_3"), SEED)


def test_a_file_is_judged_by_the_config_it_holds_whatever_it_is_called(shipped: Path, tmp_path: Path) -> None:
    save(mlp(bodies=3), tmp_path / "mine.safetensors", "mlp", bodies=3)
    file = str(tmp_path / "mine.safetensors")
    assert list(contestants(NBody(bodies=3), ("nbody", file), SEED)) == ["best", "mlp"]


def test_files_of_one_config_are_told_apart_by_path(shipped: Path, tmp_path: Path) -> None:
    files = tuple(str(tmp_path / f"{name}.safetensors") for name in "ab")
    for file in files:
        save(interaction_network(), Path(file), "best")
    assert list(contestants(NBody(bodies=3), (*files, "nbody_mlp_3"), SEED)) == [*files, "mlp"]


def test_weights_of_a_world_of_a_longer_name_do_not_ship_for_this_one(shipped: Path) -> None:
    save(interaction_network(), shipped / "nbodyplus.safetensors", "paper")
    assert "paper" not in contestants(NBody(bodies=3), (), SEED)


def test_a_world_whose_weights_all_refuse_it_is_refused(shipped: Path) -> None:
    with pytest.raises(PhysimError, match=r"dt: these weights were trained for steps of 0\.001 s"):
        contestants(NBody(dt=0.01), (), SEED)


def test_a_world_without_weights_says_how_to_name_some(shipped: Path) -> None:
    with pytest.raises(PhysimError, match="no weights ship for the world swirl: name some with --weights"):
        contestants(Swirl(), (), SEED)


def test_unknown_weights_are_refused(shipped: Path) -> None:
    with pytest.raises(PhysimError, match="there are no weights 'best'"):
        contestants(NBody(), ("best",), SEED)


def test_a_world_without_weights_is_judged_beside_a_guest(shipped: Path) -> None:
    assert contestants(Swirl(), (), SEED, alone=False) == {}
    with pytest.raises(PhysimError, match="do not fit the world nbody"):
        contestants(NBody(dt=0.01), ("nbody",), SEED, alone=False)


def test_weights_that_ship_are_found_by_name_in_either_folder() -> None:
    assert engine_of("nbody").terms.provenance["world"]["name"] == "nbody"
    assert engine_of("stiffness").terms.provenance["world"]["name"] == "strings"


def test_the_fingerprint_tells_weights_apart_by_what_the_files_hold(shipped: Path) -> None:
    names = ["nbody_dynamics_only", "nbody_mlp_3"]
    assert shipping_for(NBody()) == ["nbody", *names]
    before = fingerprint(names)
    assert fingerprint(names) == before != fingerprint(names[:1])
    save(mlp(bodies=4), shipped / "nbody_mlp_3.safetensors", "mlp", bodies=4)
    assert fingerprint(names) != before


GUESTS = """
import physim


def free():
    return physim.VectorEngine(1e-3, None)


def truth(world):
    return world.engine()
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "guests.py").write_text(GUESTS)
    return str(tmp_path / "guests.py")


def test_guests_are_named_by_their_place_and_get_the_world_where_they_ask(file: str) -> None:
    found = guests(Balls(), (f"{file}:truth",), SEED)
    assert list(found) == [f"{file}:truth"]
    assert isinstance(found[f"{file}:truth"].engine, PymunkEngine)
    assert guests(Balls(), (), SEED) == {}


FILE = Path(str(resources.files("physim.weights"))) / "balls.safetensors"


def test_hybrids_are_guests_with_the_weights_of_the_world_or_those_named() -> None:
    assert list(guests(Strings(masses=3), ("hybrid", "truth"), SEED)) == ["hybrid", "truth"]
    both = guests(Putty(balls=2), ("hybrid_contacts", "truth"), SEED, ("balls", str(FILE)))
    assert list(both) == ["hybrid_contacts(balls)", f"hybrid_contacts({FILE})", "truth"]
    with pytest.raises(PhysimError, match="learned contacts want weights whose graph reads contacts"):
        guests(NBody(bodies=3), ("hybrid_contacts",), SEED, ("nbody",))


def test_a_guest_that_cannot_run_the_world_is_refused_by_name(file: str) -> None:
    with pytest.raises(PhysimError, match=r"guests\.py:free cannot be judged on the world balls: .* runs points only"):
        guests(Balls(), (f"{file}:free",), SEED)
