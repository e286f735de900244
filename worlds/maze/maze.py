"""Mazes as a world: corridors, a walker, and what else moves in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np
import pymunk

from physim.checks import check_positive
from physim.errors import PhysimError
from physim.worlds.base import World
from physim.worlds.source import source_of

if TYPE_CHECKING:  # a world's flags are read from its class, and no help text waits for networkx
    from physim.walks import Walk
    from worlds.maze.layout import Layout

SPEED = 2.0
"""How fast (m / s) the walker of a scene goes at the start."""


@final
@dataclass(frozen=True, kw_only=True)
class Maze(World):
    """Corridors a metre wide, with a walker, sliding doors, blocks to be pushed, and moving obstacles.

    Doors and obstacles are moved by who plays the maze (`MazeEnv`, `physim play`); in rollouts of the world's engine
    they stand still.
    """

    kind: str = "depth_first"
    """depth_first, kruskal, wilson: corridors; rooms; arena: one large room; i_maze: a corridor with four alcoves"""
    width: int = 10
    """how many corridors or rooms stand side by side"""
    height: int = 5
    """how many stand one behind another"""
    braid: float = 0.5
    """the share of dead ends that are opened, which makes loops"""
    doors: int = 0
    """doors, which open and close by themselves, or with a key stay closed until it is found"""
    keys: int = 0
    """keys, which open all doors for good"""
    blocks: int = 0
    """blocks that can be pushed"""
    obstacles: int = 0
    """columns that go to and fro"""
    dt: float = 4 / 60
    substeps: int = 4

    columns: ClassVar[tuple[str, ...]] = ("thing",)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(width=self.width, height=self.height)
        if not 0 <= self.braid <= 1:
            raise PhysimError(f"braid must be from 0 to 1, got {self.braid}")
        for name in ("doors", "keys", "blocks", "obstacles"):
            if getattr(self, name) < 0:
                raise PhysimError(f"{name} must be 0 or more, got {getattr(self, name)}")
        if self.keys and not self.doors:
            raise PhysimError(f"keys is {self.keys}, but there are no doors for them to open")

    @property
    def source(self) -> str:
        from worlds.maze.bodies import Bodies
        from worlds.maze.carving import carve
        from worlds.maze.furnishing import furnished, with_alcoves

        return source_of(type(self), Bodies, carve, furnished, with_alcoves)  # imported by its methods, not its module

    def layout(self, rng: np.random.Generator) -> Layout:
        """Carve a maze and put into it what moves; raises PhysimError where there is no room for it."""
        from worlds.maze.carving import carve
        from worlds.maze.furnishing import furnished, with_alcoves

        counts = {"D": self.doors, "K": self.keys, "B": self.blocks, "O": self.obstacles}
        carved = carve(self.kind, self.width, self.height, rng, self.braid)
        return furnished(with_alcoves(carved) if self.kind == "i_maze" else carved, counts, rng)

    def space(self, rng: np.random.Generator) -> pymunk.Space:
        """A maze, and a walker somewhere in it on its way."""
        from worlds.maze.bodies import Bodies
        from worlds.maze.layout import middle

        layout = self.layout(rng)
        free = [cell for cell in layout.free if cell not in layout.things]
        x, y = middle(free[int(rng.integers(len(free)))])
        way = float(rng.uniform(0, 2 * math.pi))
        bodies = Bodies(layout)
        bodies.place(np.array([x, y, SPEED * math.cos(way), SPEED * math.sin(way)]))
        return bodies.space

    def walk(self) -> Walk:
        from worlds.maze.game import Game
        from worlds.maze.sight import Sight
        from worlds.maze.task import Task
        from worlds.maze.walk import MazeWalk

        return MazeWalk(Game(maze=self, task=Task(goal="episode", fresh=True), sight=Sight()))
