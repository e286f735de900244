from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from physim.errors import PhysimError
from physim.generate import generate
from physim.scenes.tracks import Tracks, read_tracks
from physim.scenes.trajectory import Trajectory
from physim.smoothing import fitted_smoothing
from worlds.nbody import NBody

Arrays = Mapping[str, np.ndarray]
DT, SCENES, INSTANTS, OBJECTS = 0.05, 2, 12, 3


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """Random walks of three objects with a mass and a charge in two scenes."""
    rng = np.random.default_rng(0)
    pos = rng.standard_normal((SCENES, INSTANTS, OBJECTS, 2)).cumsum(axis=1)
    mass, charge = rng.uniform(1, 2, (2, SCENES, OBJECTS))
    return {"pos": pos, "dt": np.array(DT), "mass": mass, "charge": charge}


def lines_of(arrays: Arrays) -> list[str]:
    """The rows of a table, without its header scene,time,object,y,x,mass,charge."""
    scenes, instants, objects, _ = arrays["pos"].shape
    pos, mass, charge = (arrays[name].tolist() for name in ("pos", "mass", "charge"))
    return [
        f"{s},{DT * t!r},{o},{pos[s][t][o][1]!r},{pos[s][t][o][0]!r},{mass[s][o]!r},{charge[s][o]!r}"
        for s in range(scenes)
        for t in range(instants)
        for o in range(objects)
    ]


def table(folder: Path, lines: list[str], header: str = "scene,time,object,y,x,mass,charge") -> Path:
    path = folder / "tracks.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def motions(tracks: Tracks) -> list[Trajectory]:
    smoothing = fitted_smoothing([segment.pos for segment in tracks.segments])
    return [segment.trajectory(smoothing, tracks.dt) for segment in tracks.segments]


def test_the_same_tracks_in_every_kind_of_file_give_the_same_trajectories(
    arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    np.savez(tmp_path / "tracks.npz", **arrays)
    timed = {name: array for name, array in arrays.items() if name != "dt"} | {"times": DT * np.arange(INSTANTS)}
    with h5py.File(tmp_path / "tracks.h5", "w") as file:
        file.update(timed)
    paths = [table(tmp_path, lines_of(arrays)), tmp_path / "tracks.npz", tmp_path / "tracks.h5"]
    first, *others = (motions(read_tracks(path)) for path in paths)
    assert len(first) == SCENES
    for other in others:
        for one, same in zip(first, other, strict=True):
            for name in ("pos", "vel", "angle", "angular_velocity", "times"):
                assert torch.equal(getattr(one, name), getattr(same, name))
            for name in ("mass", "charge", "dt"):
                assert torch.equal(one.scene[name], same.scene[name])


def test_the_order_of_rows_says_nothing(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    lines = lines_of(arrays)
    first = motions(read_tracks(table(tmp_path, lines)))
    random.Random(1).shuffle(lines)
    for one, same in zip(first, motions(read_tracks(table(tmp_path, lines))), strict=True):
        assert torch.equal(one.pos, same.pos)
        assert torch.equal(one.vel, same.vel)
        assert torch.equal(one.scene.charge, same.scene.charge)


def test_one_scene_needs_no_axis_of_scenes(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    single = {name: array if name == "dt" else array[0] for name, array in arrays.items()}
    np.savez(tmp_path / "tracks.npz", **single)
    (motion,) = motions(read_tracks(tmp_path / "tracks.npz"))
    assert motion.pos.shape == (INSTANTS, OBJECTS, 2)
    assert motion.scene.charge.tolist() == arrays["charge"][0].tolist()


def test_without_a_mass_it_is_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "tracks.npz", pos=np.random.default_rng(0).random((9, 2, 2)), dt=0.1)
    (motion,) = motions(read_tracks(tmp_path / "tracks.npz"))
    assert motion.scene.mass.tolist() == [1.0, 1.0]


def test_only_instants_at_which_all_objects_are_seen_are_kept(tmp_path: Path) -> None:
    lines = [f"{frame},{name},{frame},1" for frame in range(40) for name in "ab" if frame != 30]
    del lines[lines.index("10,b,10,1")]
    lines[lines.index("17,a,17,1")] = "17,a,,"
    tracks = read_tracks(table(tmp_path, lines, "frame,track_id,x,y"), 10.0)
    assert [segment.pos[0, 0, 0] for segment in tracks.segments] == [0, 11, 18, 31]
    assert [len(segment) for segment in tracks.segments] == [10, 6, 12, 9]
    assert (tracks.dt, tracks.rows) == (0.1, 77)


def test_times_that_a_tracker_rounded_are_even(tmp_path: Path) -> None:
    lines = [f"{round(frame / 30, 3)},{name},{frame},1" for frame in range(61) for name in "ab"]
    tracks = read_tracks(table(tmp_path, lines, "time,object,x,y"))
    assert len(tracks.segments[0]) == 61
    assert tracks.dt == pytest.approx(1 / 30, rel=1e-6)


def test_frames_are_as_good_as_times(tmp_path: Path) -> None:
    framed = [f"{2 * step},{step**2},1,7" for step in range(9)]
    timed = [f"7,{step / 12.5!r},{step**2},1" for step in range(9)]
    first = motions(read_tracks(table(tmp_path, framed, "frame,X,Y,particle"), 25.0))
    second = motions(read_tracks(table(tmp_path, timed, "particle, t, x, y")))
    assert torch.equal(first[0].vel, second[0].vel)


def test_angles_are_unwound(tmp_path: Path) -> None:
    lines = [f"{step / 10!r},1,0,0,{(step * 0.5 + 3) % 6.283185307179586 - 3!r}" for step in range(30)]
    (motion,) = motions(read_tracks(table(tmp_path, lines, "time,object,x,y,angle")))
    assert motion.angular_velocity.numpy() == pytest.approx(np.full((30, 1), 5.0))


HEAD = "time,object,x,y"


def rows(count: int = 9) -> list[str]:
    return [f"{step / 10!r},a,{step},0" for step in range(count)]


@pytest.mark.parametrize(
    ("header", "change", "sentence"),
    [
        ("", lambda lines: [], "line 1: there is no column object: wanted time, object, x and y, got nothing"),
        ("time,object,x", lambda lines: lines, "line 1: there is no column y: wanted time, object, x and y, got time,"),
        ("clock,object,x,y", lambda lines: lines, "line 1: there is no column time, or frame"),
        ("time,t,x,y", lambda lines: lines, "line 1: the columns time and t could both be time: leave one"),
        ("time,object,x,x", lambda lines: lines, "line 1: the columns x and x could both be x: leave one"),
        (HEAD, lambda lines: [], "has a header and no rows"),
        (HEAD, lambda lines: [*lines, "0.9,a,1"], "line 11 has 3 cells, wanted 4 as in the header"),
        (HEAD, lambda lines: [*lines, "0.9,a,one,0"], "line 11: x is 'one', wanted a finite number"),
        (HEAD, lambda lines: [*lines, "inf,a,1,0"], "line 11: time is 'inf', wanted a finite number"),
        (HEAD, lambda lines: [*lines, ",a,1,0"], "line 11: time is '', wanted a finite number"),
        (HEAD, lambda lines: [*lines, "0.9,,1,0"], "line 11: object is empty, wanted a name or number"),
        (HEAD, lambda lines: [*lines, lines[3]], "lines 5 and 11: object a stands twice at 0.3 s"),
        (HEAD, lambda lines: [*lines, "0.95,a,1,0"], "line 11: time is 1.5 steps of 0.1 s after the one before"),
        (HEAD, lambda lines: lines[:4], "never has all objects of a scene in 5 instants in a row"),
        (HEAD, lambda lines: lines[:1], "has one instant a scene, wanted at least 5"),
        ("frame,object,x,y", lambda lines: lines, "has frame numbers and no times: say with --fps"),
        (
            f"{HEAD},mass",
            lambda lines: [f"{line},{0}" for line in lines],
            "mass is 0 for an object, wanted numbers abo",
        ),
        (
            f"{HEAD},size",
            lambda lines: [f"{line},1" for line in lines],
            "no attribute of an object can be called",
        ),
        (f"{HEAD},vel", lambda lines: [f"{line},1" for line in lines], "no attribute of an object can be called 'vel'"),
        (
            f"{HEAD},hue",
            lambda lines: [f"{line},red" for line in lines],
            "line 2: hue is 'red', wanted a finite",
        ),
        (
            f"{HEAD},hue",
            lambda lines: [f"{line},{number // 5}" for number, line in enumerate(lines)],
            "hue of object a is 0 in line 2 and 1 in line 7, wanted the same at all times",
        ),
    ],
)
def test_tables_that_cannot_be_read_are_refused(
    header: str, change: Callable[[list[str]], list[str]], sentence: str, tmp_path: Path
) -> None:
    path = table(tmp_path, change(rows()), header)
    if not header:
        path.write_text("")
    with pytest.raises(PhysimError) as refusal:
        read_tracks(path)
    assert sentence in str(refusal.value)
    assert str(refusal.value).startswith(str(path))


def test_frames_want_a_rate_above_nothing_and_whole_numbers(tmp_path: Path) -> None:
    path = table(tmp_path, rows(), "frame,object,x,y")
    with pytest.raises(PhysimError, match="fps must be above 0, got 0"):
        read_tracks(path, 0.0)
    with pytest.raises(PhysimError, match=r"line 3: frame is 0\.1, wanted a whole number"):
        read_tracks(path, 25.0)
    with pytest.raises(PhysimError, match="has times of its own: --fps is for files with frame numbers"):
        read_tracks(table(tmp_path, rows()), 25.0)


POS = np.random.default_rng(0).random((9, 2, 2))


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"dt": 0.1}, "has no array pos: wanted pos and dt or times, got ['dt']"),
        ({"pos": POS}, "has no array dt, or times"),
        ({"pos": POS[..., :1], "dt": 0.1}, "pos has shape (9, 2, 1), wanted [T, N, 2] or [S, T, N, 2]"),
        ({"pos": POS, "dt": 0.0}, "dt is 0.0, wanted one number above 0"),
        ({"pos": POS, "dt": [0.1, 0.2]}, "dt is [0.1, 0.2], wanted one number above 0"),
        ({"pos": POS, "dt": 0.1, "times": np.arange(9)}, "has both dt and times: leave one"),
        ({"pos": POS, "times": np.arange(8)}, "times has shape (8,), wanted (9,) or (1, 9)"),
        ({"pos": POS, "times": np.arange(9) // 2}, "times do not rise from instant 0 to 1"),
        ({"pos": POS, "times": [0, 1, 2, 3, 4, 5, 6, 7, 8.5]}, "instant 8: time is 1.5 steps of 1 s"),
        ({"pos": POS, "dt": 0.1, "mass": [1.0, 2.0, 3.0]}, "mass has shape (3,), wanted (2,) or (1, 2)"),
        ({"pos": POS, "dt": 0.1, "mass": [1.0, np.nan]}, "mass is nan for an object, wanted a finite number"),
        ({"pos": POS, "dt": 0.1, "mass": [1.0, -2.0]}, "mass is -2 for an object, wanted numbers above 0"),
        ({"pos": POS, "dt": 0.1, "name": ["a", "b"]}, "name holds <U1, wanted numbers"),
        ({"pos": POS, "dt": 0.1, "angle": np.zeros(9)}, "angle has shape (9,), wanted that of pos"),
    ],
)
def test_arrays_that_cannot_be_read_are_refused(arrays: dict[str, object], sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "tracks.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    with pytest.raises(PhysimError) as refusal:
        read_tracks(path)
    assert sentence in str(refusal.value)
    assert str(refusal.value).startswith(str(path))


@pytest.mark.parametrize("name", ["tracks.csv", "tracks.npz", "tracks.h5"])
def test_files_of_something_else_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=f"there is no file .*{name}"):
        read_tracks(tmp_path / name)
    (tmp_path / name).write_bytes(b"\xff\xfe neither numbers nor text")
    with pytest.raises(PhysimError, match=name):
        read_tracks(tmp_path / name)


def test_files_that_would_run_code_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "tracks.npz", pos=np.array([{}], dtype=object), dt=0.1)
    with pytest.raises(PhysimError, match=r"tracks\.npz is no \.npz file of numbers"):
        read_tracks(tmp_path / "tracks.npz")


def test_physims_own_files_and_groups_are_refused_with_what_to_do(tmp_path: Path) -> None:
    generate(NBody(), scenes=1, steps=5, seed=0, workers=1, out=tmp_path / "own.h5")
    with pytest.raises(PhysimError, match=r"own file of a world's trajectories: physim train WORLD --data .*own\.h5"):
        read_tracks(tmp_path / "own.h5")
    with h5py.File(tmp_path / "grouped.h5", "w") as file:
        file["more/pos"] = POS
    with pytest.raises(PhysimError, match="more is a group, wanted datasets alone"):
        read_tracks(tmp_path / "grouped.h5")


def test_fps_is_for_tables_alone(tmp_path: Path) -> None:
    np.savez(tmp_path / "tracks.npz", pos=POS, dt=0.1)
    with pytest.raises(PhysimError, match="--fps is for the frame numbers"):
        read_tracks(tmp_path / "tracks.npz", 25.0)
