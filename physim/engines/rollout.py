"""Free-running rollouts of any engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import trange

from physim.arrays import Floats
from physim.checks import check_memory
from physim.engines.base import Engine, State
from physim.errors import BlowUp, PhysimError
from physim.scenes.scene import Scene
from physim.scenes.trajectory import Trajectory


def rollout(engine: Engine[Any], scene: Scene, steps: int, *, progress: bool = False) -> Trajectory:
    """Run an engine freely for `steps` steps from a scene or a batch of scenes.

    Raises: BlowUp at the first step at which a body's position or velocity is not finite.
    """
    if steps < 1:
        raise PhysimError(f"steps must be at least 1, got {steps}")
    record = _Record(scene, steps)
    state = engine.start(scene)
    record.write(0, state)
    for step in trange(1, steps + 1, desc="rollout", unit="step", leave=False, disable=None if progress else True):
        state = engine.step(state)
        record.write(step, state)
    return record.trajectory(engine)


def check_rollout(scene: Scene, steps: int) -> None:
    """Refuse a rollout whose positions and velocities do not fit into the memory."""
    check_memory(f"{steps} steps of {scene.num_bodies} objects", 32.0 * steps * scene.num_bodies)


class _Record:
    """The growing arrays; angles are kept once where no body can turn."""

    def __init__(self, scene: Scene, steps: int) -> None:
        self.scene, self.instants = scene, steps + 1
        check_rollout(scene, steps)
        self.pos, self.vel = (np.empty((self.instants, scene.num_bodies, 2)) for _ in range(2))
        turns = bool((torch.isfinite(scene.moment) | (scene.angular_velocity != 0)).any())
        self.angles = np.empty((2, self.instants, scene.num_bodies)) if turns else None

    def write(self, step: int, state: State) -> None:
        """Record a state; raises BlowUp where it is not finite."""
        pos, vel = self.pos[step], self.vel[step]
        pos[:], vel[:] = state.pos, state.vel
        if self.angles is not None:
            self.angles[:, step] = state.angle, state.angular_velocity
        if not (np.isfinite(pos).all() and np.isfinite(vel).all()):
            raise self._blow_up(step, pos, vel)

    def trajectory(self, engine: Engine[Any]) -> Trajectory:
        """All that was recorded."""
        if self.angles is None:
            angle, turning = (
                start.expand(self.instants, -1) for start in (self.scene.angle, self.scene.angular_velocity)
            )
        else:
            angle, turning = map(torch.from_numpy, self.angles)
        times = torch.arange(self.instants, dtype=torch.float64) * engine.dt
        metadata = {"engine": type(engine).__name__, "dt": engine.dt}
        return Trajectory(
            self.scene, torch.from_numpy(self.pos), torch.from_numpy(self.vel), angle, turning, times, metadata
        )

    def _blow_up(self, step: int, pos: Floats, vel: Floats) -> BlowUp:
        body = int(np.flatnonzero(~(np.isfinite(pos) & np.isfinite(vel)).all(axis=1))[0])
        ends: Tensor = self.scene.counts.cumsum(0)
        number = int(torch.searchsorted(ends, body, right=True))
        where = f" of scene {number}" if len(ends) > 1 else ""
        return BlowUp(body - int(ends[number]) + int(self.scene.counts[number]), step, where)
