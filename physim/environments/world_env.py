"""Any world as a Gymnasium environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import gymnasium
import numpy.typing as npt

from physim.arrays import Floats
from physim.environments.episodes import Episodes, told
from physim.environments.observations import Observation
from physim.environments.rendering import Frame, check_mode, frames_per_second, view_of
from physim.environments.task import Reward, Task, forces_of
from physim.scenes.scene import Scene
from physim.worlds.find import WorldSource

if TYPE_CHECKING:
    from physim.viewer.scene_view import SceneView


@final
class WorldEnv(gymnasium.Env[dict[str, Any], npt.NDArray[Any]]):
    """A world whose movable bodies are pushed: one step is one dt of the engine, or as many as `hold`, for which forces
    are held.

    - action: a force [M, 2] on each movable body, in the scene's order; parts beyond `max_force` are cut off. It
      changes the velocities by F dt / mass, then the engine steps. By default `max_force` is the mean force in the
      world itself (`task.typical_force`).
    - observation: a dict of float32 arrays of all objects; see `Form`.
    - reward: `reward(scene before, forces, scene after)`, the mean over a step's dts. By default minus the distance (m)
      of the first movable body from the goal, a place drawn at reset that stands in the observation.
    - start: `reset(seed=s)` takes the world's scene of that seed; without a seed, one under 90000 is drawn. The info
      holds it.
    - end: where a body leaves the finite numbers of float32, the episode is terminated, the observation is the last
      finite one, and the info has `blow_up`, a sentence, and the number of the `body`. Time limits are Gymnasium's.
    - render_mode: rgb_array, or human, which shows 60 frames a second of the scene's own time where dt is shorter.

    `world` is a World, its class, a function that fills a Space, or a name, with the world's parameters beside.
    `engine` is truth, learned or another of `physim.engines.ENGINES`, or path/to/file.py:Engine; `weights` are those of
    the learned one, by default the world's own.
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": 60}  # noqa: RUF012 (Gymnasium declares it so)

    def __init__(
        self,
        world: WorldSource,
        *,
        engine: str = "truth",
        weights: str | None = None,
        max_force: float | None = None,
        reward: Reward | None = None,
        hold: int = 1,
        render_mode: str | None = None,
        **parameters: Any,
    ) -> None:
        check_mode(render_mode, self.metadata["render_modes"])
        task = Task.of(
            world, engine=engine, weights=weights, max_force=max_force, reward=reward, hold=hold, **parameters
        )
        self._episodes = Episodes(task, 1)
        self.observation_space = self._episodes.form.observation_space
        self.action_space = self._episodes.form.action_space(task.max_force)
        self.render_mode = render_mode
        self.metadata = {**self.metadata, "render_fps": frames_per_second(task.world.dt)}
        self._view: SceneView | None = None

    @property
    def scene(self) -> Scene:
        """The scene as it is now."""
        return self._episodes.scene(0)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode with the scene of a seed; without one, np_random draws it. There are no options."""
        super().reset(seed=seed)
        beginning = self._episodes.draw(self.np_random, seed)
        self._episodes.begin({0: beginning})
        if self.render_mode is not None:
            unit = self._episodes.task.world.unit
            self._view = view_of(self._view, beginning, self._episodes.form.goal, self.render_mode == "human", unit)
        return self._observation(), {"seed": beginning.seed}

    def step(self, action: Floats) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Push the bodies and take one step; raises PhysimError where the action is none."""
        forces = forces_of(action, self.action_space.shape or (), self._episodes.task.max_force)
        rewards, blown = self._episodes.step(forces[None], shown=self._show)
        return self._observation(), float(rewards[0]), bool(blown), False, told(blown[0]) if blown else {}

    def render(self) -> Frame | None:
        """The scene as an RGB picture [H, W, 3], where that is the render mode."""
        self._episodes.check_begun()
        return None if self._view is None or self.render_mode != "rgb_array" else self._view.frame()

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def _show(self) -> None:
        if self._view is not None:
            self._view.move(*self._episodes.place(0), self._episodes.engine.dt)

    def _observation(self) -> Observation:
        return {name: values[0] for name, values in self._episodes.observations().items()}
