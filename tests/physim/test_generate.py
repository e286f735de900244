from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
import torch

from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.generate import CHUNK, generate
from physim.scenes.files import Packed, TrajectoryWriter, load_trajectory
from physim.scenes.scene import Scene
from physim.worlds.find import find_world
from worlds.charges import Charges
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


@pytest.mark.usefixtures("at_once")
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


def test_a_folder_gets_a_shard_for_each_chunk_which_together_are_the_one_file(tmp_path: Path) -> None:
    world = NBody(bodies=3)
    for out in ("a.h5", "data"):
        generate(world, scenes=2 * CHUNK + 3, steps=5, seed=4, workers=1, out=tmp_path / out)
    shards = [load_trajectory(tmp_path / "data" / f"000{number}.h5") for number in range(3)]
    assert len(list((tmp_path / "data").iterdir())) == 3
    assert torch.equal(torch.cat([shard.pos for shard in shards], dim=1), load_trajectory(tmp_path / "a.h5").pos)
    made_of = {**world.metadata, "seed": 4, "steps": 5}
    assert [shard.metadata for shard in shards] == [
        {**made_of, "first": first, "scenes": scenes} for first, scenes in ((0, 200), (200, 200), (400, 3))
    ]


def test_a_run_goes_on_with_the_shards_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(scenes: int, out: str) -> dict[str, bytes]:
        generate(NBody(bodies=2), scenes=scenes, steps=3, seed=4, workers=1, out=tmp_path / out)
        return {path.name: path.read_bytes() for path in (tmp_path / out).iterdir()}

    wanted = run(3 * CHUNK, "whole")
    with monkeypatch.context() as stopped:
        stopped.setattr(TrajectoryWriter, "append", interrupt_third(TrajectoryWriter.append))
        with pytest.raises(KeyboardInterrupt):
            run(3 * CHUNK, "data")
    left = sorted((tmp_path / "data").iterdir())
    assert [path.name for path in left] == ["0000.h5", "0001.h5"]
    before = left[1].stat()
    left[0].unlink()
    assert run(3 * CHUNK, "data") == wanted
    assert (left[1].stat().st_mtime_ns, left[1].stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_data_set_grows_in_place(tmp_path: Path) -> None:
    def run(scenes: int, out: str) -> dict[str, bytes]:
        generate(NBody(bodies=2), scenes=scenes, steps=3, seed=4, workers=1, out=tmp_path / out)
        return {path.name: path.read_bytes() for path in (tmp_path / out).iterdir()}

    run(CHUNK + 5, "data")
    first = (tmp_path / "data" / "0000.h5").stat()
    assert run(2 * CHUNK + 1, "data") == run(2 * CHUNK + 1, "whole")
    assert (tmp_path / "data" / "0000.h5").stat().st_mtime_ns == first.st_mtime_ns


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"world": NBody(bodies=3)}, r"0000\.h5 was made with parameters .*'bodies': 2.*, wanted .*'bodies': 3"),
        ({"world": Charges(bodies=2)}, r"0000\.h5 was made with name nbody, wanted charges"),
        ({"seed": 5}, r"0000\.h5 was made with seed 4, wanted 5: use another folder"),
        ({"steps": 4}, r"0000\.h5 was made with steps 3, wanted 4"),
        ({"scenes": CHUNK + 4}, r"0001\.h5 was made with scenes 5, wanted 4"),
        ({"scenes": CHUNK}, r"0001\.h5 is not one of the 1 files that this data has in .*data"),
    ],
)
def test_a_folder_of_other_data_is_refused_by_name(other: dict[str, Any], reason: str, tmp_path: Path) -> None:
    made: dict[str, Any] = {"world": NBody(bodies=2), "scenes": CHUNK + 5, "steps": 3, "seed": 4}
    generate(**made, workers=1, out=tmp_path / "data")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "data").iterdir()}
    with pytest.raises(PhysimError, match=reason):
        generate(**made | other, workers=1, out=tmp_path / "data")
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "data").iterdir()} == before


def interrupt_third(append: Callable[..., None]) -> Callable[..., None]:
    """Ctrl-C while the third file is written."""
    calls: list[Packed] = []

    def interrupted(self: TrajectoryWriter, packed: Packed) -> None:
        calls.append(packed)
        if len(calls) == 3:
            raise KeyboardInterrupt
        append(self, packed)

    return interrupted


@pytest.mark.parametrize("bad", ["scenes", "steps", "workers"])
def test_numbers_that_are_not_above_0_are_refused(bad: str, tmp_path: Path) -> None:
    numbers = {"scenes": 1, "steps": 1, "workers": 1} | {bad: 0}
    with pytest.raises(PhysimError, match=f"{bad} must be above 0, got 0"):
        generate(NBody(), **numbers, seed=0, out=tmp_path / "a.h5")


def test_a_blow_up_names_its_scenes_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="scenes 0 to 3 of seed 2: the rollout blew up"):
        generate(NBody(bodies=2, gravity=1e308), scenes=4, steps=5, seed=2, workers=1, out=tmp_path / "a.h5")
    assert not list(tmp_path.iterdir())
