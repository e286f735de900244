"""Walkers that slide along the walls of a grid: what pymunk does to one circle among walls, for many at once."""

from __future__ import annotations

import math

import numpy as np

from physim.native import compiled
from worlds.maze.bodies import ITERATIONS, RADIUS, RESTORED, SLOP


@compiled
def slide(grids, motion, drive, timing):  # type: ignore[no-untyped-def]
    """Move walkers [B, 6] in their grids, driven by accelerations [B, 2] (m / s^2).

    Of each: x, y (m), their velocities (m / s), and the velocities by which an overlap is undone in the next step.
    `timing`: the length of a step (s), how many there are, and the share of a velocity that is left after a second.
    Each is moved as pymunk moves a circle without friction: first the place, then forces and damping change the
    velocity, then what goes into a wall is taken out of it; overlaps are undone bit by bit.
    """
    dt, steps, damping = timing
    kept, undone = damping**dt, 1 - RESTORED**dt
    for number in range(len(motion)):
        grid = grids[number]
        x, y, vx, vy, out_x, out_y = motion[number]
        for _ in range(steps):
            x, y = x + (vx + out_x) * dt, y + (vy + out_y) * dt
            vx, vy = vx * kept + drive[number, 0] * dt, vy * kept + drive[number, 1] * dt
            vx, vy, out_x, out_y = _solved(grid, x, y, vx, vy, undone / dt)
        for column, value in enumerate((x, y, vx, vy, out_x, out_y)):
            motion[number, column] = value


@compiled
def _solved(grid, x, y, vx, vy, undone):  # type: ignore[no-untyped-def]
    """The velocity that goes into no wall, and the one by which overlaps are undone in the next step."""
    out_x = out_y = 0.0
    contacts, count = _contacts(grid, x, y)
    pushes = np.zeros((count, 2))
    for _ in range(ITERATIONS if count > 1 else 1):
        for number in range(count):
            normal_x, normal_y, gap = contacts[number]
            # what a contact has pushed so far may be taken back, but it never pulls
            push = max(pushes[number, 0] - (vx * normal_x + vy * normal_y), 0.0) - pushes[number, 0]
            vx, vy = vx + push * normal_x, vy + push * normal_y
            wanted = undone * max(-gap - SLOP, 0.0)
            back = max(pushes[number, 1] + wanted - (out_x * normal_x + out_y * normal_y), 0.0) - pushes[number, 1]
            out_x, out_y = out_x + back * normal_x, out_y + back * normal_y
            pushes[number, 0] += push
            pushes[number, 1] += back
    return vx, vy, out_x, out_y


@compiled
def _contacts(grid, x, y):  # type: ignore[no-untyped-def]
    """Where a walker touches walls: rows of the normal's x and y, and the gap (m, below 0); and how many there are."""
    contacts, count = np.empty((8, 3)), 0
    cell_x, cell_y = int(x), int(y)
    for to_y in range(-1, 2):
        for to_x in range(-1, 2):
            if not _touchable(grid, cell_x, cell_y, to_x, to_y):
                continue
            from_x, from_y = _from_wall(x, cell_x, to_x), _from_wall(y, cell_y, to_y)
            away = math.hypot(from_x, from_y)
            if 0 < away < RADIUS:
                contacts[count, 0], contacts[count, 1] = from_x / away, from_y / away
                contacts[count, 2] = away - RADIUS
                count += 1
    return contacts, count


@compiled
def _touchable(grid, x, y, to_x, to_y):  # type: ignore[no-untyped-def]
    """Whether the cell (x, y) has on that side a face of a wall, or at that corner the end of one."""
    beyond = grid[y + to_y, x + to_x] != 0
    if to_x == 0 or to_y == 0:
        return beyond and not (to_x == 0 and to_y == 0)
    aside, along = grid[y, x + to_x] != 0, grid[y + to_y, x] != 0
    return not (aside or along) if beyond else aside or along


@compiled
def _from_wall(place, cell, to):  # type: ignore[no-untyped-def]
    """How far the place is from the nearest face of the cell to one side of its own, along one axis; 0 for its own."""
    return 0.0 if to == 0 else place - (cell + (to + 1) // 2)
