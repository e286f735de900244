"""Steering: the first body of a world is to go to a goal, by forces that are held for some steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from physim.arrays import Floats, Truths
from physim.checks import check_whole
from physim.environments.vector_env import WorldVectorEnv
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
      would have been left of it counts as that decision did: else it would be well to let it blow up

    `world` and `parameters` as of WorldEnv, without its `reward`. Raises: PhysimError as that does, and where no
    episode is under way.
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
        _check(hold, decisions, parameters)
        self.env = WorldEnv(world, hold=hold, render_mode=render_mode, **parameters)
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
        if self._decision is None:
            raise PhysimError("there is no goal yet: call reset first")
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
        self._seen, reward, terminated, _, info = self.env.step(
            _pushed(action, self.largest, (self.numbers,), self.forces)
        )
        self._decision += 1
        left = self.decisions - self._decision
        if terminated:
            self._decision = self.decisions
            return self._told(), (1 + left) * reward, True, False, info
        return self._told(), reward, False, not left, info

    def render(self) -> Any:
        """The scene, where it is drawn."""
        return self.env.render()

    def close(self) -> None:
        """Close the window, if there is one."""
        self.env.close()

    def _told(self) -> Observation:
        return _flat({name: value[None] for name, value in self._seen.items()})[0]


@final
class SteeringVectorEnv(VectorEnv[Observation, npt.NDArray[Any], npt.NDArray[Any]]):
    """B Steerings whose scenes one engine moves as one batch: what Gymnasium's SyncVectorEnv makes of Steerings.

    Shapes: actions [B, 2 M]; observations [B, ...]; rewards, terminations, truncations [B].
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012 (Gymnasium declares it so)

    def __init__(
        self,
        world: WorldSource = "balls",
        num_envs: int = 1,
        hold: int = 50,
        decisions: int = 40,
        **parameters: Any,
    ) -> None:
        _check(hold, decisions, parameters)
        self.env = WorldVectorEnv(world, num_envs, hold=hold, max_episode_steps=decisions, **parameters)
        self.num_envs, self.decisions = num_envs, decisions
        self.forces = self.env.action_space.shape or ()
        self.largest = float(np.asarray(self.env.action_space.high).max())  # type: ignore[attr-defined]
        numbers = int(np.prod(self.forces[1:]))
        self.single_action_space = spaces.Box(-1.0, 1.0, (numbers,), np.float32)
        self.single_observation_space = spaces.flatten_space(self.env.single_observation_space)
        self.action_space, self.observation_space = (
            batch_space(space, num_envs) for space in (self.single_action_space, self.single_observation_space)
        )
        self._decision, self._over = np.zeros(num_envs, np.int64), np.zeros(num_envs, bool)

    @property  # type: ignore[misc]  # as in SyncVectorEnv, one for each scene
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The generator of each scene's episodes."""
        return self.env.np_random

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """What each generator was seeded with."""
        return self.env.np_random_seed

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin all episodes; there are no options."""
        seen, infos = self.env.reset(seed=seed)
        self._decision[:], self._over[:] = 0, False
        return _flat(seen), infos

    def step(self, actions: npt.NDArray[Any]) -> tuple[Observation, Floats, Truths, Truths, dict[str, Any]]:
        """Hold forces for some steps; an episode that is over begins anew, and its action is passed over."""
        shape = (self.num_envs, *(self.single_action_space.shape or ()))
        seen, rewards, terminated, truncated, infos = self.env.step(_pushed(actions, self.largest, shape, self.forces))
        self._decision = np.where(self._over, 0, self._decision + 1)
        rewards = rewards * np.where(terminated, 1 + self.decisions - self._decision, 1)
        truncated &= ~terminated
        self._over = terminated | truncated
        return _flat(seen), rewards, terminated, truncated, infos


def _check(hold: int, decisions: int, parameters: Mapping[str, Any]) -> None:
    check_whole(1, hold=hold, decisions=decisions)
    if "reward" in parameters:
        raise PhysimError("reward: steering's is minus the distance from the goal; WorldEnv takes others")


def _pushed(action: Any, largest: float, shape: tuple[int, ...], forces: tuple[int, ...]) -> Floats:
    """Shares of the largest force as forces (N); PhysimError where they are none."""
    pushed = np.asarray(action, np.float64)
    if pushed.shape != shape or not np.isfinite(pushed).all():
        raise PhysimError(f"action is {action!r}, wanted {shape[-1]} finite numbers")
    return largest * pushed.clip(-1, 1).reshape(forces)


def _flat(seen: dict[str, Any]) -> Observation:
    """Observations [B, ...] by name as vectors [B, F], in the order of their names."""
    told = [np.asarray(seen[name] / np.float32(UNITS.get(name, 1))) for name in sorted(seen)]
    return np.concatenate([value.reshape(len(value), -1) for value in told], axis=1, dtype=np.float32)
