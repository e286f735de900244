"""A maze for somebody at a keyboard: seen with the walker's eyes, from above, and as depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import final

import numpy as np
from gymnasium.utils import seeding

from physim.checks import check_seed
from physim.errors import PhysimError
from physim.walks import Pixels, Recorded, Walk
from worlds.maze import actions
from worlds.maze.cameras import camera, drawn
from worlds.maze.depth_colours import shaded
from worlds.maze.game import Game
from worlds.maze.labels import Labels
from worlds.maze.oracle import Oracle
from worlds.maze.plan import plan
from worlds.maze.replays import load_replay

VIEW = 640, 480
LONGEST = 480
"""How many pixels the longer side of a map has at the most."""
STILL = (0.0, 0.0, 0.0)
"""What a walker does whose keys nobody presses: agents have no such action, but people take their time."""
WORDS = {
    "forward": actions.FORWARD,
    "backward": actions.BACKWARD,
    "left": actions.ASIDE_LEFT,
    "right": actions.ASIDE_RIGHT,
    "turn_left": actions.LEFT,
    "turn_right": actions.RIGHT,
    "forward_left": actions.FORWARD_LEFT,
    "forward_right": actions.FORWARD_RIGHT,
}
TOLD = ("cell", "distance", "junction")


@final
class MazeWalk(Walk):
    """A game, walked through by one; with `maze`, always in the maze of that seed."""

    def __init__(self, game: Game, name: str = "maze", maze: int | None = None) -> None:
        self.game, self.episodes = game, game.episodes(1)
        self._name, self._maze = name, maze
        self._labels = Labels(TOLD, 1, game.ticks, game.sight.field_of_view)
        self._view = camera(*VIEW, game.sight.field_of_view)
        self._still = len(self.episodes.table)
        self.episodes.table = np.vstack([self.episodes.table, STILL])
        self._done = True

    @property
    def name(self) -> str:
        return self._name

    @property
    def dt(self) -> float:
        return self.game.dt

    @cached_property
    def actions(self) -> Mapping[str, int]:
        rows = [tuple(row) for row in self.episodes.table.tolist()]
        return {word: rows.index(row) for word, row in WORDS.items() if row in rows}

    @property
    def done(self) -> bool:
        return self._done

    def restart(self, seed: int) -> None:
        check_seed(seed)
        options = None if self._maze is None else {"maze": self._maze}
        generator, _ = seeding.np_random(seed)
        self.episodes.begin({0: self.game.beginning(generator, options)})
        self._labels.forget(0)
        self._oracle = Oracle(self.episodes)
        self._told = self._labels.of(self.episodes)
        self._done = False

    def step(self, action: int | None) -> float:
        if self._done:
            raise PhysimError("the walk is over: restart it")
        number = np.array(self._still if action is None else action)
        chosen = actions.checked(number, len(self.episodes.table), ())[None]
        outcome = self.episodes.step(chosen, np.zeros(1, np.bool_))
        self._told = self._labels.of(self.episodes)
        self._done = bool(outcome.gathered[0] or self.episodes.ticks[0] >= self.game.ticks)
        return float(outcome.rewards[0])

    def pictures(self) -> Mapping[str, Pixels]:
        frames = drawn(self.episodes.mazes, np.zeros(1, np.int64), self.episodes.poses, self._view)
        rows, columns = self.episodes.mazes.grids.shape[1:]
        each = max(1, LONGEST // max(rows, columns))
        above = plan(self.episodes, 0, (each * columns, each * rows))
        return {"view": frames.image[0], "map": above, "depth": shaded(frames.depth[0])}

    def lines(self) -> Sequence[str]:
        left = (self.game.ticks - int(self.episodes.ticks[0])) * self.dt
        steps, (x, y) = int(self._told["distance"][0]), self._told["cell"][0].tolist()
        way = [f"{steps} {'step' if steps == 1 else 'steps'} to the goal"] if steps >= 0 else []
        return [f"{left:.0f} s left", *way, f"cell {x}, {y}", *(["a junction"] if self._told["junction"][0] else [])]

    def lead(self) -> int:
        return int(self._oracle.actions()[0])

    def recorded(self, path: Path) -> Recorded:
        replay = load_replay(path)
        return Recorded(MazeWalk(replay.game, maze=replay.maze), replay.seed, replay.actions)
