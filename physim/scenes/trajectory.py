"""The stacked states of a rollout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from torch import Tensor

from physim.scenes.scene import Scene


@final
@dataclass(frozen=True)
class Trajectory:
    """A start scene (or a batch of scenes) and its state at every instant of a rollout of T steps, in float64.

    Shapes: pos, vel [T + 1, N, 2]; angle, angular_velocity [T + 1, N]; times [T + 1] in seconds.
    """

    scene: Scene
    pos: Tensor
    vel: Tensor
    angle: Tensor
    angular_velocity: Tensor
    times: Tensor
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """The number of steps T."""
        return len(self.pos) - 1

    def __len__(self) -> int:
        return len(self.pos)

    def at(self, instant: int) -> Scene:
        """The scene after `instant` steps."""
        return self.scene.moved(
            pos=self.pos[instant],
            vel=self.vel[instant],
            angle=self.angle[instant],
            angular_velocity=self.angular_velocity[instant],
        )
