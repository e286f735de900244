from __future__ import annotations

import json
from pathlib import Path

import h5py
import pytest
import torch

from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.generate import CHUNK, generate
from physim.scenes.files import load_trajectory
from physim.scenes.scene import Scene
from physim.worlds.find import find_world
from worlds.nbody import NBody

USER_WORLD = """
import pymunk

def drop(rng, balls: int = 2):
    space = pymunk.Space()
    space.gravity = 0, -9
    space.add(pymunk.Segment(space.static_body, (-5, 0), (5, 0), 0.1))
    for k in range(balls):
        ball = pymunk.Body(1, 1)
        ball.position = k + rng.uniform(), 0.8
        space.add(ball, pymunk.Circle(ball, 0.3))
    return space
"""


def test_the_file_holds_the_rollouts_of_the_worlds_scenes(tmp_path: Path) -> None:
    world = NBody(bodies=3)
    generate(world, scenes=CHUNK + 3, steps=5, seed=4, workers=1, out=tmp_path / "a.h5")
    trajectory = load_trajectory(tmp_path / "a.h5")
    wanted = rollout(world.engine(), Scene.batch_of(world.scenes(seed=4, count=CHUNK + 3)), steps=5)
    assert torch.equal(trajectory.pos, wanted.pos)
    assert torch.equal(trajectory.scene.mass, wanted.scene.mass)
    assert torch.equal(trajectory.scene.edge_index, wanted.scene.edge_index)
    assert trajectory.metadata == {**world.metadata, "seed": 4, "scenes": CHUNK + 3, "steps": 5}


def test_two_workers_write_the_bytes_of_one(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(USER_WORLD)
    world = find_world(f"{tmp_path}/mine.py:drop", {"balls": 3})
    for workers in (1, 2):
        generate(world, scenes=2 * CHUNK + 5, steps=3, seed=1, workers=workers, out=tmp_path / f"{workers}.h5")
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "2.h5").read_bytes()


def test_a_users_function_goes_through_to_a_file_in_h5pys_plain_view(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(USER_WORLD)
    generate(find_world(f"{tmp_path}/mine.py:drop"), scenes=2, steps=30, seed=1, workers=1, out=tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["pos"].shape == (31, 6, 2)
        assert json.loads(file.attrs["metadata"])["name"] == "drop"
        assert file["pos"][-1, :2, 1].min() > 0.3
        assert file["angle"].shape == (31, 6)


@pytest.mark.parametrize("bad", ["scenes", "steps", "workers"])
def test_numbers_that_are_not_above_0_are_refused(bad: str, tmp_path: Path) -> None:
    numbers = {"scenes": 1, "steps": 1, "workers": 1} | {bad: 0}
    with pytest.raises(PhysimError, match=f"{bad} must be above 0, got 0"):
        generate(NBody(), **numbers, seed=0, out=tmp_path / "a.h5")


def test_a_blow_up_names_its_scenes_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="scenes 0 to 3 of seed 2: the rollout blew up"):
        generate(NBody(bodies=2, gravity=1e308), scenes=4, steps=5, seed=2, workers=1, out=tmp_path / "a.h5")
    assert not list(tmp_path.iterdir())
