"""Rays among the cells of a grid and the things in them: exact, in float64, cell by cell."""

from __future__ import annotations

import math

from physim.native import compiled

NOTHING = math.inf


@compiled
def walk(grid, x, y, dx, dy):  # type: ignore[no-untyped-def]
    """The wall that a ray from (x, y) meets: how many times its direction (dx, dy) it is away, its cell, and its face.

    Gives t, the cell's x and y, and 0 where the face stands across x, 1 across y. Cells are visited one after another
    by whole numbers, so no corner is cut; the grid [H, W] must be closed by walls, which are its cells other than 0.
    """
    cell_x, cell_y = int(x), int(y)
    step_x, ahead_x = (1, 1) if dx > 0 else (-1, 0)
    step_y, ahead_y = (1, 1) if dy > 0 else (-1, 0)
    per_x = 1 / dx if dx != 0 else 0.0
    per_y = 1 / dy if dy != 0 else 0.0
    next_x = (cell_x + ahead_x - x) * per_x if dx != 0 else NOTHING
    next_y = (cell_y + ahead_y - y) * per_y if dy != 0 else NOTHING
    while True:
        if next_x <= next_y:
            t, face = next_x, 0
            cell_x += step_x
            next_x = (cell_x + ahead_x - x) * per_x
        else:
            t, face = next_y, 1
            cell_y += step_y
            next_y = (cell_y + ahead_y - y) * per_y
        if grid[cell_y, cell_x]:
            return t, cell_x, cell_y, face


@compiled
def meet_box(x, y, dx, dy, half_x, half_y):  # type: ignore[no-untyped-def]
    """Where a ray from (x, y) enters a box about the origin: t, and 0 for a face across x, 1 across y."""
    near_x, far_x = -NOTHING, NOTHING
    near_y, far_y = -NOTHING, NOTHING
    if dx != 0:
        near_x, far_x = (-half_x - x) / dx, (half_x - x) / dx
        if near_x > far_x:
            near_x, far_x = far_x, near_x
    elif abs(x) > half_x:
        return NOTHING, 0
    if dy != 0:
        near_y, far_y = (-half_y - y) / dy, (half_y - y) / dy
        if near_y > far_y:
            near_y, far_y = far_y, near_y
    elif abs(y) > half_y:
        return NOTHING, 1
    near, face = (near_x, 0) if near_x > near_y else (near_y, 1)
    return (near, face) if 0 <= near <= min(far_x, far_y) else (NOTHING, face)


@compiled
def meet_circle(x, y, dx, dy, radius):  # type: ignore[no-untyped-def]
    """Where a ray from (x, y) enters a circle about the origin, as t."""
    square, along = dx * dx + dy * dy, x * dx + y * dy
    under = along * along - square * (x * x + y * y - radius * radius)
    if under < 0:
        return NOTHING
    t = (-along - math.sqrt(under)) / square
    return t if t >= 0 else NOTHING
