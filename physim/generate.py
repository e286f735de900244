"""Data from worlds."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tqdm import tqdm

from physim.checks import check_positive, check_seed
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.interrupts import ignore_interrupts
from physim.scenes.files import Packed, TrajectoryWriter, pack
from physim.scenes.scene import Scene
from physim.worlds.base import World
from physim.worlds.find import Recipe

CHUNK = 200
"""Scenes simulated together, whatever the number of workers, so that the file does not depend on it."""


def generate(world: World, scenes: int, steps: int, seed: int, workers: int, out: Path | str) -> None:
    """Simulate scenes 0 to `scenes` - 1 of a seed and write their trajectories to one HDF5 file.

    Raises: PhysimError where a number is out of range, a scene blows up, or the file cannot be written.
    """
    check_positive(scenes=scenes, steps=steps, workers=workers)
    check_seed(seed)
    metadata = {**world.metadata, "seed": seed, "scenes": scenes, "steps": steps}
    ranges = [range(start, min(start + CHUNK, scenes)) for start in range(0, scenes, CHUNK)]
    with (
        TrajectoryWriter(out, metadata) as writer,
        tqdm(total=scenes, desc="generate", unit="scene", disable=None) as bar,
    ):
        for packed in _simulated(world, ranges, steps, seed, workers):
            writer.append(packed)
            bar.update(len(packed["scene/objects"]))


def _simulated(world: World, ranges: list[range], steps: int, seed: int, workers: int) -> Iterator[Packed]:
    """The chunks in order; a few are simulated ahead of the one that is wanted."""
    if workers == 1:
        yield from (_chunk(world, steps, seed, numbers) for numbers in ranges)
        return
    task = partial(_chunk, Recipe.of(world), steps, seed)
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=spawn, initializer=ignore_interrupts)
    waiting: deque[Future[Packed]] = deque()
    try:
        for numbers in ranges:
            waiting.append(pool.submit(task, numbers))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _chunk(source: World | Recipe, steps: int, seed: int, numbers: range) -> Packed:
    world = source.build() if isinstance(source, Recipe) else source
    scenes = Scene.batch_of(world.scenes(seed, len(numbers), numbers.start))
    try:
        return pack(rollout(world.engine(), scenes, steps))
    except PhysimError as error:
        where = f"scenes {numbers.start} to {numbers.stop - 1} of seed {seed}"
        raise PhysimError(f"{where}: {error}") from error
