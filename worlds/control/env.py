"""Control tasks as Gymnasium environments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, final

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from physim.arrays import Floats
from physim.checks import check_positive
from physim.environments.episodes import Beginning
from physim.environments.rendering import Frame, check_mode, view_of
from physim.errors import PhysimError
from physim.scenes.space_reading import scene_of
from worlds.control.arm import Arm
from worlds.control.cart_pole import CartPole
from worlds.control.plant import Plant

STEPS = 120
"""Of the Space, a second."""
PLANTS: dict[str, Callable[[], Plant]] = {
    "cart_pole": CartPole,
    "reacher": Arm,
    "chain": lambda: Arm(6),
}
LARGEST = 100.0
"""The largest number that an observation space allows."""

if TYPE_CHECKING:  # pygame is not loaded before it is wanted
    from physim.viewer.scene_view import SceneView

Observation = npt.NDArray[np.float32]


@final
class ControlEnv(gymnasium.Env[Observation, npt.NDArray[Any]]):
    """Bodies that are pushed 15 or 30 times a second; a reward from 0 to 1 each time, for how well things stand.

    - action [A] from -1 to 1; what is beyond is cut off
    - observation [S] float32: see the plants
    - end: the episode is cut short after `seconds`; it is never terminated
    - render_mode: rgb_array, or human
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": 30}  # noqa: RUF012 (Gymnasium declares it so)

    def __init__(self, plant: str = "cart_pole", seconds: float = 10.0, render_mode: str | None = None) -> None:
        check_mode(render_mode, self.metadata["render_modes"])
        if plant not in PLANTS:
            raise PhysimError(f"plant is {plant!r}, wanted one of {', '.join(PLANTS)}")
        check_positive(seconds=seconds)
        self.plant = PLANTS[plant]()
        self.ticks = max(1, round(seconds * self.plant.rate))
        self.observation_space = spaces.Box(-LARGEST, LARGEST, (self.plant.seen,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (self.plant.actions,), np.float32)
        self.render_mode = render_mode
        self.metadata = {**self.metadata, "render_fps": self.plant.rate}
        self._tick: int | None = None
        self._view: SceneView | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; there are no options."""
        super().reset(seed=seed)
        self.plant.reset(self.np_random)
        self._tick = 0
        if self.render_mode is not None:
            self._show(self.plant.target)
        return self._seen(), {}

    def step(self, action: npt.NDArray[Any]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Push for one tick; raises PhysimError where the action is none, or no episode is under way."""
        if self._tick is None or self._tick >= self.ticks:
            raise PhysimError("no episode is under way: call reset first")
        pushed = np.asarray(action, np.float64)
        if pushed.shape != self.action_space.shape or not np.isfinite(pushed).all():
            raise PhysimError(f"action is {action!r}, wanted {self.plant.actions} finite numbers")
        pushed = pushed.clip(-1, 1)
        for _ in range(STEPS // self.plant.rate):
            self.plant.push(pushed)
            self.plant.space.step(1 / STEPS)
        self._tick += 1
        if self._view is not None:
            bodies = self.plant.space.bodies
            places = np.array([body.position for body in bodies]), np.array([body.angle for body in bodies])
            self._view.move(*places, 1 / self.plant.rate)
        return self._seen(), self.plant.reward(), False, self._tick >= self.ticks, {}

    def render(self) -> Frame | None:
        """The bodies as an RGB picture [H, W, 3], where that is the render mode."""
        if self._tick is None:
            raise PhysimError("no episode is under way: call reset first")
        return None if self._view is None or self.render_mode != "rgb_array" else self._view.frame()

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def _show(self, target: Floats | None) -> None:
        """Show the bodies of an episode that begins; motors and rails, which scenes cannot express, are left out."""
        bodies = self.plant.space.copy()
        bodies.remove(*bodies.constraints)
        scene = scene_of(bodies)
        beginning = Beginning(scene, 0, np.zeros(2) if target is None else target)
        self._view = view_of(self._view, beginning, target is not None, self.render_mode == "human", "m")

    def _seen(self) -> Observation:
        return self.plant.observe().clip(-LARGEST, LARGEST).astype(np.float32)
