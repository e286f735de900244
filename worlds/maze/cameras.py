"""First-person views of mazes: colour, depth, hit cells and object ids of many cameras in one call."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from physim.arrays import Floats, Integers
from physim.checks import check_positive
from physim.errors import PhysimError
from worlds.maze.raycaster import Mazes, render
from worlds.maze.textures import sheet


class Camera(NamedTuple):
    """How pixels look into the world.

    Shapes: across [W], the tangent of each column to the right; down [(H + 1) // 2], that of each row from the lowest
    up to the middle; focal: pixels to a metre at a distance of one metre; height: H.
    """

    across: Floats
    down: Floats
    focal: float
    height: int


class Frames(NamedTuple):
    """What cameras see.

    Shapes: image [B, H, W, 3] uint8; depth [B, H, W] float32, in metres along the camera's axis; cells [B, W, 2]
    int32, x and y of the wall behind each column; ids [B, H, W] int16 (see `raycaster`), or [B, 0, 0] where nobody
    wants them.
    """

    image: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float32]
    cells: npt.NDArray[np.int32]
    ids: npt.NDArray[np.int16]

    def part(self, chosen: slice) -> Frames:
        """The frames of some cameras, to be drawn into."""
        return Frames(self.image[chosen], self.depth[chosen], self.cells[chosen], self.ids[chosen])


def camera(width: int, height: int, field_of_view: float) -> Camera:
    """A camera of so many pixels that sees so many degrees from left to right."""
    check_positive(width=width, height=height)
    if not 1 <= field_of_view <= 170:
        raise PhysimError(f"field_of_view must be from 1 to 170 degrees, got {field_of_view}")
    focal = width / (2 * math.tan(math.radians(field_of_view) / 2))
    across = np.asarray(np.arange(width) + 0.5 - width / 2, np.float64) / focal
    down = np.asarray(height / 2 - 0.5 - np.arange((height + 1) // 2), np.float64) / focal
    return Camera(across, down, focal, height)


def drawn(mazes: Mazes, which: Integers, poses: Floats, view: Camera, *, threads: int = 1, ids: bool = False) -> Frames:
    """What cameras at poses [B, 3] (x, y in m, heading in radians) see in the mazes of these numbers [B].

    Frames depend neither on how many threads share the work nor on what else is drawn.
    Raises: PhysimError where a pose is in no free cell, or a number is that of no maze.
    """
    check_positive(threads=threads)
    _check_poses(mazes, which, poses)
    count, size = len(poses), (len(poses), view.height, len(view.across))
    out = Frames(
        np.empty((*size, 3), np.uint8),
        np.empty(size, np.float32),
        np.empty((count, size[2], 2), np.int32),
        np.empty(size if ids else (count, 0, 0), np.int16),
    )
    share = max(1, -(-count // threads))
    parts = [slice(first, first + share) for first in range(0, count, share)]

    def draw(part: slice) -> None:
        render(mazes, which[part], poses[part], view, sheet(), out.part(part))

    if len(parts) <= 1:
        draw(slice(None))
    else:
        list(_threads(len(parts)).map(draw, parts))
    return out


@lru_cache
def _threads(count: int) -> ThreadPoolExecutor:
    """So many threads, kept: to start them anew for every frame takes longer than to draw it."""
    return ThreadPoolExecutor(count)


if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_threads.cache_clear)


def _check_poses(mazes: Mazes, which: Integers, poses: Floats) -> None:
    """Refuse what a ray could not start from: native code would read other memory."""
    count, height, width = mazes.grids.shape
    x, y = poses[:, 0], poses[:, 1]
    inside = np.isfinite(poses).all(axis=1) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    inside &= (which >= 0) & (which < count)
    places = np.where(inside[:, None], poses[:, :2], 0).astype(np.int64)
    free = inside & (mazes.grids[np.where(inside, which, 0), places[:, 1], places[:, 0]] == 0)
    if not free.all():
        number = int(np.argmin(free))
        raise PhysimError(
            f"pose {number} is {poses[number].tolist()} in maze {int(which[number])}, wanted one in a free cell of one "
            f"of the {count} mazes of {width} x {height} cells"
        )


def euclidean(depth: npt.NDArray[np.float32], view: Camera) -> npt.NDArray[np.float32]:
    """Depths [..., H, W] measured from the eye itself instead of along the camera's axis."""
    down = np.concatenate([-view.down[: view.height // 2], view.down[::-1]])
    return (depth * np.sqrt(1 + view.across**2 + down[:, None] ** 2)).astype(np.float32)
