"""What walkers see: which observations, how large, and how far to the sides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from physim.checks import check_positive
from physim.errors import PhysimError
from worlds.maze.cameras import Camera, camera, drawn
from worlds.maze.episodes import Episodes
from worlds.maze.objects import COLUMNS, nearest_objects

FARTHEST = 1000.0
"""The largest depth (m) that an observation space allows; no maze is so wide."""
LARGEST_SPEED = 20.0
"""The largest part of a velocity (m / s, rad / s) that an observation space allows."""
OBSERVATIONS = ("image", "depth", "velocity", "objects")

Observation = dict[str, npt.NDArray[Any]]


@final
@dataclass(frozen=True)
class Sight:
    """A camera of (width, height) pixels that sees so many degrees from left to right, and what of it is told.

    image [H, W, 3] uint8; depth [H, W] float32: metres along the camera's axis; velocity [3] float32: forwards and to
    the left (m / s), and turning to the left (rad / s); objects [`objects`, 7] float32: the nearest walls and things,
    as `nearest_objects` tells them, be they in sight or not.
    """

    observe: tuple[str, ...] = OBSERVATIONS[:3]
    size: tuple[int, int] = (84, 84)
    field_of_view: float = 90.0
    objects: int = 24

    def __post_init__(self) -> None:
        if not self.observe or not set(self.observe) <= set(OBSERVATIONS):
            raise PhysimError(f"observe is {self.observe}, wanted some of {', '.join(OBSERVATIONS)}")
        if len(self.size) != 2:
            raise PhysimError(f"size is {self.size}, wanted (width, height)")
        camera(*self.size, self.field_of_view)  # refuses what makes no camera
        check_positive(objects=self.objects)

    @property
    def space(self) -> spaces.Dict:
        """The observations of one walker."""
        width, height = self.size
        known: dict[str, spaces.Box] = {
            "image": spaces.Box(0, 255, (height, width, 3), np.uint8),
            "depth": spaces.Box(0.0, FARTHEST, (height, width), np.float32),
            "velocity": spaces.Box(-LARGEST_SPEED, LARGEST_SPEED, (3,), np.float32),
            "objects": spaces.Box(-FARTHEST, FARTHEST, (self.objects, COLUMNS), np.float32),
        }
        return spaces.Dict({name: known[name] for name in sorted(self.observe)})

    @cached_property
    def camera(self) -> Camera:
        """Its camera."""
        return camera(*self.size, self.field_of_view)

    def look(self, episodes: Episodes, threads: int = 1) -> Observation:
        """What all walkers see [B, ...], in arrays that nobody else holds."""
        seen: Observation = {}
        if {"image", "depth"} & set(self.observe):
            which = np.arange(episodes.count)
            frames = drawn(episodes.mazes, which, episodes.poses, self.camera, threads=threads)
            seen = {"image": frames.image, "depth": frames.depth}
        if "velocity" in self.observe:
            seen["velocity"] = episodes.velocities()
        if "objects" in self.observe:
            seen["objects"] = nearest_objects(episodes, self.objects)
        return {name: seen[name] for name in sorted(self.observe)}
