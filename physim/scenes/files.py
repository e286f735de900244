"""Trajectories on disk, as HDF5."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

import h5py
import numpy as np
import numpy.typing as npt
import torch

from physim.errors import PhysimError
from physim.outputs import replacing
from physim.scenes.scene import (
    CORNER_FIELDS,
    OBJECT_FIELDS,
    RELATION_COLUMNS,
    RELATION_FIELDS,
    SCENE_FIELDS,
    STATE_FIELDS,
    Scene,
)
from physim.scenes.trajectory import Trajectory

Array = npt.NDArray[Any]
Packed = dict[str, Array]
FORMAT, VERSION = "physim trajectory", 3
OLDEST = 2
"""Files of versions from this one on are read: version 2 has no polygons, anchors or greatest lengths."""
_INSTANTS, _OBJECTS = 128, 120


def pack(trajectory: Trajectory) -> Packed:
    """A trajectory as the arrays of its file: times, states, and `scene/...` with the sizes of the scenes.

    Shapes: scene/objects, scene/corners, scene/relations [B]; the rest as in Trajectory and Scene, objects numbered
    within theirs.
    """
    scene = trajectory.scene
    owner_of_relation, owner_of_corner = scene.owners[scene.edge_index[1]], scene.owners[scene.corner_index]
    first = scene.counts.cumsum(0) - scene.counts
    packed = {name: getattr(trajectory, name).numpy() for name in ("times", *STATE_FIELDS)}
    for name in sorted({*OBJECT_FIELDS, *CORNER_FIELDS, *RELATION_FIELDS, *SCENE_FIELDS, *scene.columns}):
        packed[f"scene/{name}"] = scene[name].numpy()
    packed["scene/edge_index"] = (scene.edge_index - first[owner_of_relation]).numpy()
    packed["scene/corner_index"] = (scene.corner_index - first[owner_of_corner]).numpy()
    packed["scene/objects"] = scene.counts.numpy()
    for name, owner in (("corners", owner_of_corner), ("relations", owner_of_relation)):
        packed[f"scene/{name}"] = torch.bincount(owner, minlength=len(scene.counts)).numpy()
    return packed


@final
class TrajectoryWriter:
    """Writes trajectories of equal length side by side into one file, which appears when all went well.

    The same calls give the same bytes. Angles that are 0 throughout take no space.
    """

    def __init__(self, path: Path | str, metadata: Mapping[str, Any], batched: bool = True) -> None:
        self.path = Path(path)
        self._scenes: list[Packed] = []
        self._header = {"format": FORMAT, "version": VERSION, "batched": batched}
        self._header["metadata"] = json.dumps(dict(metadata), sort_keys=True, allow_nan=False)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            draft = stack.enter_context(replacing(self.path))
            self._file = stack.enter_context(h5py.File(draft, "w"))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            if error is not None:
                raise error
            self._finish()

    def append(self, packed: Packed) -> None:
        """Add the scenes of a packed trajectory."""
        if not self._scenes:
            self._file["times"] = packed["times"]
        for name in STATE_FIELDS:
            self._extend(name, packed[name])
        self._scenes.append({name: array for name, array in packed.items() if name.startswith("scene/")})

    def _extend(self, name: str, values: Array) -> None:
        if name not in self._file:
            instants, objects, *rest = values.shape
            chunks = (min(_INSTANTS, instants), max(1, min(_OBJECTS, objects)), *rest)
            self._file.create_dataset(
                name, (instants, 0, *rest), np.float64, chunks=chunks, maxshape=(instants, None, *rest), fillvalue=0.0
            )
        dataset = self._file[name]
        start = dataset.shape[1]
        dataset.resize(start + values.shape[1], axis=1)
        if values.any():
            dataset[:, start:] = values

    def _finish(self) -> None:
        for name in sorted(self._scenes[0]):
            axis = _axis(name.removeprefix("scene/"))
            self._file[name] = np.concatenate([scene[name] for scene in self._scenes], axis=axis)
        self._file.attrs.update(self._header)


def save_trajectory(path: Path | str, trajectory: Trajectory) -> None:
    """Write a trajectory to an HDF5 file; the same trajectory gives the same bytes.

    Raises: PhysimError where the path cannot be written; nothing is left behind then.
    """
    with TrajectoryWriter(path, trajectory.metadata, batched="ptr" in trajectory.scene) as writer:
        writer.append(pack(trajectory))


def load_trajectory(path: Path | str) -> Trajectory:
    """Read a trajectory.

    Raises: PhysimError where there is no such file, or it is truncated or not one of physim's.
    """
    with _opened(path) as file:
        return _read(file, path)


def summary(path: Path | str) -> tuple[dict[str, Any], int, int, int]:
    """The metadata of a trajectory file, how many objects and relations it has, and the size of its arrays in bytes.

    Raises: PhysimError as `load_trajectory` does.
    """
    with _opened(path) as file:
        sizes: list[int] = []
        file.visititems(lambda name, item: sizes.append(item.nbytes) if isinstance(item, h5py.Dataset) else None)
        objects, relations = (file[name].shape[1] for name in ("pos", "scene/edge_index"))
        return json.loads(file.attrs["metadata"]), objects, relations, sum(sizes)


@contextmanager
def _opened(path: Path | str) -> Iterator[h5py.File]:
    if not Path(path).is_file():
        raise PhysimError(f"there is no trajectory file {path}")
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT or not OLDEST <= file.attrs.get("version", 0) <= VERSION:
                raise PhysimError(f"{path} is not a physim trajectory of version {OLDEST} to {VERSION}")
            yield file
    except (OSError, KeyError, RuntimeError, json.JSONDecodeError) as error:
        raise PhysimError(f"{path} is no whole HDF5 file written by physim: {error}") from error


def _read(file: h5py.File, path: Path | str) -> Trajectory:
    states = {name: _state(file[name]) for name in STATE_FIELDS}
    fields = {name: file["scene"][name][()] for name in file["scene"]}
    whole = fields if file.attrs["version"] == VERSION else _completed(fields)
    scene = _scene(whole, batched=bool(file.attrs["batched"]))
    times = torch.from_numpy(file["times"][()])
    for name, values in states.items():
        if values.shape[:2] != (len(times), scene.num_bodies):
            wanted = (len(times), scene.num_bodies)
            raise PhysimError(f"{path} is damaged: {name} has shape {tuple(values.shape)}, wanted {wanted} first")
    return Trajectory(scene, **states, times=times, metadata=json.loads(file.attrs["metadata"]))


def _state(dataset: h5py.Dataset) -> torch.Tensor:
    """The values, or one row of zeros seen from every instant where nothing was written."""
    if dataset.id.get_num_chunks() == 0:
        return torch.zeros(1, *dataset.shape[1:], dtype=torch.float64).expand(dataset.shape)
    return torch.from_numpy(dataset[()])


def _scene(fields: Packed, batched: bool) -> Scene:
    objects, corners, relations = (fields.pop(name) for name in ("objects", "corners", "relations"))
    sizes = dict.fromkeys((*fields, *OBJECT_FIELDS), objects) | dict.fromkeys(SCENE_FIELDS, np.ones_like(objects))
    sizes |= dict.fromkeys(CORNER_FIELDS, corners) | dict.fromkeys(RELATION_FIELDS, relations)
    parts = {name: np.split(fields[name], np.cumsum(size)[:-1], axis=_axis(name)) for name, size in sizes.items()}
    scenes = [
        Scene(**{name: torch.from_numpy(part[number]) for name, part in parts.items()})
        for number in range(len(objects))
    ]
    return Scene.batch_of(scenes) if batched else scenes[0]


def _completed(fields: Packed) -> Packed:
    """What a file of version 2 lacks, as it is without polygons, anchors and slides."""
    relations, columns = fields["edge_attr"].shape
    lacking = {
        "corner": np.zeros((0, 2)),
        "corner_index": np.zeros(0, dtype=np.int64),
        "corners": np.zeros_like(fields["objects"]),
        "edge_anchor": np.zeros((relations, 4)),
    }
    wider = np.zeros((relations, len(RELATION_COLUMNS)))
    wider[:, :columns] = fields["edge_attr"]
    return lacking | fields | {"edge_attr": wider}


def _axis(name: str) -> int:
    return 1 if name == "edge_index" else 0
