"""Walks through mazes as files: the settings of the game, a seed and the actions, from which all can be seen again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, SupportsFloat, final

import gymnasium

from physim.errors import PhysimError
from physim.outputs import check_folder_writable, replacing
from worlds.maze.actions import action_table
from worlds.maze.env import Action, MazeEnv
from worlds.maze.game import Game
from worlds.maze.sight import Observation

FIELDS = ("settings", "seed", "maze", "actions")


@final
@dataclass(frozen=True)
class Replay:
    """A walk: the settings of its game (see `Game.of`), the seed of its episode, and the actions one after another.

    `maze` is the seed of its maze where that was chosen (None: the episode's own).

    Raises: PhysimError where a field is not what it should be.
    """

    settings: Mapping[str, Any]
    seed: int
    actions: tuple[int, ...]
    maze: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.settings, Mapping):
            raise PhysimError(f"settings are {self.settings!r}, wanted those of a game, by name")
        _check_seed("seed", self.seed)
        if self.maze is not None:
            _check_seed("maze", self.maze)
        count = len(action_table(self.game.actions))
        for place, action in enumerate(self.actions):
            if not _is_whole(action) or not 0 <= action < count:
                raise PhysimError(f"actions: number {place} is {action!r}, wanted one of 0..{count - 1}")

    @cached_property
    def game(self) -> Game:
        """What was played."""
        try:
            return Game.of(**self.settings)
        except PhysimError:
            raise
        except (TypeError, ValueError) as error:
            raise PhysimError(f"settings make no game: {error}") from error


def save_replay(
    path: Path | str, settings: Mapping[str, Any], seed: int, actions: Sequence[int], maze: int | None = None
) -> None:
    """Write a walk to a JSON file, whole or not at all, with all settings, those that are at their defaults too."""
    replay = Replay(settings, seed, tuple(actions), maze)
    told = {"settings": replay.game.settings, "seed": seed, "maze": maze, "actions": replay.actions}
    text = json.dumps(told) + "\n"
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")


def load_replay(path: Path | str) -> Replay:
    """The walk of a file; raises PhysimError that names the field which is not what it should be."""
    try:
        told = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise PhysimError(f"replay {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise PhysimError(f"replay {path} is no JSON: {error}") from error
    if not isinstance(told, dict) or set(told) != set(FIELDS):
        found = ", ".join(map(str, told)) if isinstance(told, dict) else type(told).__name__
        raise PhysimError(f"replay {path} has {found or 'nothing'}, wanted the fields {', '.join(FIELDS)}")
    if not isinstance(told["actions"], list):
        raise PhysimError(f"replay {path}: actions are {told['actions']!r}, wanted a list of whole numbers")
    try:
        return Replay(told["settings"], told["seed"], tuple(told["actions"]), told["maze"])
    except PhysimError as error:
        raise PhysimError(f"replay {path}: {error}") from error


@final
class RecordWalk(gymnasium.Wrapper[Observation, Action, Observation, Action]):
    """Writes the walk of every episode of a MazeEnv into a folder: 00000.json, 00001.json, ...

    So that each can be seen alone, episodes begin from seeds: where `reset` is given none, the one before draws it.

    Raises: PhysimError where the environment is another, or the folder has walks in it or takes none.
    """

    def __init__(self, env: gymnasium.Env[Observation, Action], folder: Path | str) -> None:
        super().__init__(env)
        if not isinstance(env.unwrapped, MazeEnv):
            raise PhysimError(f"RecordWalk wants a MazeEnv, got {env.unwrapped}")
        self.folder = Path(folder)
        check_folder_writable(self.folder, "folder")
        if any(self.folder.glob("*.json")):
            raise PhysimError(f"folder {self.folder} has walks already: use a new one")
        self.folder.mkdir(exist_ok=True)
        self._settings: dict[str, Any] = env.unwrapped.game.settings
        self._count, self._seed, self._maze = 0, 0, 0
        self._actions: list[int] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; one that was left before its end is written."""
        self._write()
        self._seed = int(self.np_random.integers(2**31)) if seed is None else seed
        observation, info = self.env.reset(seed=self._seed, options=options)
        self._maze = info["maze"]
        return observation, info

    def step(self, action: Action) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        """Take a step."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._actions.append(int(action))
        if terminated or truncated:
            self._write()
        return observation, reward, terminated, truncated, info

    def close(self) -> None:
        """Write what was not yet at its end."""
        self._write()
        super().close()

    def _write(self) -> None:
        if self._actions:
            path = self.folder / f"{self._count:05d}.json"
            save_replay(path, self._settings, self._seed, self._actions, self._maze)
            self._count, self._actions = self._count + 1, []


def _check_seed(name: str, value: object) -> None:
    if not _is_whole(value) or value < 0:  # type: ignore[operator]
        raise PhysimError(f"{name} is {value!r}, wanted a whole number from 0 on")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
