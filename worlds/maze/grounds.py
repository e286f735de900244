"""Where episodes take place: mazes of seeds, what lies in them, and where walkers are set down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import final

import networkx as nx
import numpy as np
import numpy.typing as npt

from physim.arrays import Floats
from physim.checks import check_seed
from physim.errors import PhysimError
from worlds.maze.bodies import faces
from worlds.maze.layout import FRUIT, Cell, Layout, middle
from worlds.maze.looks import walls_of
from worlds.maze.maze import Maze
from worlds.maze.task import Task
from worlds.maze.topology import Topology

Items = Mapping[Cell, str]
"""The symbols of what can be reached, by its cell."""


@final
@dataclass(frozen=True, eq=False)
class Ground:
    """A maze: its layout, and how its walls look [H, W]."""

    layout: Layout
    walls: npt.NDArray[np.uint8]

    @cached_property
    def topology(self) -> Topology:
        """Its ways."""
        return Topology(self.layout)

    @cached_property
    def faces(self) -> Floats:
        """The faces of its walls [F, 6]: their middles, half their lengths as vectors (m), and twice 0."""
        ends = np.array(faces(self.layout.walls))
        return np.column_stack([ends.mean(1), (ends[:, 1] - ends[:, 0]) / 2, np.zeros((len(ends), 2))])

    @cached_property
    def near(self) -> tuple[Cell, ...]:
        """The cells in which a walker may stand at first: of the part with the starts, or the largest, and where a key
        opens doors, of the part of it that holds the keys; none in which anything stands.

        Raises: PhysimError where a key cannot be reached.
        """
        keys, starts = self.layout.of("K"), self.layout.of("P")
        closed = set(self.layout.of("D")) if keys else set()
        parts = list(nx.connected_components(self.topology.graph.subgraph(set(self.layout.free) - closed)))
        anchors = keys or starts
        part = next(part for part in parts if anchors[0] in part) if anchors else max(parts, key=len)
        for cell in (*keys, *starts):
            if cell not in part:
                raise PhysimError(
                    f"layout: got {self.layout.things[cell]!r} in cell {cell}, wanted a way to it past no locked door"
                )
        return tuple(cell for cell in self.layout.free if cell in part and self.layout.things.get(cell, "P") == "P")

    @cached_property
    def goals(self) -> tuple[Cell, ...]:
        """The cells in which a goal may be: those that a walker can reach, but where doors are locked, behind them."""
        reached = nx.node_connected_component(self.topology.graph, self.near[0])
        cells = tuple(cell for cell in self.layout.free if cell in reached and cell not in self.layout.things)
        return tuple(cell for cell in cells if self.layout.of("K") and cell not in self.near) or cells


@lru_cache(maxsize=64)
def ground_of(maze: Maze | Layout, seed: int) -> Ground:
    """The maze of a seed, or the one that is given, with walls that look as the seed says."""
    check_seed(seed)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    layout = maze if isinstance(maze, Layout) else maze.layout(rng)
    return Ground(layout, walls_of(layout, rng))


def items_of(ground: Ground, task: Task, rng: np.random.Generator) -> dict[Cell, str]:
    """What lies in a maze: the fruit and keys of its layout, and the goal and fruit of the task.

    The goal is in one of the layout's goals, or where it has none in any free cell.
    Raises: PhysimError where there are more things than cells.
    """
    layout = ground.layout
    items = {cell: symbol for cell, symbol in layout.things.items() if symbol in FRUIT or symbol == "K"}
    free = [cell for cell in layout.free if cell not in layout.things]
    if task.goal is None and layout.of("G"):
        raise PhysimError(f"layout: got a goal in cell {layout.of('G')[0]}, but goal=None says that there is none")
    if task.goal is not None:
        goals = layout.of("G") or ground.goals
        if not goals:
            raise PhysimError("goal: this maze has no free cell for it")
        goal = goals[int(rng.integers(len(goals)))]
        items[goal] = "G"
        free = [cell for cell in free if cell != goal]
    shares = {"A": task.apples, "S": task.strawberries, "L": task.lemons}
    fruit = [symbol for symbol, share in shares.items() for _ in range(round(share * len(free)))]
    if len(fruit) > len(free) - (0 if layout.of("P") else 1):  # somebody has to stand somewhere
        raise PhysimError(f"the task lays {len(fruit)} pieces of fruit, but the maze has {len(free)} free cells")
    return items | {
        free[place]: symbol for place, symbol in zip(rng.permutation(len(free)).tolist(), fruit, strict=False)
    }


def start_cells(ground: Ground, items: Items, away: int) -> list[Cell]:
    """The cells in which a walker may start: empty, and so many steps from the goal, or as far as there are any."""
    starts = ground.layout.of("P")
    cells = [cell for cell in ground.near if cell not in items and cell in (starts or ground.near)]
    goals = [cell for cell, symbol in items.items() if symbol == "G"]
    if not cells:
        raise PhysimError("no free cell is left for a walker to start in")
    if not goals or starts:
        return cells
    steps = {cell: int(min(ground.topology.distances(goal)[cell[1], cell[0]] for goal in goals)) for cell in cells}
    return [cell for cell in cells if steps[cell] >= min(away, max(steps.values()))]


def set_down(cells: list[Cell], taken: Floats, room: float, rng: np.random.Generator) -> Floats:
    """A walker [3] (x, y, heading) in a cell, if there is one, that is so far (m) from all taken places [K, 2]."""
    places = np.array([middle(cell) for cell in cells])
    if len(taken):
        far = np.linalg.norm(places[:, None] - taken, axis=2).min(axis=1)
        places = places[far >= min(room, far.max())]
    x, y = places[int(rng.integers(len(places)))].tolist()
    return np.array([x, y, float(rng.uniform(0, 2 * math.pi))])
