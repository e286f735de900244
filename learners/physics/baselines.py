"""The baseline without parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch

from physim.arrays import Floats
from physim.engines.base import Engine
from physim.scenes.scene import STATE_FIELDS, Scene

CONSTANT_VELOCITY = "constant_velocity"
BASELINES = (CONSTANT_VELOCITY, "mlp", "dynamics_only")
"""The baselines of arXiv:1612.00222, by model."""


@final
@dataclass(frozen=True)
class Gliding:
    """A scene in uniform motion.

    Shapes: pos, vel [N, 2]; angle, angular_velocity [N].
    """

    start: Scene
    pos: Floats
    vel: Floats
    angle: Floats
    angular_velocity: Floats

    @property
    def scene(self) -> Scene:
        """All of it as a scene."""
        return self.start.moved(**{name: torch.from_numpy(np.array(getattr(self, name))) for name in STATE_FIELDS})


@final
class ConstantVelocity(Engine[Gliding]):
    """Every body goes on as it moves and turns."""

    def __init__(self, dt: float) -> None:
        self.dt = dt

    def start(self, scene: Scene) -> Gliding:
        """The state of any scene or batch."""
        return Gliding(scene, *(scene[name].numpy() for name in STATE_FIELDS))

    def step(self, state: Gliding) -> Gliding:
        """The state one dt later."""
        return replace(state, pos=state.pos + self.dt * state.vel, angle=state.angle + self.dt * state.angular_velocity)
