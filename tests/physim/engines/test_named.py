from __future__ import annotations

from dataclasses import replace

import pytest

from physim.engines.guest import GuestEngine
from physim.engines.hybrid import HybridEngine
from physim.engines.hybrid_contacts import HybridContactsEngine
from physim.engines.learned import LearnedEngine
from physim.engines.named import WITH_WEIGHTS, engine_named
from physim.engines.vectorised import VectorEngine
from physim.errors import PhysimError
from worlds.nbody import NBody
from worlds.putty import Putty
from worlds.strings import Strings

WORLD = NBody(bodies=3)


def test_names_give_the_siblings() -> None:
    assert isinstance(engine_named("truth", WORLD), VectorEngine)
    learned = engine_named("learned", WORLD)
    assert isinstance(learned, LearnedEngine)
    assert learned.terms.provenance["world"]["name"] == "nbody"


def test_anybodys_engine_has_the_place_of_its_code_as_its_name() -> None:
    assert isinstance(engine_named("tests.physim.engines.test_contract:Planted", WORLD), GuestEngine)


def test_hybrids_have_the_weights_and_the_substeps_and_law_of_the_world() -> None:
    hybrid = engine_named("hybrid", replace(Strings(), substeps=4))
    assert isinstance(hybrid, HybridEngine)
    assert (hybrid.substeps, hybrid.terms.provenance["world"]["name"]) == (4, "strings")
    world = Putty()
    reverse = engine_named("hybrid_contacts", world, "balls")
    assert isinstance(reverse, HybridContactsEngine)
    assert reverse.pymunk.equip == world.equip


def test_an_engine_joins_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WITH_WEIGHTS, "mine", lambda learned, pymunk: (learned.dt, pymunk.dt))  # type: ignore[arg-type]
    monkeypatch.setattr("physim.engines.named._check_dt", lambda name, engine, world: None)
    assert engine_named("mine", WORLD) == (1e-3, 1e-3)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(
        PhysimError, match="unknown engine 'truht': the known ones are truth, learned, hybrid, hybrid_c"
    ):
        engine_named("truht", WORLD)
    with pytest.raises(PhysimError, match="there are no weights 'putty': neither a file nor one of"):
        engine_named("learned", Putty())
    with pytest.raises(PhysimError, match="weights: the engine truth has none, got 'nbody'"):
        engine_named("truth", WORLD, "nbody")
    with pytest.raises(PhysimError, match=r"dt: the engine learned takes steps of 0.001 s, the world's are 0.002 s"):
        engine_named("learned", replace(WORLD, dt=2e-3))
