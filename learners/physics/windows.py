"""Data in shards, all of which or some at a time are in memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import final

import numpy as np
import psutil

from learners.checkpoints import Identity
from learners.physics.acting import Acting
from learners.physics.data import OneSteps
from physim.errors import PhysimError
from physim.learner import TrainSettings
from physim.scenes.shards import Shard, joined
from physim.worlds import World

GIB = 2**30
PROGRAM, ROW = 0.5 * GIB, 1024
"""What a training takes without its data, and what it takes for each object and relation it computes at once, bytes."""
COPIES, SCENE = 2.25, 24 * 1024
"""How many times its size a shard takes while it is made ready, and what each of its scenes takes beside, in bytes."""
UPDATES = 1000
"""How many updates a window lasts for each of its shards: to read one takes as long as about a hundred."""


@final
class Windows:
    """The shards of a data set, `together` of them at a time: what is in memory depends on seed and update alone.

    The first shard is never learned from: reports are about its scenes. The others take turns in a cyclic order drawn
    from the seed; a window serves UPDATES updates for each of its shards, then the next `together` take their place.
    """

    def __init__(self, world: World, shards: Sequence[Shard], together: int, seed: int) -> None:
        self.world, self.together = world, min(together, len(shards) - 1)
        self.held = examples_of(world, shards[:1])
        order = np.random.default_rng((seed, 3)).permutation(len(shards) - 1)
        self.order = [shards[1 + number] for number in order]
        self.scenes = sum(shard.metadata["scenes"] for shard in shards)

    @property
    def identity(self) -> Identity:
        """What tells this data set and how it is read from others, beside what its first window tells."""
        return {"shards": len(self.order) + 1, "shards in memory": self.together}

    def number(self, update: int) -> int:
        """The window that an update learns from."""
        return 0 if self.together == len(self.order) else update // (UPDATES * self.together)

    def read(self, number: int) -> OneSteps:
        """A window's examples, anew from the files."""
        start = number * self.together
        chosen = [self.order[place % len(self.order)] for place in range(start, start + self.together)]
        return examples_of(self.world, chosen)


def examples_of(world: World, shards: Sequence[Shard]) -> OneSteps:
    """The examples of some shards of a world's data."""
    trajectory = joined(shards)
    trajectory = replace(trajectory, metadata={name: trajectory.metadata.get(name) for name in world.metadata})
    return OneSteps(trajectory, Acting.of(world, trajectory.scene).message_columns)


def windows_of(world: World, shards: Sequence[Shard], settings: TrainSettings) -> Windows | None:
    """How to read shards within the settings' limit of memory; None where all of them fit at once.

    Raises: PhysimError where not even two of them fit.
    """
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # torchrun's
    limit = GIB * settings.memory if settings.memory else psutil.virtual_memory().total / 2 / processes
    cost = [COPIES * shard.size + SCENE * shard.metadata["scenes"] for shard in shards]
    spare = limit - PROGRAM - ROW * _rows(shards[0])
    if sum(cost) <= spare:
        return None
    together = int((spare - cost[0]) // max(cost[1:], default=np.inf))
    if together < 1:
        wanted = (limit - spare + cost[0] + max(cost[1:], default=0)) / GIB
        raise PhysimError(
            f"memory: {limit / GIB:.2f} GiB are too few for a training on these shards, wanted {wanted:.2f}"
        )
    return Windows(world, shards, together, settings.seed)


def _rows(shard: Shard) -> float:
    """How many objects and relations a training computes at once, in a batch or to measure."""
    scene = (shard.objects + shard.relations) / shard.metadata["scenes"]
    return scene * max(128, min(4096, 2**20 // scene))
