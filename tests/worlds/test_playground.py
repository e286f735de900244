from __future__ import annotations

import pytest
import torch

from physim.contact_measures import outside, penetration
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.scenes.scene import CIRCLE, DYNAMIC, KINEMATIC, PAIR, POLYGON, RELATION_KINDS, SEGMENT, STATIC, Scene
from physim.worlds.contract import check_world
from worlds.playground import GRAVITY, Kind, Playground
from worlds.stacks import SLOP
from worlds.toys import ELASTICITY, FRICTION, SIZES


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return Playground(joints=0.5).scenes(seed=3, count=200)


@pytest.mark.parametrize("kind", ["mixed", "stacks", "thrown"])
def test_the_contract_holds(kind: Kind) -> None:
    check_world(Playground(kind=kind, joints=1.0))


@pytest.mark.parametrize("bodies", [1, 2, 7, 100])
@pytest.mark.parametrize("kind", ["mixed", "stacks", "thrown"])
def test_as_many_bodies_can_move_as_were_asked_for(bodies: int, kind: Kind) -> None:
    for scene in Playground(bodies=bodies, kind=kind, joints=0.5).scenes(seed=3, count=4):
        assert int((scene.body_type == DYNAMIC).sum()) == bodies


def test_nothing_begins_inside_another_by_more_than_a_slop(scenes: list[Scene]) -> None:
    batch = Scene.batch_of(scenes)
    moves = batch.body_type == DYNAMIC
    start = rollout(Playground().engine(), batch, steps=1)
    smallest = SIZES[0] / 2
    assert float(penetration(start)[0, moves].max()) * smallest < SLOP
    assert not outside(batch).any()


def test_scenes_hold_what_pygame_programs_do(scenes: list[Scene]) -> None:
    batch = Scene.batch_of(scenes)
    moves, pull = batch.body_type == DYNAMIC, batch.gravity[:, 1]
    assert set(batch.shape[moves].tolist()) == {CIRCLE, SEGMENT, POLYGON}
    assert set(batch.corner_index.bincount()[moves[: batch.corner_index.max() + 1]].tolist()) >= {3, 4, 5, 6}
    assert (batch.body_type == KINEMATIC).any()
    assert set(batch.edge_kind.tolist()) == set(range(len(RELATION_KINDS)))
    assert batch.apart.shape[1] > 0
    assert (batch.edge_anchor[batch.edge_kind != PAIR] != 0).any()
    assert (pull.min(), pull.max()) == (-GRAVITY, GRAVITY)
    assert 0.1 < float((pull == 0).double().mean()) < 0.4
    assert 0 <= batch.friction.min() < batch.friction.max() <= FRICTION
    assert 0 <= batch.elasticity.min() < batch.elasticity.max() <= ELASTICITY
    assert batch.mass[moves].max() > 100 * batch.mass[moves].min()
    walls = torch.stack([(scene.shape == SEGMENT)[scene.body_type == STATIC].sum() for scene in scenes])
    assert walls.min() == 0
    assert walls.max() > 4


def test_bodies_stay_inside_and_meet(scenes: list[Scene]) -> None:
    run = rollout(Playground().engine(), Scene.batch_of(scenes[:15]), steps=100)
    assert not outside(run).any()
    depth = penetration(run)[:, run.scene.body_type == DYNAMIC]
    assert float(depth.max()) < 0.9
    assert float((depth > 0).any(dim=0).double().mean()) > 0.5


def test_stacks_stand() -> None:
    world = Playground(bodies=12, kind="stacks")
    run = rollout(world.engine(), Scene.batch_of(world.scenes(seed=3, count=20)), steps=100)
    moves = run.scene.body_type == DYNAMIC
    moved = (run.pos[-1] - run.pos[0])[moves].abs()
    assert float(moved.median()) < 1
    assert float((moved.amax(dim=1) < SIZES[0]).double().mean()) > 0.9
    assert (run.vel[0] == 0).all()


def test_thrown_scenes_are_all_of_one_size() -> None:
    counts = {scene.num_bodies for scene in Playground(bodies=6, kind="thrown").scenes(seed=3, count=20)}
    assert counts == {10}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"bodies": -1}, "bodies must be 0 .* got -1"),
        ({"joints": 1.5}, "joints must be from 0 to 1, got 1.5"),
        ({"kind": "wild"}, "kind must be one of mixed, stacks, thrown, got 'wild'"),
    ],
)
def test_bad_parameters_are_refused_by_name(given: dict[str, int | float | str], complaint: str) -> None:
    with pytest.raises(PhysimError, match=complaint):
        Playground(**given)  # type: ignore[arg-type]
