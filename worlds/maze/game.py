"""A maze, a task and what is seen of it: all that an environment is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, final

import numpy as np

from physim.checks import TEST_SEEDS_FROM, check_seed
from physim.errors import PhysimError
from worlds.maze.actions import FASTEST, action_table
from worlds.maze.bodies import RADIUS
from worlds.maze.episodes import Beginning, Episodes
from worlds.maze.grounds import ground_of, items_of
from worlds.maze.layout import Layout
from worlds.maze.maze import Maze
from worlds.maze.sight import Sight
from worlds.maze.task import Task

KINDS = {bool: "True or False", int: "a whole number", float: "a number", str: "text", tuple: "a tuple"}
"""What settings are, by the kind of their defaults."""
TEST_MAZES = 10_000
"""How many seeds of test mazes there are, from TEST_SEEDS_FROM on."""


@final
@dataclass(frozen=True, kw_only=True)
class Game:
    """What is played: a maze, or one layout, with a task, a sight, a set of actions and labels.

    `actions` names a set of actions, `labels` what infos tell. `seed` is that of the maze where the task keeps one,
    with `test` counted from 90000 on. Where each episode has its own, they are drawn from the seeds under 90000, or
    with `test` from the others.
    """

    maze: Maze | Layout
    task: Task
    sight: Sight
    actions: str = "eight"
    labels: tuple[str, ...] = ()
    seed: int = 0
    test: bool = False

    def __post_init__(self) -> None:
        check_seed(self.seed)
        action_table(self.actions)
        if FASTEST * self.dt / self.substeps >= RADIUS:
            raise PhysimError(
                f"dt / substeps is {self.dt / self.substeps} s, wanted less than {RADIUS / FASTEST:.3g} s"
            )

    @classmethod
    def of(cls, layout: Layout | str | None = None, **settings: Any) -> Self:
        """A game from the settings of Maze, Task, Sight and its own, by name; `layout` (or its text) in the place of a
        carved maze.

        Raises: PhysimError where a setting is unknown or out of range.
        """
        parts = {kind: {} for kind in (Maze, Task, Sight, cls)}  # type: dict[type, dict[str, Any]]
        owners = {
            item.name: kind for kind in parts for item in fields(kind) if item.name not in ("maze", "task", "sight")
        }
        defaults = {item.name: item.default for kind in parts for item in fields(kind)}
        for name, value in settings.items():
            if name not in owners:
                raise PhysimError(f"unknown setting {name!r}: the known ones are layout, {', '.join(sorted(owners))}")
            if layout is not None and owners[name] is Maze:
                raise PhysimError(f"{name} is a setting of mazes that are carved, and cannot be given with a layout")
            parts[owners[name]][name] = typed(name, value, defaults[name])
        if isinstance(layout, str):
            layout = Layout.from_text(layout)
        if not isinstance(layout, Layout | None):
            raise PhysimError(f"layout is {type(layout).__name__}, wanted a Layout or its text")
        maze = Maze(**parts[Maze]) if layout is None else layout
        return cls(maze=maze, task=Task(**parts[Task]), sight=Sight(**parts[Sight]), **parts[cls])

    @property
    def settings(self) -> dict[str, Any]:
        """What `of` makes the same game from, all by name, as JSON can hold it."""
        maze = {"layout": self.maze.text} if isinstance(self.maze, Layout) else asdict(self.maze)
        own = {name: getattr(self, name) for name in ("actions", "labels", "seed", "test")}
        return maze | asdict(self.task) | asdict(self.sight) | own

    @property
    def dt(self) -> float:
        """Seconds from one decision to the next."""
        return self.maze.dt if isinstance(self.maze, Maze) else Maze.dt

    @property
    def substeps(self) -> int:
        """Steps of the physics in a decision."""
        return self.maze.substeps if isinstance(self.maze, Maze) else Maze.substeps

    @property
    def ticks(self) -> int:
        """Decisions in an episode."""
        return max(1, round(self.task.seconds / self.dt))

    def episodes(self, count: int) -> Episodes:
        """So many of its episodes at a time."""
        return Episodes(self.task, count, self.actions, self.dt, self.substeps)

    def beginning(self, generator: np.random.Generator, options: Mapping[str, Any] | None = None) -> Beginning:
        """An episode, drawn from a generator; of the `options`, "maze" is the seed of its maze.

        Raises: PhysimError where an option is unknown, or the maze has no room for what the task lays in it.
        """
        options = options or {}
        if unknown := set(options) - {"maze"}:
            raise PhysimError(f"options: got {', '.join(map(repr, sorted(unknown)))}, wanted none but 'maze'")
        seed = self.seed + (TEST_SEEDS_FROM if self.test else 0)
        if self.task.fresh:
            seed = int(
                generator.integers(TEST_MAZES) + TEST_SEEDS_FROM if self.test else generator.integers(TEST_SEEDS_FROM)
            )
        seed = options.get("maze", seed)
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise PhysimError(f"options: maze is {seed!r}, wanted a whole number from 0 on")
        seed = int(seed)
        ground = ground_of(self.maze, seed)
        stays = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
        items = items_of(ground, self.task, generator if self.task.goal == "episode" else stays)
        return Beginning(seed, ground, items, generator)


def typed(name: str, value: Any, default: Any) -> Any:
    """A setting of the kind of its default, lists as tuples; raises PhysimError where it is of another."""
    value = tuple(value) if isinstance(value, list) else value
    kind = type(default)
    fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
    if kind is not bool and isinstance(value, bool):
        fits = False
    if kind is tuple and fits:
        parts = int if name == "size" else str
        fits = all(isinstance(part, parts) for part in value)
    if not (fits or (name == "goal" and value is None) or kind not in KINDS):
        raise PhysimError(f"{name} is {value!r}, wanted {KINDS[kind]}")
    return value
