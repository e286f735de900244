"""What agents can play: any vector of Gymnasium environments whose observations and actions they have modules for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv

from learners.agents.graphs import SEEN
from physim.checks import check_whole
from physim.errors import PhysimError

AnyVectorEnv = VectorEnv[Any, Any, Any]


@final
@dataclass(frozen=True)
class Environments:
    """So many environments of a registered id, with settings of its own.

    What comes with a package is named behind it: "worlds:physim/NavMazeStatic01-v0" imports `worlds` first, which
    actors in processes of their own need.
    """

    id: str
    count: int = 16
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_whole(1, count=self.count)

    def make(self) -> AnyVectorEnv:
        """The environments, moved together where they come with a way to."""
        try:
            return gymnasium.make_vec(self.id, self.count, **self.settings)
        except (gymnasium.error.Error, ModuleNotFoundError) as error:
            raise PhysimError(f"there are no environments '{self.id}': {error}") from None
        except TypeError as error:
            raise PhysimError(f"'{self.id}' does not take these settings: {error}") from None


def check_env(env: AnyVectorEnv) -> None:
    """Refuse environments that agents cannot play, with a sentence."""
    if not isinstance(env, VectorEnv):
        raise PhysimError(f"the environments are a {type(env).__name__}, wanted what Environments(...).make() gives")
    mode = env.metadata.get("autoreset_mode")
    if mode != AutoresetMode.NEXT_STEP:
        raise PhysimError(
            f"the environments' autoreset mode is {mode}, wanted NEXT_STEP: an episode's last observation is to be seen"
        )
    actions = env.single_action_space
    numbers = isinstance(actions, spaces.Box) and len(actions.shape) == 1 and actions.is_bounded()
    if not (isinstance(actions, spaces.Discrete) or (numbers and np.issubdtype(actions.dtype or int, np.floating))):
        raise PhysimError(
            f"the actions are {actions}, wanted a Discrete space, or a Box of one row of floats with bounds: "
            "gymnasium.wrappers.TransformAction makes one of others"
        )


def recipe_of(env: AnyVectorEnv, sees: Sequence[str] = ("image", "vector", "objects", "velocity")) -> dict[str, Any]:
    """The arguments of `agent` that an environment decides: the shapes of what it `sees`, and how many actions."""
    check_env(env)
    if unknown := set(sees) - set(SEEN):
        raise PhysimError(f"sees: got {', '.join(sorted(unknown))}, wanted some of {', '.join(SEEN)}")
    shapes = {name: list(space.shape) for name, space in spaces_of(env.single_observation_space).items()}
    seen = {name: shape for name, shape in shapes.items() if name in sees}
    if not seen:
        raise PhysimError(f"the observations are {', '.join(shapes)}, wanted some of {', '.join(sees)}")
    actions = env.single_action_space
    if isinstance(actions, spaces.Box):
        return {"sees": seen, "actions": actions.shape[0], "continuous": True}
    return {"sees": seen, "actions": int(actions.n)}  # type: ignore[attr-defined]


def acted(action: npt.NDArray[Any], space: spaces.Space[Any]) -> npt.NDArray[Any]:
    """Actions [B], counted from the first of their space; numbers [B, A], from -1 to 1, spread between its bounds."""
    if isinstance(space, spaces.Discrete):
        return action + space.start
    assert isinstance(space, spaces.Box)
    share = (action.clip(-1, 1) + 1) / 2
    found: npt.NDArray[Any] = (space.low + share * (space.high - space.low)).astype(space.dtype)
    return found


def spaces_of(space: spaces.Space[Any]) -> dict[str, spaces.Box]:
    """The spaces of observations by name, where they have names; else one, an "image" of bytes or a "vector"."""
    if isinstance(space, spaces.Dict):
        found = {name: part for name, part in space.items() if isinstance(part, spaces.Box)}
    elif isinstance(space, spaces.Box):
        found = {"image" if len(space.shape) == 3 else "vector": space}
    else:
        raise PhysimError(f"the observations are {space}, wanted a Box or a dictionary of them")
    if "image" in found and (found["image"].dtype != np.uint8 or len(found["image"].shape) != 3):
        image = found["image"]
        raise PhysimError(f"images are {image.dtype} {list(image.shape)}, wanted uint8 [rows, columns, channels]")
    return found


def named(observation: Any, space: spaces.Space[Any]) -> dict[str, npt.NDArray[Any]]:
    """Observations [B, ...] by name, without what is no Box, as agents read them."""
    parts = observation if isinstance(observation, Mapping) else dict.fromkeys(spaces_of(space), observation)
    return readable({name: np.asarray(parts[name]) for name in spaces_of(space)})


def readable(seen: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Observations [B, ...] by name as agents read them: no float64; a vector is a row of float32, its bytes are from 0
    to 1.
    """
    read = {name: value.astype(np.float32) if value.dtype == np.float64 else value for name, value in seen.items()}
    if "vector" in seen:
        vector = seen["vector"]
        largest = 255 if vector.dtype == np.uint8 else 1
        read["vector"] = vector.reshape(len(vector), -1).astype(np.float32) / np.float32(largest)
    return read
