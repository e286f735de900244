"""Data from worlds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tqdm import tqdm

from physim.checks import check_positive, check_seed, gib
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.scenes.files import Packed, TrajectoryWriter, pack
from physim.scenes.scene import Scene
from physim.scenes.shards import is_folder, missing, write_shard
from physim.workers import Here, Processes, Workers, in_order
from physim.worlds.base import World
from physim.worlds.find import Recipe

CHUNK = 200
"""Scenes simulated together, and those of one shard, whoever simulates them: no file depends on that."""


def generate(world: World, scenes: int, steps: int, seed: int, workers: int | Workers, out: Path | str) -> None:
    """Simulate scenes 0 to `scenes` - 1 of a seed and write their trajectories to HDF5.

    `out` is one file, or a folder (one that exists, or a new name without a suffix) of shards 0000.h5 and so on. Shards
    that such a folder has already are left alone, so that an interrupted run goes on and a data set can grow.
    `workers` counts the processes that share the work, or says who else does it.
    Raises: PhysimError where a number is out of range, a scene blows up, the path cannot be written or the folder holds
    other data.
    """
    check_positive(scenes=scenes, steps=steps)
    check_seed(seed)
    out, made_of = Path(out), {**world.metadata, "seed": seed, "steps": steps}
    _check_disk(world, scenes, steps, seed, out)
    ranges = [range(start, min(start + CHUNK, scenes)) for start in range(0, scenes, CHUNK)]
    with ExitStack() as stack:
        many = stack.enter_context(_workers(workers))
        if is_folder(out):
            ranges = missing(out, made_of, ranges)
            keep: Callable[[range, Packed], None] = partial(write_shard, out, made_of, CHUNK)
        else:
            writer = stack.enter_context(TrajectoryWriter(out, {**made_of, "scenes": scenes}))
            keep = partial(_append, writer)
        chunk = partial(_chunk, world if isinstance(many, Here) else Recipe.of(world), steps, seed)
        bar = stack.enter_context(tqdm(total=scenes, desc="generate", unit="scene", disable=None))
        bar.update(scenes - sum(map(len, ranges)))
        for numbers, packed in zip(ranges, in_order(many, chunk, ranges), strict=True):
            keep(numbers, packed)
            bar.update(len(numbers))


def _check_disk(world: World, scenes: int, steps: int, seed: int, out: Path) -> None:
    """Refuse data that do not fit on the disk, by the size of their first scene; shards that are there count."""
    folder = out if out.is_dir() else out.parent
    if not folder.is_dir():
        return  # whoever writes says so
    there = CHUNK * len(list(out.glob("*.h5")))
    free, size = shutil.disk_usage(folder).free, 32.0 * steps * world.scene(seed).num_bodies
    if size * (scenes - there) > free:
        raise PhysimError(
            f"{out} with {scenes} scenes of {steps} steps would take {gib(size * scenes)} GiB, and the disk has "
            f"{gib(free)} left"
        )


def _workers(workers: int | Workers) -> Workers:
    if isinstance(workers, Workers):
        return workers
    check_positive(workers=workers)
    return Here() if workers == 1 else Processes(workers)


def _append(writer: TrajectoryWriter, numbers: range, packed: Packed) -> None:
    writer.append(packed)


def _chunk(source: World | Recipe, steps: int, seed: int, numbers: range) -> Packed:
    world = source.build() if isinstance(source, Recipe) else source
    scenes = Scene.batch_of(world.scenes(seed, len(numbers), numbers.start))
    try:
        return pack(rollout(world.engine(), scenes, steps))
    except PhysimError as error:
        where = f"scenes {numbers.start} to {numbers.stop - 1} of seed {seed}"
        raise PhysimError(f"{where}: {error}") from error
