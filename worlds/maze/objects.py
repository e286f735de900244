"""Mazes as arrays of objects, for message passing in batches: the scene's walls and things, as walkers see them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from physim.arrays import Floats
from worlds.maze.episodes import Episodes
from worlds.maze.things import HALF_X, HALF_Y, KIND, NO_THING, X, Y

COLUMNS = 7


def nearest_objects(episodes: Episodes, count: int) -> npt.NDArray[np.float32]:
    """So many objects of each maze, the nearest first [B, count, 7]; where there are fewer, rows of 0.

    Columns: 1 where there is one; its middle, forwards and to the left of the walker (m); half its length as a vector,
    forwards and to the left (m); half its width (m); what it is, by the numbers of the column `thing` of scenes.
    """
    seen = np.zeros((episodes.count, count, COLUMNS), np.float32)
    for number, heading in enumerate(episodes.heading.tolist()):
        placed = _placed(episodes, number)
        placed[:, :2] -= episodes.motion[number, :2]
        middle, half = placed[:, :2], placed[:, 2:4]
        share = -(middle * half).sum(1) / np.maximum((half * half).sum(1), 1e-12)
        away = np.hypot(*(middle + share.clip(-1, 1)[:, None] * half).T)
        found = placed[np.argsort(away, kind="stable")[:count]]
        cos, sin = np.cos(heading), np.sin(heading)
        turn = np.array([[cos, -sin], [sin, cos]])
        rows = seen[number, : len(found)]
        rows[:, 0], rows[:, 1:3], rows[:, 3:5], rows[:, 5:] = 1, found[:, :2] @ turn, found[:, 2:4] @ turn, found[:, 4:]
    return seen


def _placed(episodes: Episodes, number: int) -> Floats:
    """All objects of a maze but its walker [N, 6]: their middles, halves of their lengths and widths, their kinds."""
    things, kinds = episodes.mazes.things[number], episodes.kinds[number]
    there = things[:, KIND] != NO_THING
    things, kinds = things[there], kinds[there]
    lengths = np.column_stack([things[:, HALF_X], np.zeros(len(things))])
    lying = np.column_stack([things[:, [X, Y]], lengths, things[:, HALF_Y], kinds])
    return np.concatenate([lying, episodes.beginnings[number].ground.faces])
