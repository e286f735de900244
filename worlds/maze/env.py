"""A maze as a Gymnasium environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from physim.environments.rendering import Frame, check_mode, frames_per_second
from physim.errors import PhysimError
from worlds.maze.actions import checked
from worlds.maze.game import Game
from worlds.maze.labels import Labels
from worlds.maze.layout import Layout
from worlds.maze.plan import picture
from worlds.maze.sight import Observation

if TYPE_CHECKING:  # neither torch nor pygame is loaded before it is wanted
    from physim.scenes.scene import Scene
    from physim.viewer.picture_view import PictureView

Action = int | np.integer[Any] | npt.NDArray[np.int64]


@final
class MazeEnv(gymnasium.Env[Observation, Action]):
    """A walker in a maze, seen with its own eyes; one step is a decision of 4 / 60 s.

    - action: one of a set (`actions`: eight, six or three; see `worlds.maze.actions`)
    - observation: a dict of what `observe` names: image, depth, velocity (see `Sight`)
    - reward: 1 for an apple, 2 for a strawberry, -1 for a lemon, 10 for the goal
    - start: a place and direction drawn by `reset`; its option "maze" is the seed of the episode's maze
    - end: truncated when the time is up; terminated, in tasks without a goal, when all is gathered
    - info: the seed of the `maze` at reset, and the `labels` asked for at every step
    - render_mode: rgb_array (the view, larger, beside the map), or human (the same in a window, as fast as one walks)

    Settings are those of Game.of: of the Maze (kind, width, height, braid, doors, keys, blocks, obstacles), or a
    `layout`; of the Task (goal, fresh, apples, ...) and of the Sight (observe, size, field_of_view).
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": 15}  # noqa: RUF012 (Gymnasium declares it so)

    def __init__(self, layout: Layout | str | None = None, *, render_mode: str | None = None, **settings: Any) -> None:
        check_mode(render_mode, self.metadata["render_modes"])
        self.game = Game.of(layout, **settings)
        self.episodes = self.game.episodes(1)
        self.observation_space = self.game.sight.space  # type: ignore[assignment]
        self.action_space = spaces.Discrete(len(self.episodes.table))
        self.render_mode = render_mode
        self.metadata = {**self.metadata, "render_fps": frames_per_second(self.game.dt)}
        self._labels = Labels(self.game.labels, 1, self.game.ticks, self.game.sight.field_of_view)
        self._window: PictureView | None = None

    @property
    def scene(self) -> Scene:
        """The maze as it is now, as a graph."""
        from worlds.maze.graphs import scene_at

        self.episodes.check_begun()
        return scene_at(self.episodes, 0)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; what is drawn comes from the seed, or goes on from the last one."""
        super().reset(seed=seed)
        beginning = self.game.beginning(self.np_random, options)
        self.episodes.begin({0: beginning})
        self._labels.forget(0)
        self._show(0.0)
        return self._seen(), {"maze": beginning.seed} | self._told()

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Decide, and move for 4 / 60 s; raises PhysimError where the action is none, or no episode has begun."""
        self.episodes.check_begun()
        if self.episodes.ticks[0] >= self.game.ticks:
            raise PhysimError(f"the episode is over after {self.game.ticks} decisions: call reset")
        actions = checked(np.asarray(action), len(self.episodes.table), ())[None]
        outcome = self.episodes.step(actions, np.zeros(1, np.bool_))
        over = bool(self.episodes.ticks[0] >= self.game.ticks)
        self._show(self.game.dt)
        return self._seen(), float(outcome.rewards[0]), bool(outcome.gathered[0]), over, self._told()

    def render(self) -> Frame | None:
        """The view beside the map [H, W, 3], where that is the render mode."""
        self.episodes.check_begun()
        return self._picture() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def _show(self, seconds: float) -> None:
        """Show how things stand for some seconds, where somebody looks."""
        if self.render_mode != "human":
            return
        shown = self._picture()
        if self._window is None:
            from physim.viewer.picture_view import PictureView

            self._window = PictureView((shown.shape[1], shown.shape[0]))
        self._window.show(shown, seconds)

    def _picture(self) -> Frame:
        return picture(self.episodes, 0, self.game.sight.field_of_view)

    def _seen(self) -> Observation:
        return {name: values[0] for name, values in self.game.sight.look(self.episodes).items()}

    def _told(self) -> dict[str, Any]:
        return {name: values[0] for name, values in self._labels.of(self.episodes).items()}
