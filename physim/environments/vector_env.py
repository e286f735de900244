"""Many scenes of a world as one Gymnasium vector environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np
import numpy.typing as npt
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from physim.arrays import Floats, Truths
from physim.checks import check_positive
from physim.environments.episodes import Beginning, Episodes, told
from physim.environments.observations import Observation
from physim.environments.rendering import Frame, check_mode, frames_per_second, view_of
from physim.environments.task import Task, forces_of
from physim.errors import BlowUp, PhysimError
from physim.scenes.scene import Scene
from physim.worlds.find import WorldSource

if TYPE_CHECKING:
    from physim.viewer.scene_view import SceneView

Step = tuple[Observation, Floats, Truths, Truths, dict[str, Any]]


@final
class WorldVectorEnv(VectorEnv[dict[str, Any], Floats, npt.NDArray[Any]]):
    """B WorldEnvs whose scenes one engine moves as one batch; `settings` are WorldEnv's, and the world's parameters.

    It is what Gymnasium's SyncVectorEnv makes of WorldEnvs, to the last bit where the engine computes alike in batches
    of any size: the truths do, networks in float32 to rounding. An episode that is over begins anew in the next step
    (AutoresetMode.NEXT_STEP), whose action is then passed over.

    Shapes: actions [B, M, 2]; observations [B, ...] as WorldEnv's; rewards, terminations, truncations [B].
    """

    metadata = {  # noqa: RUF012 (Gymnasium declares it so)
        "render_modes": ["rgb_array"],
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        world: WorldSource,
        num_envs: int = 1,
        *,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        check_positive(num_envs=num_envs, max_episode_steps=max_episode_steps)
        check_mode(render_mode, self.metadata["render_modes"])
        task = Task.of(world, **settings)
        self._episodes, self.num_envs = Episodes(task, num_envs), num_envs
        self.single_observation_space = self._episodes.form.observation_space
        self.single_action_space = self._episodes.form.action_space(task.max_force)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.metadata = {**self.metadata, "render_fps": frames_per_second(task.world.dt)}
        self.render_mode = render_mode
        self._longest = np.inf if max_episode_steps is None else max_episode_steps
        self._generators = [seeding.np_random() for _ in range(num_envs)]
        self._over = np.zeros(num_envs, dtype=bool)
        self._views: dict[int, SceneView] = {}

    @property
    def scenes(self) -> list[Scene]:
        """The scenes as they are now."""
        return [self._episodes.scene(number) for number in range(self.num_envs)]

    @property  # type: ignore[misc]  # as in SyncVectorEnv, one for each scene
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The generator of each scene's episodes."""
        return tuple(generator for generator, _ in self._generators)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """What each generator was seeded with."""
        return tuple(seed for _, seed in self._generators)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin all episodes, that of scene k with seed + k, or with the k-th seed; there are no options.

        Raises: PhysimError where there are more or fewer seeds than scenes.
        """
        if seed is None:
            seed = [None] * self.num_envs
        seeds = [seed + k for k in range(self.num_envs)] if isinstance(seed, int) else list(seed)
        if len(seeds) != self.num_envs:
            raise PhysimError(f"seed has {len(seeds)} numbers, wanted one for each of the {self.num_envs} scenes")
        for number, own in enumerate(seeds):
            if own is not None:
                self._generators[number] = seeding.np_random(own)
        self._over[:] = False
        infos = self._begin(dict(enumerate(seeds)))
        return self._episodes.observations(), infos

    def step(self, actions: Floats) -> Step:
        """Push the bodies of all scenes and take one step; raises PhysimError where the actions are none."""
        forces = forces_of(actions, self.action_space.shape or (), self._episodes.task.max_force)
        fresh = self._over.copy()
        forces[fresh] = 0
        over = np.flatnonzero(fresh).tolist()
        rewards, blown = self._episodes.step(forces, set(over))
        infos = self._begin(dict.fromkeys(over))
        task, dt = self._episodes.task, self._episodes.engine.dt
        for number, view in self._views.items():
            if not fresh[number]:
                view.move(*self._episodes.place(number), task.hold * dt)
        terminated = np.isin(np.arange(self.num_envs), list(blown))
        truncated = self._episodes.lengths >= self._longest * task.hold
        self._over = terminated | truncated
        return self._episodes.observations(), rewards, terminated, truncated, self._told(infos, blown)

    def render(self) -> tuple[Frame, ...] | None:
        """The scenes as RGB pictures [H, W, 3], where that is the render mode."""
        self._episodes.check_begun()
        return None if self.render_mode is None else tuple(self._views[k].frame() for k in range(self.num_envs))

    def close_extras(self, **kwargs: Any) -> None:
        """Forget the pictures."""
        self._views.clear()

    def _begin(self, seeds: dict[int, int | None]) -> dict[str, Any]:
        """Begin the episodes of these numbers, each with its seed or one that is drawn."""
        beginnings = {k: self._episodes.draw(self.np_random[k], seed) for k, seed in seeds.items()}
        infos: dict[str, Any] = {}
        if beginnings:
            self._episodes.begin(beginnings)
        for number, beginning in beginnings.items():
            infos = self._add_info(infos, {"seed": beginning.seed}, number)
            self._see(number, beginning)
        return infos

    def _see(self, number: int, beginning: Beginning) -> None:
        if self.render_mode is not None:
            goal = self._episodes.form.goal
            unit = self._episodes.task.world.unit
            self._views[number] = view_of(self._views.get(number), beginning, goal, False, unit)

    def _told(self, infos: dict[str, Any], blown: Mapping[int, BlowUp]) -> dict[str, Any]:
        for number, error in blown.items():
            infos = self._add_info(infos, told(error), number)
        return infos
