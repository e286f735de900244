"""Positions over time from arrays: .npz and HDF5 files with the same names in them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from physim.arrays import Floats
from physim.errors import PhysimError
from physim.scenes.files import FORMAT
from physim.scenes.tracks import Recording, check_attribute

Arrays = dict[str, npt.NDArray[Any]]


def read_npz(file: Path) -> tuple[list[Recording], int]:
    """The recordings of an .npz file, and how many positions it has."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            found = dict(arrays)
    except (OSError, ValueError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise PhysimError(f"{file} is no .npz file of numbers: {error}") from None
    return _recordings(file, found)


def read_hdf5(file: Path) -> tuple[list[Recording], int]:
    """The recordings of an HDF5 file, and how many positions it has."""
    try:
        with h5py.File(file, "r") as opened:
            if opened.attrs.get("format") == FORMAT:
                raise PhysimError(
                    f"{file} is physim's own file of a world's trajectories: physim train WORLD --data {file}"
                )
            for name, item in opened.items():
                if not isinstance(item, h5py.Dataset):
                    raise PhysimError(f"{file}: {name} is a group, wanted datasets alone: pos, dt or times, attributes")
            found = {name: np.asarray(item[()]) for name, item in opened.items()}
    except OSError as error:
        raise PhysimError(f"{file} is no HDF5 file: {error}") from None
    return _recordings(file, found)


def _recordings(file: Path, arrays: Arrays) -> tuple[list[Recording], int]:
    """One recording a scene, from arrays by name."""
    for name in ("pos", *(() if "times" in arrays else ("dt",))):
        if name not in arrays:
            wanted = "dt, or times" if name == "dt" else name
            raise PhysimError(f"{file} has no array {wanted}: wanted pos and dt or times, got {sorted(arrays)}")
    floats = {name: _floats(file, name, array) for name, array in arrays.items()}
    pos = floats.pop("pos")
    if pos.ndim not in (3, 4) or pos.shape[-1] != 2 or not pos.size:
        raise PhysimError(f"{file}: pos has shape {pos.shape}, wanted [T, N, 2] or [S, T, N, 2]")
    pos = pos[None] if pos.ndim == 3 else pos
    scenes, instants, objects, _ = pos.shape
    times = _times(file, floats, scenes, instants)
    angle = floats.pop("angle", np.zeros(pos.shape[:3]))
    if angle.shape not in (pos.shape[:3], pos.shape[1:3]):
        raise PhysimError(f"{file}: angle has shape {angle.shape}, wanted that of pos without its last axis")
    turned = np.broadcast_to(angle, pos.shape[:3])
    for name, values in floats.items():
        if values.shape not in ((objects,), (scenes, objects)):
            wanted = f"({objects},) or ({scenes}, {objects})"
            raise PhysimError(f"{file}: {name} has shape {values.shape}, wanted {wanted}: one number for each object")
        check_attribute(str(file), name, values)
    of_scenes = {name: np.broadcast_to(values, (scenes, objects)) for name, values in floats.items()}
    places = [f"instant {instant}" for instant in range(instants)]
    recordings = [
        Recording(str(s), times[s], pos[s], turned[s], {n: of_scenes[n][s].copy() for n in sorted(of_scenes)}, places)
        for s in range(scenes)
    ]
    return recordings, scenes * instants * objects


def _times(file: Path, floats: dict[str, Floats], scenes: int, instants: int) -> Floats:
    """The instants of every scene [S, T], from times or dt, which leave `floats`."""
    if "times" in floats and "dt" in floats:
        raise PhysimError(f"{file} has both dt and times: leave one")
    if "dt" in floats:
        dt = floats.pop("dt")
        if dt.size != 1 or not (np.isfinite(dt).all() and dt.item() > 0):
            raise PhysimError(f"{file}: dt is {dt.tolist()}, wanted one number above 0")
        return np.broadcast_to(dt.item() * np.arange(instants), (scenes, instants))
    times = floats.pop("times")
    if times.shape not in ((instants,), (scenes, instants)):
        raise PhysimError(f"{file}: times has shape {times.shape}, wanted ({instants},) or ({scenes}, {instants})")
    for number, difference in enumerate(np.atleast_2d(np.diff(times)).T):
        if not (difference > 0).all():
            raise PhysimError(f"{file}: times do not rise from instant {number} to {number + 1}")
    return np.broadcast_to(times, (scenes, instants))


def _floats(file: Path, name: str, array: npt.NDArray[Any]) -> Floats:
    if array.dtype.kind not in "biuf":
        raise PhysimError(f"{file}: {name} holds {array.dtype}, wanted numbers")
    return array.astype(np.float64)
