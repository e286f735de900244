from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import learners.physics
from learners.physics.inverse import WINDOW, Paths, recover, unknown_of
from physim.engines.learned import LearnedEngine
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.interaction import paper_interaction_network
from physim.scenes.scene import Scene
from physim.scenes.trajectory import Trajectory
from physim.worlds import World
from worlds import NBody, Strings

UNKNOWNS = ("mass", "stiffness")
STEPS = 2 * WINDOW + 1
SPREAD = Path(learners.physics.__file__).parent / "weights" / "stiffness.safetensors"


def engine_of(unknown: str) -> LearnedEngine:
    engine = LearnedEngine.load("nbody" if unknown == "mass" else SPREAD)
    engine.graph.double()
    return engine


def scene_of(unknown: str) -> Scene:
    """A scene in motion: the springs of a string that has just begun to fall are not stretched yet."""
    world: World = NBody(bodies=3) if unknown == "mass" else Strings(masses=4, pins=1, spread=2.0)
    return rollout(world.engine(), world.scene(90000), 200).at(-1)


def made_by(engine: LearnedEngine, unknown: str) -> Trajectory:
    return rollout(engine, scene_of(unknown), STEPS)


def truth(engine: LearnedEngine, unknown: str) -> Tensor:
    return unknown_of(engine, unknown).truth(scene_of(unknown))


@pytest.mark.parametrize("unknown", UNKNOWNS)
def test_the_slopes_are_those_of_finite_differences(unknown: str) -> None:
    engine = engine_of(unknown)
    paths = Paths.of(engine, made_by(engine, unknown), unknown_of(engine, unknown))
    logs, small = truth(engine, unknown).log() + 0.3, 1e-6
    with torch.no_grad():
        steps = small * torch.eye(len(logs), dtype=torch.float64)
        pairs = [(paths.differences(logs + step), paths.differences(logs - step)) for step in steps]
    expected = torch.stack([(after - before) / (2 * small) for after, before in pairs], dim=1)
    assert float(expected.abs().max()) > 1e-3
    torch.testing.assert_close(paths.slopes(logs), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("unknown", UNKNOWNS)
def test_what_the_engine_made_itself_is_recovered_exactly(unknown: str) -> None:
    engine = engine_of(unknown)
    found = recover(engine, made_by(engine, unknown), unknown)
    torch.testing.assert_close(found, truth(engine, unknown), rtol=1e-4, atol=0)


@pytest.mark.parametrize("unknown", UNKNOWNS)
def test_velocities_between_the_old_and_the_new_one_are_good_enough(unknown: str) -> None:
    trained = engine_of(unknown)
    engine = LearnedEngine(trained.graph, replace(trained.terms, position_rule=0.3))
    found = recover(engine, made_by(engine, unknown), unknown)
    torch.testing.assert_close(found, truth(engine, unknown), rtol=0.01, atol=0)


@pytest.mark.parametrize("unknown", UNKNOWNS)
def test_neither_the_truth_nor_any_velocity_is_read(unknown: str) -> None:
    engine = engine_of(unknown)
    known = made_by(engine, unknown)
    rng = np.random.default_rng(0)
    attributes = known.scene.edge_attr.clone()
    hidden = {"vel": torch.full_like(known.vel[0], torch.nan), "pos": torch.full_like(known.pos[0], torch.nan)}
    if unknown == "mass":
        hidden["mass"] = torch.from_numpy(rng.uniform(0.1, 50, len(known.scene.mass)))
    else:
        attributes[:, 1] = torch.from_numpy(rng.uniform(10, 500, len(attributes)))
        hidden["edge_attr"] = attributes
    blind = replace(known, scene=known.scene.moved(**hidden), vel=torch.full_like(known.vel, torch.nan))
    assert torch.equal(recover(engine, known, unknown), recover(engine, blind, unknown))


def test_a_motion_at_constant_velocity_does_not_hide_the_masses() -> None:
    engine = engine_of("mass")
    known = made_by(engine, "mass")
    shift = torch.tensor([3.0, -40.0], dtype=torch.float64) * known.times[:, None, None]
    moving = replace(known, pos=known.pos + shift)
    torch.testing.assert_close(recover(engine, moving, "mass"), truth(engine, "mass"), rtol=1e-4, atol=0)


def test_what_cannot_move_has_no_mass_to_recover() -> None:
    engine, scene = engine_of("mass"), scene_of("mass")
    scene.body_type[0] = 2
    scene.mass[0], scene.vel[0] = 0.0, 0.0
    found = recover(engine, rollout(engine, scene, STEPS), "mass")
    torch.testing.assert_close(found, scene.mass[1:], rtol=1.0, atol=0)
    assert len(found) == 2


def test_what_cannot_be_recovered_is_refused() -> None:
    engine = engine_of("mass")
    known = made_by(engine, "mass")
    with pytest.raises(PhysimError, match=r"unknown: this engine's graph can tell \['mass'\], got 'stiffness'"):
        recover(engine, known, "stiffness")
    with pytest.raises(PhysimError, match=rf"at least {WINDOW + 1} steps"):
        recover(engine, replace(known, pos=known.pos[: WINDOW + 1]), "mass")
    both = Scene.batch_of([known.scene, known.scene])
    with pytest.raises(PhysimError, match="got 2 scenes"):
        recover(engine, replace(known, scene=both, pos=known.pos.repeat(1, 2, 1)), "mass")
    with pytest.raises(PhysimError, match="no spring"):
        recover(engine_of("stiffness"), known, "stiffness")
    with pytest.raises(PhysimError, match=r"can tell \[\]"):
        recover(LearnedEngine(paper_interaction_network(), engine.terms), known, "mass")
