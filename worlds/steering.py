"""Steering: the first body of a world is to go to a goal, by forces that are held for some steps."""

from __future__ import annotations

from typing import Any, final

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from physim.arrays import Floats
from physim.checks import check_positive
from physim.environments.world_env import WorldEnv
from physim.errors import PhysimError
from physim.scenes.scene import Scene
from physim.worlds.find import WorldSource

Observation = npt.NDArray[np.float32]
UNITS = {"gravity": 20.0, "vel": 3.0}
"""In what these are told (m / s^2, m / s), so that they are about 1 as the others are: an agent's first layer, whose
weights are alike, would hear little else of strings, where gravity is about 20 and bodies get up to 10 m / s fast.
"""


@final
class Steering(gymnasium.Env[Observation, npt.NDArray[Any]]):
    """Forces on the bodies of a world, held for `hold` of its steps; the reward is minus the mean distance (m).

    - action [2 M] from -1 to 1: shares of the largest force on each movable body, x and y
    - observation float32: all that WorldEnv tells of the bodies, what stays of them too, and where the first movable
      one is to go, in UNITS, as one vector (`gymnasium.spaces.flatten`)
    - end: the episode is cut short after so many `decisions`; it is terminated where the scene blows up, and what
      would have been left of it counts as if nothing had moved any more: else it would be well to let it blow up

    `world` and `parameters` as of WorldEnv. Raises: PhysimError as that does, and where no episode is under way.
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": 60}  # noqa: RUF012 (Gymnasium declares it so)

    def __init__(
        self,
        world: WorldSource = "balls",
        hold: int = 50,
        decisions: int = 40,
        render_mode: str | None = None,
        **parameters: Any,
    ) -> None:
        check_positive(hold=hold, decisions=decisions)
        self.env = WorldEnv(world, render_mode=render_mode, **parameters)
        self.hold, self.decisions, self.render_mode, self.metadata = hold, decisions, render_mode, self.env.metadata
        self.forces = self.env.action_space.shape or ()
        self.largest = float(np.asarray(self.env.action_space.high).max())  # type: ignore[attr-defined]
        self.numbers = int(np.prod(self.forces))
        self.action_space = spaces.Box(-1.0, 1.0, (self.numbers,), np.float32)
        self.observation_space = spaces.flatten_space(self.env.observation_space)  # type: ignore[assignment] # a Box
        self._decision: int | None = None

    @property
    def scene(self) -> Scene:
        """The scene as it is now."""
        return self.env.scene

    @property
    def goal(self) -> Floats:
        """Where the first body is to go [2] (m)."""
        return np.asarray(self._seen["goal"], np.float64)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; there are no options."""
        super().reset(seed=seed)
        self._seen, info = self.env.reset(seed=seed)
        self._decision = 0
        return self._told(), info

    def step(self, action: npt.NDArray[Any]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Hold forces for some steps."""
        if self._decision is None or self._decision >= self.decisions:
            raise PhysimError("no episode is under way: call reset first")
        pushed = np.asarray(action, np.float64)
        if pushed.shape != self.action_space.shape or not np.isfinite(pushed).all():
            raise PhysimError(f"action is {action!r}, wanted {self.numbers} finite numbers")
        forces = self.largest * pushed.clip(-1, 1).reshape(self.forces)
        rewards: list[float] = []
        for _ in range(self.hold):
            self._seen, reward, terminated, _, info = self.env.step(forces)
            rewards.append(reward)
            if terminated:
                break
        reward, left = float(np.mean(rewards)), self.decisions - self._decision - 1
        if terminated:
            self._decision = self.decisions
            return self._told(), reward + left * rewards[-1], True, False, info
        self._decision += 1
        return self._told(), reward, False, not left, info

    def render(self) -> Any:
        """The scene, where it is drawn."""
        return self.env.render()

    def close(self) -> None:
        """Close the window, if there is one."""
        self.env.close()

    def _told(self) -> Observation:
        told = self._seen | {name: self._seen[name] / np.float32(unit) for name, unit in UNITS.items()}
        return spaces.flatten(self.env.observation_space, told)  # type: ignore[return-value] # an array
