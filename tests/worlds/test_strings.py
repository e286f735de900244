from __future__ import annotations

import pytest
import torch

from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.measures import energies
from physim.scenes.scene import SPRING, STATIC, Scene
from physim.worlds.contract import check_world
from worlds.chains import REST_LENGTH
from worlds.strings import Strings


@pytest.mark.parametrize("world", [Strings(), Strings(masses=5, pins=0), Strings(masses=30, pins=2, substeps=2)])
def test_the_contract_holds(world: Strings) -> None:
    check_world(world)


@pytest.mark.parametrize("pins", [0, 1, 2])
def test_pinned_ends_and_the_circle_do_not_move(pins: int) -> None:
    world = Strings(pins=pins)
    run = rollout(world.engine(), Scene.batch_of(world.scenes(seed=3, count=5)), steps=500)
    still = run.scene.body_type == STATIC
    assert int(still.sum()) == 5 * (pins + 1)
    assert torch.equal(run.pos[-1, still], run.pos[0, still])
    assert (run.pos[-1, ~still] - run.pos[0, ~still]).norm(dim=-1).min() > 0


def test_one_pin_is_at_either_end() -> None:
    ends = {int(scene.body_type.eq(STATIC).nonzero()[0]) for scene in Strings().scenes(seed=3, count=20)}
    assert ends == {0, 14}


def test_neighbours_are_linked_at_rest_and_masses_do_not_touch_one_another() -> None:
    scene = Strings().scene(seed=3)
    springs = scene.edge_index[:, scene.edge_kind == SPRING]
    assert sorted(map(tuple, springs.T.tolist())) == sorted(
        pair for first in range(14) for pair in ((first, first + 1), (first + 1, first))
    )
    length = (scene.pos[springs[0]] - scene.pos[springs[1]]).norm(dim=-1)
    assert length.sub(REST_LENGTH).abs().max() < 1e-9
    pairs = scene.edge_index[:, scene.edge_kind != SPRING]
    assert (pairs == 15).any(dim=0).all()


def test_springs_of_a_scene_share_a_stiffness_that_differs_between_scenes() -> None:
    stiffness = [scene.edge_attr[scene.edge_kind == SPRING, 1] for scene in Strings(spread=2).scenes(seed=3, count=50)]
    assert all((values == values[0]).all() for values in stiffness)
    first = torch.stack([values[0] for values in stiffness])
    assert 50 <= first.min() < 60
    assert 180 < first.max() <= 200


@pytest.mark.parametrize("pins", [0, 1, 2])
def test_the_truth_keeps_the_energy_of_a_free_string_within_the_stated_band(pins: int) -> None:
    world = Strings(pins=pins, damping=0.0)
    scenes = world.scenes(seed=3, count=10)
    for scene in scenes:
        scene.pos[-1] += 1e3  # the circle, out of the way
    found = energies(rollout(world.engine(), Scene.batch_of(scenes), steps=1000))
    assert found is not None
    total, moving = sum(found), found[0]
    assert ((total - total[0]).abs().max(dim=0).values < world.energy_band * moving.max(dim=0).values).all()


def test_the_error_of_constant_velocity_is_near_the_papers() -> None:
    world = Strings()
    run = rollout(world.engine(), Scene.batch_of(world.scenes(seed=90_000, count=100)), steps=1000)
    moves = run.scene.inverse_mass > 0
    assert 0.01 < float(run.vel.diff(dim=0)[:, moves].square().mean()) < 0.025


@pytest.mark.parametrize(
    ("name", "value"), [("masses", 0), ("pins", 3), ("stiffness", -1.0), ("spread", 0.5), ("damping", -1.0)]
)
def test_bad_parameters_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(PhysimError, match=f"{name} .*got .*{value}"):
        Strings(**{name: value})  # type: ignore[arg-type]
