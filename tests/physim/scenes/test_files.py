from __future__ import annotations

import time
from pathlib import Path

import h5py
import pytest
import torch

from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.scenes.files import TrajectoryWriter, load_trajectory, pack, save_trajectory
from physim.scenes.scene import OBJECT_FIELDS, RELATION_FIELDS, SCENE_FIELDS, Scene
from physim.scenes.trajectory import Trajectory
from worlds.charges import Charges
from worlds.nbody import NBody

FIELDS = (*OBJECT_FIELDS, *RELATION_FIELDS, *SCENE_FIELDS)


def short(world: NBody | Charges, *seeds: int) -> Trajectory:
    scenes = [world.scene(seed) for seed in seeds]
    return rollout(world.engine(), Scene.batch_of(scenes) if len(scenes) > 1 else scenes[0], steps=7)


def spinning() -> Trajectory:
    scene = NBody(bodies=3).scene(seed=1)
    return rollout(PymunkEngine(0.1), scene.moved(angular_velocity=torch.tensor([0.0, 1.0, 2.0]).double()), steps=4)


def assert_same(first: Trajectory, second: Trajectory) -> None:
    for name in ("pos", "vel", "angle", "angular_velocity", "times"):
        assert torch.equal(getattr(first, name), getattr(second, name)), name
    for name in (*FIELDS, *first.scene.columns):
        assert torch.equal(first.scene[name], second.scene[name]), name
    assert first.metadata == second.metadata


@pytest.mark.parametrize(
    "trajectory", [short(NBody(), 3), short(NBody(bodies=1), 3), short(Charges(), 1, 2), spinning()], ids=str
)
def test_saving_and_loading_changes_no_bit(trajectory: Trajectory, tmp_path: Path) -> None:
    save_trajectory(tmp_path / "a.h5", trajectory)
    assert_same(load_trajectory(tmp_path / "a.h5"), trajectory)


def test_a_batch_stays_a_batch(tmp_path: Path) -> None:
    save_trajectory(tmp_path / "a.h5", short(NBody(), 1, 2))
    assert load_trajectory(tmp_path / "a.h5").scene.ptr.tolist() == [0, 6, 12]


def test_the_same_trajectory_gives_the_same_bytes(tmp_path: Path) -> None:
    save_trajectory(tmp_path / "a.h5", short(NBody(), 1, 2))
    time.sleep(1.1)  # a time stamp, were there one, counts seconds
    save_trajectory(tmp_path / "b.h5", short(NBody(), 1, 2))
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_trajectories_written_one_by_one_stand_side_by_side(tmp_path: Path) -> None:
    sizes = [NBody(bodies=count).scene(seed=count) for count in (2, 5, 3)]
    engine = NBody().engine()
    with TrajectoryWriter(tmp_path / "a.h5", {"engine": "VectorEngine", "dt": engine.dt}) as writer:
        for scene in sizes:
            writer.append(pack(rollout(engine, scene, steps=7)))
    assert_same(load_trajectory(tmp_path / "a.h5"), rollout(engine, Scene.batch_of(sizes), steps=7))


def test_truncated_foreign_and_missing_files_are_refused(tmp_path: Path) -> None:
    whole = tmp_path / "whole.h5"
    save_trajectory(whole, short(NBody(), 1))
    (tmp_path / "cut.h5").write_bytes(whole.read_bytes()[:-3000])
    (tmp_path / "text.h5").write_text("not at all")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["pos"] = [1.0]
    for name in ("cut", "text", "other", "missing"):
        with pytest.raises(PhysimError, match=f"{name}.h5"):
            load_trajectory(tmp_path / f"{name}.h5")


def test_a_file_without_one_of_its_arrays_is_refused(tmp_path: Path) -> None:
    save_trajectory(tmp_path / "a.h5", short(NBody(), 1))
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        del file["vel"]
    with pytest.raises(PhysimError, match=r"a\.h5 is no whole HDF5 file"):
        load_trajectory(tmp_path / "a.h5")


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="cannot be written"):
        save_trajectory(tmp_path / "no" / "such" / "folder.h5", short(NBody(), 1))
    with pytest.raises(PhysimError, match="cannot be written"):
        save_trajectory(tmp_path, short(NBody(), 1))


def test_nothing_half_written_is_left_behind(tmp_path: Path) -> None:
    def interrupted() -> None:
        with TrajectoryWriter(tmp_path / "a.h5", {}) as writer:
            writer.append(pack(short(NBody(), 1)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(tmp_path.iterdir())
