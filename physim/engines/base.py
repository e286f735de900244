"""The one signature of all engines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from physim.scenes.scene import Scene

Floats = npt.NDArray[np.float64]


class State(Protocol):
    """What every engine's state offers to read; the arrays hold float64 and are not written to by their reader.

    Shapes: pos, vel [N, 2]; angle, angular_velocity [N], N counting all objects of a batch of scenes.
    """

    @property
    def pos(self) -> Floats:
        """Positions."""

    @property
    def vel(self) -> Floats:
        """Velocities."""

    @property
    def angle(self) -> Floats:
        """Angles in radians."""

    @property
    def angular_velocity(self) -> Floats:
        """Radians per second."""

    @property
    def scene(self) -> Scene:
        """All of it as a scene, made when asked for."""


S = TypeVar("S", bound=State)


class Engine(ABC, Generic[S]):
    """Takes a scene, or a batch of scenes, from one instant to the next, `dt` later."""

    dt: float

    @abstractmethod
    def start(self, scene: Scene) -> S:
        """The state of a scene; raises PhysimError where this engine cannot run it."""

    @abstractmethod
    def step(self, state: S) -> S:
        """The state one `dt` later."""
