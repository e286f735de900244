"""A data set too large for one file: a folder of shards, each a trajectory file that stands for itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.scenes.files import Packed, TrajectoryWriter, load_trajectory, summary
from physim.scenes.scene import STATE_FIELDS, Scene, scenes_of
from physim.scenes.trajectory import Trajectory

OWN = ("first", "scenes")
"""What the metadata of a shard say of it alone: the number of its first scene, and how many it has."""


@final
@dataclass(frozen=True)
class Shard:
    """A file of a folder: its metadata, how many objects and relations it has, and the size of its arrays in bytes."""

    path: Path
    metadata: Mapping[str, Any]
    objects: int
    relations: int
    size: int


def is_folder(path: Path) -> bool:
    """Whether a path to write is a folder of shards: one that exists, or a new name without a suffix such as .h5."""
    return path.is_dir() or not (path.suffix or path.exists())


def shards_of(folder: Path) -> list[Shard]:
    """The shards of a folder, in order.

    Raises: PhysimError where there are none, one is missing between others, or they are not of one data set.
    """
    numbers = sorted(int(path.stem) for path in folder.glob("*.h5") if path.stem.isdigit())
    if not numbers:
        raise PhysimError(f"there are no shards in {folder}, wanted 0000.h5 and so on: physim generate --out {folder}")
    paths = [_path(folder, number) for number in range(numbers[-1] + 1)]
    shards = [Shard(path, *summary(path)) for path in paths]
    for shard in shards:
        _check(shard.path, shard.metadata, shards[0].metadata, leave=OWN)
    return shards


def joined(shards: Sequence[Shard]) -> Trajectory:
    """The trajectories of shards side by side, as if they stood in one file; they are read one after the other."""
    scenes: list[Scene] = []
    states: dict[str, Tensor] = {}
    end = 0
    for shard in shards:
        trajectory = load_trajectory(shard.path)
        scenes += scenes_of(trajectory.scene)
        start, end = end, end + shard.objects
        for name in STATE_FIELDS:
            values = getattr(trajectory, name)
            if name not in states:
                total = sum(shard.objects for shard in shards)
                # numpy's zeros, other than torch's, take no memory as long as nothing is written to them
                states[name] = torch.from_numpy(np.zeros((len(values), total, *values.shape[2:])))
            if bool(values.any()):
                states[name][:, start:end] = values
    return Trajectory(Scene.batch_of(scenes), **states, times=trajectory.times, metadata=shards[0].metadata)


def missing(folder: Path, metadata: Mapping[str, Any], ranges: Sequence[range]) -> list[range]:
    """Those ranges of scene numbers, one a shard, that a folder does not hold yet.

    Raises: PhysimError where the folder holds anything else: other files, shards of other data, or more scenes.
    """
    wanted = {_path(folder, number): numbers for number, numbers in enumerate(ranges)}
    found = [path for path in sorted(folder.glob("*")) if not path.name.startswith(".")]
    for path in found:
        if path not in wanted:
            raise PhysimError(
                f"{path} is not one of the {len(ranges)} files that this data has in {folder}: use another folder"
            )
        wanted_metadata = _plain(_metadata(metadata, wanted[path]))
        made, *_ = summary(path)
        fewer = made.get("scenes", 0) < len(wanted[path])  # the last shard of a data set that grows is made again
        _check(path, made, wanted_metadata, leave=("scenes",) if fewer else ())
        if not fewer:
            del wanted[path]
    return list(wanted.values())


def write_shard(folder: Path, metadata: Mapping[str, Any], scenes: int, numbers: range, packed: Packed) -> None:
    """Write the scenes of these numbers, one of the ranges of `scenes` scenes, as a shard; whole or not at all."""
    folder.mkdir(exist_ok=True)
    with TrajectoryWriter(_path(folder, numbers.start // scenes), _metadata(metadata, numbers)) as writer:
        writer.append(packed)


def _metadata(metadata: Mapping[str, Any], numbers: range) -> dict[str, Any]:
    return {**metadata, "first": numbers.start, "scenes": len(numbers)}


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:04d}.h5"


def _plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as they are read back."""
    plain: dict[str, Any] = json.loads(json.dumps(metadata))
    return plain


def _check(path: Path, made: Mapping[str, Any], wanted: Mapping[str, Any], leave: Sequence[str]) -> None:
    for field in {**wanted, **made}:
        if field not in leave and made.get(field) != wanted.get(field):
            raise PhysimError(
                f"{path} was made with {field} {made.get(field)}, wanted {wanted.get(field)}: use another folder"
            )
