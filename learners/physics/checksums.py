"""Which scenes figures were measured on: test sets are known by seed, and told by checksums of what happens in them."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib import resources
from typing import Any, final

import numpy as np
from torch import Tensor

from physim.learner import EvaluateSettings
from physim.scenes.trajectory import Trajectory
from physim.worlds import World

GRAIN = 1e-6
"""What metres and metres per second are rounded to: platforms differ in the last digits of their numbers."""
LENGTH = 12
"""How many digits of the checksum are shown."""


@final
class Checksum:
    """Adds true trajectories up to one label, whatever the parts they come in."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()

    def add(self, truth: Trajectory) -> None:
        """Add the positions and velocities of further scenes, scene by scene."""
        sizes = truth.scene.counts.tolist()
        for pos, vel in zip(truth.pos.split(sizes, dim=1), truth.vel.split(sizes, dim=1), strict=True):
            for values in (pos, vel):
                self._sum.update(_rounded(values))

    @property
    def label(self) -> str:
        """The first digits of the sha256 of all that was added."""
        return self._sum.hexdigest()[:LENGTH]


def complaint(world: World, settings: EvaluateSettings, label: str) -> str | None:
    """One sentence where a label is not the one that is on record for this world, seed and size; None where it is."""
    wanted = on_record(world, settings)
    if wanted in (None, label):
        return None
    return (
        f"test set of {world.name}: it is {label} here and {wanted} on record, as another pymunk, numpy or processor "
        "makes other trajectories of the same scenes: compare figures with care"
    )


def on_record(world: World, settings: EvaluateSettings) -> str | None:
    """The label in test_sets.json for this world, seed and size; None where there is none."""
    for item in records():
        labelled = {name: value for name, value in item.items() if name != "test_set"}
        if labelled == _key(world, settings):
            return str(item["test_set"])
    return None


@lru_cache(maxsize=1)
def records() -> tuple[dict[str, Any], ...]:
    """All that test_sets.json holds."""
    text = (resources.files("learners.physics") / "test_sets.json").read_text(encoding="utf-8")
    return tuple(json.loads(text))


def _key(world: World, settings: EvaluateSettings) -> dict[str, Any]:
    own = {name: world.metadata[name] for name in ("name", "parameters", "dt", "substeps")}
    return own | {"seed": settings.seed, "scenes": settings.scenes, "steps": settings.steps}


def _rounded(values: Tensor) -> bytes:
    return np.rint(values.numpy() / GRAIN).astype("<i8").tobytes()
