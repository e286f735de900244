"""What of a scene is seen, and which forces can act on it, as Gymnasium spaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from physim.arrays import Floats
from physim.environments.task import LARGEST
from physim.errors import PhysimError
from physim.scenes.scene import STATE_FIELDS, Scene

Observation = dict[str, npt.NDArray[np.float32]]


@final
@dataclass(frozen=True)
class Form:
    """The sizes that all scenes of an environment share: N objects, M of them movable, and their columns.

    An observation holds float32 arrays: pos, vel [N, 2], angle, angular_velocity [N]; of what stays, extent [N, 2],
    inverse_moment (1 / moment, 0 where a body cannot turn) and every other column, such as mass (0: immovable), radius
    and charge [N]; gravity [2]; and with the task of Episodes, its goal [2].
    """

    objects: int
    movable: int
    columns: tuple[str, ...]
    goal: bool

    @classmethod
    def of(cls, scene: Scene, goal: bool) -> Self:
        """The form of a scene."""
        return cls(scene.num_bodies, int((scene.inverse_mass > 0).sum()), scene.columns, goal)

    def check(self, scene: Scene, seed: int) -> None:
        """Raise PhysimError where a scene is of another form."""
        other = Form.of(scene, self.goal)
        if other != self:
            raise PhysimError(
                f"the scene of seed {seed} has {other.objects} objects, {other.movable} of them movable, that of seed "
                f"0 has {self.objects} and {self.movable}: an environment wants scenes that are all of one size"
            )

    @property
    def observation_space(self) -> spaces.Dict:
        """All finite numbers of float32, in arrays of the scene's shapes."""
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys((*self.columns, "inverse_moment"), (self.objects,))
        del shapes["moment"]
        shapes |= dict.fromkeys(("pos", "vel", "extent"), (self.objects, 2)) | {"gravity": (2,)}
        if self.goal:
            shapes["goal"] = (2,)
        return spaces.Dict({name: _box(LARGEST, shape) for name, shape in sorted(shapes.items())})

    def action_space(self, largest: float) -> spaces.Box:
        """A force (N) [M, 2] on each movable body, each part of it at most the largest one."""
        return _box(largest, (self.movable, 2))

    def held(self, scene: Scene, goal: Floats) -> Observation:
        """What is seen of a scene and does not change while it moves."""
        names = {*self.columns, "extent"} - {*STATE_FIELDS, "moment"}
        values: dict[str, Any] = {name: scene[name].numpy() for name in names}
        values |= {"inverse_moment": 1 / scene.moment.numpy(), "gravity": scene.gravity[0].numpy()}
        if self.goal:
            values["goal"] = goal
        return {name: np.clip(value, -LARGEST, LARGEST).astype(np.float32) for name, value in values.items()}


def _box(largest: float, shape: tuple[int, ...]) -> spaces.Box:
    return spaces.Box(-largest, largest, shape, np.float32)
