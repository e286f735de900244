"""Many mazes as one Gymnasium environment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from physim.arrays import Integers
from physim.checks import check_positive
from physim.environments.rendering import Frame, check_mode, frames_per_second
from physim.environments.resuming import Resuming
from physim.errors import PhysimError
from worlds.maze.actions import checked
from worlds.maze.game import Game
from worlds.maze.labels import Labels
from worlds.maze.layout import Layout
from worlds.maze.plan import picture
from worlds.maze.sight import Observation

Step = tuple[Observation, npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.bool_], dict[str, Any]]


@final
class MazeVectorEnv(VectorEnv[Observation, Integers, npt.NDArray[Any]], Resuming):
    """B MazeEnvs, moved and drawn by one call, to the same bytes as one by one.

    An episode that is over begins anew in the next step (AutoresetMode.NEXT_STEP), whose action is then passed over;
    so the last observation of an episode is always seen. `threads` share the drawing.

    Shapes: actions [B]; observations [B, ...] as MazeEnv's; rewards, terminations, truncations [B].
    """

    metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP, "render_modes": ["rgb_array"]}  # noqa: RUF012

    def __init__(
        self,
        layout: Layout | str | None = None,
        num_envs: int = 1,
        *,
        threads: int = 1,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        check_positive(num_envs=num_envs, threads=threads)
        check_mode(render_mode, self.metadata["render_modes"])
        self.game, self.num_envs, self.threads = Game.of(layout, **settings), num_envs, threads
        self.episodes = self.game.episodes(num_envs)
        self.single_observation_space = self.game.sight.space
        self.single_action_space = spaces.Discrete(len(self.episodes.table))
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.metadata = {**self.metadata, "render_fps": frames_per_second(self.game.dt)}
        self.render_mode = render_mode
        self._labels = Labels(self.game.labels, num_envs, self.game.ticks, self.game.sight.field_of_view)
        self._generators = [seeding.np_random() for _ in range(num_envs)]
        self._over = np.zeros(num_envs, np.bool_)
        self._begun: list[dict[str, Any]] = [{}] * num_envs
        self._decided = np.zeros((num_envs, self.game.ticks), np.int16)

    @property  # type: ignore[misc]  # as in SyncVectorEnv, one for each maze
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The generator of each maze's episodes."""
        return tuple(generator for generator, _ in self._generators)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """What each generator was seeded with."""
        return tuple(seed for _, seed in self._generators)

    def render(self) -> tuple[Frame, ...] | None:
        """Each maze's view beside its map [H, W, 3], where that is the render mode."""
        self.episodes.check_begun()
        if self.render_mode is None:
            return None
        return tuple(picture(self.episodes, k, self.game.sight.field_of_view) for k in range(self.num_envs))

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin all episodes, that of maze k with seed + k, or with the k-th seed."""
        seed = [None] * self.num_envs if seed is None else seed
        whole = isinstance(seed, int | np.integer)
        seeds = [int(seed) + k for k in range(self.num_envs)] if whole else list(seed)  # type: ignore[arg-type]
        if len(seeds) != self.num_envs:
            raise PhysimError(f"seed has {len(seeds)} numbers, wanted one for each of the {self.num_envs} mazes")
        for number, own in enumerate(seeds):
            if own is not None:
                self._generators[number] = seeding.np_random(own)
        self._over[:] = False
        infos = self._begin(dict.fromkeys(range(self.num_envs), options))
        return self.game.sight.look(self.episodes, self.threads), infos | self._told()

    def step(self, actions: Integers) -> Step:
        """Decide [B], and move all walkers for 4 / 60 s; raises PhysimError where an action is none."""
        self.episodes.check_begun()
        decisions = checked(actions, len(self.episodes.table), (self.num_envs,))
        still = self._over
        infos = self._begin(dict.fromkeys(np.flatnonzero(still).tolist()))
        self._decided[~still, self.episodes.ticks[~still]] = decisions[~still]
        outcome = self.episodes.step(decisions, still)
        truncated = self.episodes.ticks >= self.game.ticks
        terminated = outcome.gathered & ~still
        self._over = terminated | truncated
        seen = self.game.sight.look(self.episodes, self.threads)
        return seen, outcome.rewards, terminated, truncated, infos | self._told()

    def saved(self) -> str:
        """What all episodes began with, and what was decided in them since, as JSON."""
        self.episodes.check_begun()
        decided = [row[:ticks].tolist() for row, ticks in zip(self._decided, self.episodes.ticks, strict=True)]
        return json.dumps({"begun": self._begun, "decided": decided, "over": self._over.tolist()})

    def restore(self, saved: str) -> None:
        """Walk all episodes again, so that they end together."""
        told = json.loads(saved)
        if len(told["begun"]) != self.num_envs:
            raise PhysimError(f"what was saved is of {len(told['begun'])} mazes, wanted {self.num_envs}")
        for number, begun in enumerate(told["begun"]):
            self._generators[number] = seeding.np_random(0)
            self.np_random[number].bit_generator.state = begun["generator"]
        self._begin({number: begun["options"] for number, begun in enumerate(told["begun"])})
        self._labels.of(self.episodes)
        for tick in range(-max(map(len, told["decided"])), 0):
            still = np.array([tick < -len(row) for row in told["decided"]])
            decisions = np.array([0 if rests else row[tick] for row, rests in zip(told["decided"], still, strict=True)])
            self._decided[~still, self.episodes.ticks[~still]] = decisions[~still]
            self.episodes.step(decisions, still)
            self._labels.of(self.episodes)
        self._over = np.array(told["over"])

    def _begin(self, options: Mapping[int, dict[str, Any] | None]) -> dict[str, Any]:
        """Begin the episodes of some numbers, each with its options."""
        for number, its in options.items():
            self._begun[number] = {"generator": self.np_random[number].bit_generator.state, "options": its}
        beginnings = {number: self.game.beginning(self.np_random[number], its) for number, its in options.items()}
        infos: dict[str, Any] = {}
        if beginnings:
            self.episodes.begin(beginnings)
        for number, beginning in beginnings.items():
            self._labels.forget(number)
            infos = self._add_info(infos, {"maze": beginning.seed}, number)
        return infos

    def _told(self) -> dict[str, Any]:
        """The labels, and as Gymnasium wants it, that they are there for all."""
        told: dict[str, Any] = self._labels.of(self.episodes)
        return told | {f"_{name}": np.ones(self.num_envs, np.bool_) for name in told}
