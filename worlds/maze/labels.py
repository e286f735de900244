"""What a maze knows of a walker and does not show it: labels, on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np
import numpy.typing as npt

from physim.arrays import Floats, Integers, Truths
from physim.errors import PhysimError
from physim.native import compiled
from worlds.maze.episodes import Episodes
from worlds.maze.explorer import Explorer
from worlds.maze.grounds import Items

NEAR, FAR = 1.0, 2.0
"""A loop is closed within NEAR of an earlier place, after having been FAR (m) away from it."""
LABELS = ("loop_closure", "position", "heading", "cell", "distance", "goal", "junction", "first_visit", "advice")


@final
class Labels:
    """Labels of B walkers by name, of where they are after a decision: who reached the goal is elsewhere by then.

    loop_closure (int8): 1 where the walker is within a metre of where it was before in this episode and was two metres
    away in between (arXiv:1611.03673, section 3); position [2] (m); heading (radians); cell [2]; distance: steps on the
    shortest way to the goal, from cell to cell, -1 without a goal or way; goal [2], its cell, -1 without one; junction:
    whether the cell has three free neighbours or four; first_visit: whether the walker is in its cell for the first
    time in this episode; advice: the action of an Explorer in its place, that sees as many degrees.
    """

    def __init__(self, names: tuple[str, ...], count: int, ticks: int, field_of_view: float) -> None:
        unknown = [name for name in names if name not in LABELS]
        if unknown:
            raise PhysimError(f"labels: got {', '.join(unknown)}, wanted some of {', '.join(LABELS)}")
        self.names = names
        self._been = np.zeros((count, ticks + 1, 2)) if "loop_closure" in names else None
        self._visited: list[set[tuple[int, int]]] = [set() for _ in range(count)]
        self._explorer: Explorer | None = None
        self._field_of_view = field_of_view

    def forget(self, number: int) -> None:
        """Begin a walker's episode."""
        self._visited[number].clear()

    def of(self, episodes: Episodes) -> dict[str, npt.NDArray[Any]]:
        """The labels [B, ...] after a decision, or at the start of an episode."""
        if not self.names:
            return {}
        position = episodes.motion[:, :2].copy()
        cells = np.floor(position).astype(np.int64)
        if self._been is not None:
            self._been[np.arange(episodes.count), episodes.ticks] = position
        known: dict[str, Callable[[], npt.NDArray[Any]]] = {
            "position": lambda: position,
            "heading": episodes.heading.copy,
            "cell": lambda: cells,
            "loop_closure": lambda: loop_closures(self._been, episodes.ticks, NEAR, FAR),
            "distance": lambda: np.array([_distance(episodes, k, cell) for k, cell in enumerate(cells.tolist())]),
            "goal": lambda: np.array([_goal(each.items) for each in episodes.beginnings]),
            "junction": lambda: np.array(
                [each.ground.topology.junctions[y, x] for each, (x, y) in zip(episodes.beginnings, cells, strict=True)]
            ),
            "first_visit": lambda: self._first_visits(cells),
            "advice": lambda: self._advice(episodes),
        }
        return {name: known[name]() for name in self.names}

    def _advice(self, episodes: Episodes) -> Integers:
        if self._explorer is None:
            self._explorer = Explorer(episodes, self._field_of_view)
        return self._explorer.actions()

    def _first_visits(self, cells: npt.NDArray[np.int64]) -> Truths:
        firsts = np.zeros(len(cells), np.bool_)
        for number, cell in enumerate(map(tuple, cells.tolist())):
            firsts[number] = cell not in self._visited[number]
            self._visited[number].add(cell)
        return firsts


def _goal(items: Items) -> tuple[int, int]:
    return next((cell for cell, symbol in items.items() if symbol == "G"), (-1, -1))


def _distance(episodes: Episodes, number: int, cell: list[int]) -> int:
    beginning = episodes.beginnings[number]
    goals = [place for place, symbol in beginning.items.items() if symbol == "G"]
    steps = [int(beginning.ground.topology.distances(goal)[cell[1], cell[0]]) for goal in goals]
    return min((each for each in steps if each >= 0), default=-1)


@compiled
def loop_closures(been: Floats, ticks: Integers, near: float, far: float) -> npt.NDArray[np.int8]:
    """Where loops are closed [B]: of places [B, T, 2], those up to the ticks [B] count."""
    closed = np.zeros(len(been), np.int8)
    for number in range(len(been)):
        now = ticks[number]
        x, y = been[number, now]
        farthest = 0.0  # of the places after the one that is looked at
        for tick in range(now - 1, -1, -1):
            away = np.hypot(been[number, tick, 0] - x, been[number, tick, 1] - y)
            if away <= near and farthest >= far:
                closed[number] = 1
                break
            farthest = max(farthest, away)
    return closed
