"""Wrappers for agents of other libraries."""

from __future__ import annotations

from typing import Any, SupportsFloat, final

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs

from physim.errors import PhysimError

Observation = dict[str, npt.NDArray[Any]]
Env = gymnasium.Env[Observation, Any]


@final
class SingleObservation(gymnasium.ObservationWrapper[npt.NDArray[Any], Any, Observation], RecordConstructorArgs):
    """A single observation of those in the dict, such as the image, for agents that know no dicts.

    Raises: PhysimError where the environment does not give it.
    """

    def __init__(self, env: Env, name: str = "image") -> None:
        RecordConstructorArgs.__init__(self, name=name)
        gymnasium.ObservationWrapper.__init__(self, env)
        space = env.observation_space
        if not isinstance(space, spaces.Dict) or name not in space.spaces:
            raise PhysimError(f"name is {name!r}, wanted one of the observations of {space}")
        self.name: str = name
        self.observation_space = space[name]

    def observation(self, observation: Observation) -> npt.NDArray[Any]:
        """That one."""
        return observation[self.name]


@final
class LastActionAndReward(gymnasium.Wrapper[Observation, Any, Observation, Any], RecordConstructorArgs):
    """The observations with what was done and what it brought: last_action [A], of which one is 1, and last_reward [1].

    At the start of an episode all are 0. Agents of this package get both by delayed wires instead.
    """

    def __init__(self, env: Env) -> None:
        RecordConstructorArgs.__init__(self)
        gymnasium.Wrapper.__init__(self, env)
        if not isinstance(env.action_space, spaces.Discrete) or not isinstance(env.observation_space, spaces.Dict):
            raise PhysimError("LastActionAndReward wants discrete actions and observations in a dict")
        self._actions: int = int(env.action_space.n)
        self.observation_space = spaces.Dict(
            env.observation_space.spaces
            | {
                "last_action": spaces.Box(0.0, 1.0, (self._actions,), np.float32),
                "last_reward": spaces.Box(-np.inf, np.inf, (1,), np.float32),
            }
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        return self._with(observation, None, 0.0), info

    def step(self, action: Any) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        """Take a step."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return self._with(observation, int(action), float(reward)), reward, terminated, truncated, info

    def _with(self, observation: Observation, action: int | None, reward: float) -> Observation:
        done = np.zeros(self._actions, np.float32)
        if action is not None:
            done[action] = 1.0
        return {**observation, "last_action": done, "last_reward": np.array([reward], np.float32)}
