"""Positions over time from anywhere: what a tracker or a measurement gives, as segments without gaps."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, final

import numpy as np
import torch

from physim.arrays import Floats
from physim.errors import PhysimError
from physim.scenes.scene import CORNER_FIELDS, RELATION_FIELDS, SCENE_FIELDS, STATE_FIELDS, Scene
from physim.scenes.trajectory import Trajectory
from physim.smoothing import SHORTEST, Smoothing

UNEVEN = 0.05
"""The share of a step by which an instant may lie beside its place: trackers round their times."""
DIGITS = 12
"""The digits to which dt is known: those in which files of several kinds agree."""
_NOT_NUMBERS = ("body_type", "shape", "extent", "group")
_TAKEN = {*STATE_FIELDS, *RELATION_FIELDS, *SCENE_FIELDS, *CORNER_FIELDS, *_NOT_NUMBERS, *dir(Scene)}
_ABOVE_ZERO = ("mass", "radius")


@final
@dataclass(frozen=True)
class Recording:
    """What a file holds about one scene; nan where an object was not seen.

    `places` says where in the file each instant was read first, for complaints.
    Shapes: times, places [T], rising; pos [T, N, 2]; angle [T, N] in radians; attributes [N] each.
    """

    name: str
    times: Floats
    pos: Floats
    angle: Floats
    attributes: Mapping[str, Floats] = field(default_factory=dict)
    places: Sequence[str] = ()


@final
@dataclass(frozen=True)
class Segment:
    """A part of a recording in which every object of the scene is seen at every instant, dt apart.

    Shapes: pos [T, N, 2]; angle [T, N]; attributes [N] each.
    """

    scene: str
    pos: Floats
    angle: Floats
    attributes: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.pos)

    def trajectory(self, smoothing: Smoothing, dt: float) -> Trajectory:
        """Smoothed paths and the velocities along them, of points related in all pairs; without a mass, it is 1 kg."""
        pos, vel = smoothing.paths(self.pos), smoothing.slopes(self.pos, dt)
        turning = np.unwrap(self.angle, axis=0)
        states = (pos, vel, smoothing.paths(turning), smoothing.slopes(turning, dt))
        motion: dict[str, Any] = dict(zip(STATE_FIELDS, map(torch.from_numpy, states), strict=True))
        kept = {"mass": np.ones(pos.shape[1])} | dict(self.attributes)
        fields = {name: torch.from_numpy(values) for name, values in kept.items()}
        start = {name: values[0] for name, values in motion.items()}
        scene = Scene.of(**start, **fields, dt=torch.tensor([dt], dtype=torch.float64))
        return Trajectory(scene, **motion, times=dt * torch.arange(len(self), dtype=torch.float64))


@final
@dataclass(frozen=True)
class Tracks:
    """The segments of a file in their order, dt seconds from instant to instant, of `rows` positions read.

    `columns` are the attributes that the file gives of objects.
    """

    file: str
    sha256: str
    dt: float
    segments: tuple[Segment, ...]
    rows: int
    columns: tuple[str, ...]

    @property
    def metadata(self) -> dict[str, Any]:
        """What tells this file from others, for the provenance of weights."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "dt": self.dt,
            "rows": self.rows,
            "columns": list(self.columns),
        }


def read_tracks(path: Path | str, frames_per_second: float | None = None) -> Tracks:
    """Read a file of positions over time: .csv, .npz, or HDF5 (.h5, .hdf5); README says what stands in it.

    Raises: PhysimError that names the file, the place in it, what was found there and what was wanted.
    """
    from physim.scenes.track_arrays import read_hdf5, read_npz
    from physim.scenes.track_table import read_csv

    file = Path(path)
    if not file.is_file():
        raise PhysimError(f"there is no file {file}")
    if file.suffix.lower() == ".csv":
        recordings, rows = read_csv(file, frames_per_second)
    elif frames_per_second is not None:
        raise PhysimError(f"{file} has times of its own: --fps is for the frame numbers of a .csv")
    else:
        recordings, rows = (read_npz if file.suffix.lower() == ".npz" else read_hdf5)(file)
    dt = _step(file, recordings)
    segments = [segment for recording in recordings for segment in _segments(file, recording, dt)]
    if not segments:
        raise PhysimError(f"{file} never has all objects of a scene in {SHORTEST} instants in a row, {dt:g} s apart")
    content = hashlib.sha256(file.read_bytes()).hexdigest()
    return Tracks(file.name, content, dt, tuple(segments), rows, tuple(sorted(recordings[0].attributes)))


def check_attribute(where: str, name: str, values: Floats) -> None:
    """Refuse an attribute whose name is taken, or whose values [N] are none that it can have."""
    if not name.isidentifier() or name in _TAKEN:
        raise PhysimError(f"{where}: no attribute of an object can be called '{name}': rename it or leave it out")
    if not np.isfinite(values).all():
        raise PhysimError(f"{where}: {name} is {values[~np.isfinite(values)][0]} for an object, wanted a finite number")
    if name in _ABOVE_ZERO and not (values > 0).all():
        raise PhysimError(f"{where}: {name} is {values.min():g} for an object, wanted numbers above 0")


def _step(file: Path, recordings: Sequence[Recording]) -> float:
    """The seconds between two instants: by the usual difference of times, made exact over all that are even."""
    differences = np.concatenate([np.diff(recording.times) for recording in recordings])
    if not len(differences):
        raise PhysimError(f"{file} has one instant a scene, wanted at least {SHORTEST}")
    usual = float(np.median(differences))
    steps = np.round(differences / usual).clip(min=1)
    even = np.abs(differences / usual - steps) <= 2 * UNEVEN  # those that are not are refused later, by their place
    return float(f"{differences[even].sum() / steps[even].sum():.{DIGITS}g}")


def _segments(file: Path, recording: Recording, dt: float) -> list[Segment]:
    """The longest parts without a gap in which all objects are seen, of SHORTEST instants at least."""
    steps = np.diff(recording.times) / dt
    for number, step in enumerate(steps):
        if abs(step - max(1, round(step))) > UNEVEN:
            raise PhysimError(
                f"{file} {recording.places[number + 1]}: time is {step:.3g} steps of {dt:g} s after the one before, "
                "wanted a whole number of steps"
            )
    seen = np.isfinite(np.concatenate([recording.pos, recording.angle[..., None]], axis=-1)).reshape(len(steps) + 1, -1)
    whole = seen.all(axis=-1)
    broken = ~(whole[1:] & whole[:-1] & (np.round(steps) == 1))
    bounds = [0, *(np.flatnonzero(broken) + 1).tolist(), len(whole)]
    parts = [slice(first, last) for first, last in pairwise(bounds) if last - first >= SHORTEST]
    return [Segment(recording.name, recording.pos[p], recording.angle[p], recording.attributes) for p in parts]
