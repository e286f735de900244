"""Control tasks as Gymnasium environments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from physim.checks import check_positive
from physim.errors import PhysimError
from worlds.control.arm import Arm
from worlds.control.cart_pole import CartPole
from worlds.control.plant import Plant

DT, SUBSTEPS = 1 / 30, 4
PLANTS: dict[str, Callable[[], Plant]] = {
    "cart_pole": CartPole,
    "reacher": Arm,
    "chain": lambda: Arm(6),
}
LARGEST = 100.0
"""The largest number that an observation space allows."""

Observation = npt.NDArray[np.float32]


@final
class ControlEnv(gymnasium.Env[Observation, npt.NDArray[Any]]):
    """Bodies that are pushed 30 times a second; a reward from 0 to 1 each time, for how well things stand.

    - action [A] from -1 to 1; what is beyond is cut off
    - observation [S] float32: see the plants
    - end: the episode is cut short after `seconds`; it is never terminated
    """

    metadata = {"render_modes": [], "render_fps": 30}  # noqa: RUF012

    def __init__(self, plant: str = "cart_pole", seconds: float = 10.0) -> None:
        if plant not in PLANTS:
            raise PhysimError(f"plant is {plant!r}, wanted one of {', '.join(PLANTS)}")
        check_positive(seconds=seconds)
        self.plant, self.ticks = PLANTS[plant](), max(1, round(seconds / DT))
        self.observation_space = spaces.Box(-LARGEST, LARGEST, (self.plant.seen,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (self.plant.actions,), np.float32)
        self._tick: int | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; there are no options."""
        super().reset(seed=seed)
        self.plant.reset(self.np_random)
        self._tick = 0
        return self._seen(), {}

    def step(self, action: npt.NDArray[Any]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Push for a thirtieth of a second; raises PhysimError where the action is none."""
        if self._tick is None:
            raise PhysimError("no episode has begun: call reset first")
        pushed = np.asarray(action, np.float64)
        if pushed.shape != self.action_space.shape or not np.isfinite(pushed).all():
            raise PhysimError(f"action is {action!r}, wanted {self.plant.actions} finite numbers")
        for _ in range(SUBSTEPS):
            self.plant.push(pushed.clip(-1, 1))
            self.plant.space.step(DT / SUBSTEPS)
        self._tick += 1
        return self._seen(), self.plant.reward(), False, self._tick >= self.ticks, {}

    def _seen(self) -> Observation:
        return self.plant.observe().clip(-LARGEST, LARGEST).astype(np.float32)
