from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import h5py
import pymunk
import pytest
import torch

from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.scenes.files import TrajectoryWriter, load_trajectory, pack, save_trajectory
from physim.scenes.scene import CORNER_FIELDS, OBJECT_FIELDS, RELATION_FIELDS, SCENE_FIELDS, Scene, scenes_of
from physim.scenes.spaces import scene_of
from physim.scenes.trajectory import Trajectory
from worlds.charges import Charges
from worlds.nbody import NBody
from worlds.strings import Strings

FIELDS = (*OBJECT_FIELDS, *CORNER_FIELDS, *RELATION_FIELDS, *SCENE_FIELDS)


def short(world: NBody | Charges, *seeds: int) -> Trajectory:
    scenes = [world.scene(seed) for seed in seeds]
    return rollout(world.engine(), Scene.batch_of(scenes) if len(scenes) > 1 else scenes[0], steps=7)


def spinning() -> Trajectory:
    scene = NBody(bodies=3).scene(seed=1)
    return rollout(PymunkEngine(0.1), scene.moved(angular_velocity=torch.tensor([0.0, 1.0, 2.0]).double()), steps=4)


@pytest.fixture
def of_everything(random_space: Callable[..., pymunk.Space]) -> Trajectory:
    """Three scenes with polygons and joints, and one with neither."""
    scenes = [scene_of(random_space(seed, bodies=3 + seed), dt=0.01) for seed in range(3)]
    return rollout(PymunkEngine(0.01), Scene.batch_of([*scenes, NBody(bodies=2).scene(seed=1)]), steps=4)


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


def test_polygons_and_joints_are_kept_and_give_the_same_bytes(of_everything: Trajectory, tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        save_trajectory(tmp_path / name, of_everything)
    assert_same(load_trajectory(tmp_path / "a.h5"), of_everything)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_polygons_written_one_by_one_stand_side_by_side(of_everything: Trajectory, tmp_path: Path) -> None:
    with TrajectoryWriter(tmp_path / "a.h5", of_everything.metadata) as writer:
        for scene in scenes_of(of_everything.scene):
            writer.append(pack(rollout(PymunkEngine(0.01), scene, steps=4)))
    assert_same(load_trajectory(tmp_path / "a.h5"), of_everything)


def test_files_of_version_2_are_read_as_scenes_without_polygons_and_anchors(tmp_path: Path) -> None:
    trajectory = rollout(Strings().engine(), Scene.batch_of(Strings().scenes(seed=1, count=2)), steps=3)
    save_trajectory(tmp_path / "a.h5", trajectory)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        attributes = file["scene/edge_attr"][:, :3]
        for name in ("edge_attr", "edge_anchor", "corner", "corner_index", "corners"):
            del file[f"scene/{name}"]
        file["scene/edge_attr"] = attributes
        file.attrs["version"] = 2
    assert_same(load_trajectory(tmp_path / "a.h5"), trajectory)


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
    for name in ("scene/corner", "vel"):
        with h5py.File(tmp_path / "a.h5", "r+") as file:
            del file[name]
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
