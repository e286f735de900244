"""States to come back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, final

from physim.scenes.scene import Scene

MOST = 9
"""Snapshots have one digit; where there are so many, the oldest goes."""


class Kept(NamedTuple):
    """The scene of a run, and the steps since its world began."""

    scene: Scene
    clock: int


@final
@dataclass(frozen=True, eq=False)
class Snapshot:
    """What all runs were like at one instant, by their titles, with the seed they came from.

    What an engine keeps beside the scene is not in it: the truth begins anew without the contacts that pymunk caches,
    so a pile at rest may settle otherwise than it did.
    """

    seed: int
    kept: dict[str, Kept]
