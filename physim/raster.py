"""Trajectories as arrays of pixels, without a window: anti-aliased, many scenes at once."""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from physim.arrays import Floats, Integers
from physim.checks import check_positive
from physim.colours import body_colour
from physim.errors import PhysimError
from physim.scenes.scene import DYNAMIC, PAIR, POINT, POLYGON, SEGMENT, STATIC, Scene, scenes_of
from physim.scenes.trajectory import Trajectory

Window = tuple[float, float, float, float]
"""Left, bottom, right and top of what is seen, in the scene's own lengths."""
Pixels = npt.NDArray[np.uint8]

GROUND, WALL, LINK = (13, 16, 22), (84, 94, 112), (104, 115, 135)
GREY_GROUND, GREY_WALL, GREY_BODY = 0, 96, 255
THINNEST = 0.75
"""Half the width (pixels) that the thinnest shapes are drawn with."""
MARGIN = 0.05
"""How much of the larger side is left free around what moves, where nobody says what is seen."""


class Shapes(NamedTuple):
    """What is drawn of a scene: hulls of points, made thicker and rounder all round.

    Shapes: points [T, P, 2]; first [K + 1], where the points of each shape begin; radius [K]; colour [K, C].
    """

    points: Floats
    first: Integers
    radius: Floats
    colour: Floats


def pixels(
    trajectory: Trajectory, size: tuple[int, int] = (64, 64), window: Window | None = None, *, grey: bool = False
) -> Pixels:
    """Every instant of a trajectory as a picture; y points up, or down in scenes that fall towards larger y.

    Shapes: [T + 1, H, W, 3] uint8, or [T + 1, H, W] where it is `grey` (bodies white, walls grey, the ground black);
    with one axis more in front for a batch of scenes, which are all seen through one window.
    Raises: PhysimError where the size or the window holds nothing.
    """
    check_positive(width=size[0], height=size[1])
    scene = trajectory.scene
    seen = _around(trajectory, size) if window is None else window
    if not (seen[2] > seen[0] and seen[3] > seen[1]):
        raise PhysimError(f"window is {seen}, wanted left < right and bottom < top")
    ends = np.cumsum([0, *scene.counts.tolist()]).tolist()
    parts = zip(scenes_of(scene), ends[:-1], ends[1:], strict=True)
    shapes = [_shapes(part, trajectory.pos[:, a:b], trajectory.angle[:, a:b], grey) for part, a, b in parts]
    out = np.empty((len(shapes), len(trajectory), size[1], size[0], 1 if grey else 3), np.uint8)
    out[:] = GREY_GROUND if grey else GROUND
    for each, picture in zip(shapes, out, strict=True):
        draw(*each, np.array(seen), picture)
    if float(scene.gravity[0, 1]) <= 0:
        out = np.ascontiguousarray(out[:, :, ::-1])
    found = out[..., 0] if grey else out
    return found if "ptr" in scene else found[0]


def _shapes(scene: Scene, pos: Tensor, angle: Tensor, grey: bool) -> Shapes:
    """The shapes of a scene at pos [T, N, 2] and angle [T, N]: links first, then what stands still, then bodies."""
    half, corners = scene.half_extents(angle), scene.corners_at(pos, angle)
    links = (scene.edge_kind != PAIR) & (scene.edge_index[0] < scene.edge_index[1])
    sources, targets = scene.held_at(links, pos, angle)
    hulls = list(torch.stack([sources, targets], dim=2).unbind(1))
    radius, colour = [0.0] * len(hulls), [LINK] * len(hulls)
    moves = (scene.body_type == DYNAMIC).tolist()
    for body in sorted(range(scene.num_bodies), key=lambda each: moves[each]):
        kind = int(scene.shape[body])
        if kind == SEGMENT:
            hulls.append(torch.stack([pos[:, body] - half[:, body], pos[:, body] + half[:, body]], dim=1))
        elif kind == POLYGON:
            hulls.append(corners[:, scene.corner_index == body])
        else:
            hulls.append(pos[:, body : body + 1])
        radius.append(float(scene.radius[body]))
        colour.append(body_colour(body) if moves[body] else WALL)
    colours = [(GREY_WALL if each in (WALL, LINK) else GREY_BODY,) if grey else each for each in colour]
    first = np.cumsum([0, *(hull.shape[1] for hull in hulls)])
    points = torch.cat(hulls, dim=1) if hulls else torch.zeros(len(pos), 0, 2)
    return Shapes(points.numpy().astype(float), first, np.array(radius), np.array(colours, float))


def _around(trajectory: Trajectory, size: tuple[int, int]) -> Window:
    """A window of the picture's proportions round all bodies at all instants, or round the walls if there are any."""
    scene = trajectory.scene
    reach = scene.radius[None, :, None] + scene.half_extents(trajectory.angle).abs()
    still = scene.body_type == STATIC
    chosen = still if bool((still & (scene.shape != POINT)).any()) else torch.ones_like(still)
    corners = scene.corners_at(trajectory.pos, trajectory.angle)
    low = torch.cat([(trajectory.pos - reach)[:, chosen], corners], dim=1).amin(dim=(0, 1))
    high = torch.cat([(trajectory.pos + reach)[:, chosen], corners], dim=1).amax(dim=(0, 1))
    middle, sides = (low + high) / 2, (high - low) * (1 + 2 * MARGIN)
    scale = max(float(sides[0]) / size[0], float(sides[1]) / size[1]) or 1.0
    width, height = size[0] * scale / 2, size[1] * scale / 2
    x, y = middle.tolist()
    return x - width, y - height, x + width, y + height


@numba.njit(cache=True, nogil=True)
def draw(points, first, radius, colour, window, out):  # type: ignore[no-untyped-def]
    """Draw the shapes of every instant into out [T, H, W, C], y upwards from its first row."""
    left, bottom, right, top = window
    instants, height, width, channels = out.shape
    across, up = width / (right - left), height / (top - bottom)
    for instant in range(instants):
        for shape in range(len(radius)):
            hull = points[instant, first[shape] : first[shape + 1]].copy()
            for corner in range(len(hull)):
                hull[corner, 0] = (hull[corner, 0] - left) * across
                hull[corner, 1] = (hull[corner, 1] - bottom) * up
            thick = max(radius[shape] * across, THINNEST if len(hull) < 3 else 0.0)
            x0 = max(int(hull[:, 0].min() - thick - 1), 0)
            x1 = min(int(hull[:, 0].max() + thick + 2), width)
            y0 = max(int(hull[:, 1].min() - thick - 1), 0)
            y1 = min(int(hull[:, 1].max() + thick + 2), height)
            for y in range(y0, y1):
                for x in range(x0, x1):
                    cover = min(max(0.5 + thick - _distance(hull, x + 0.5, y + 0.5), 0.0), 1.0)
                    for channel in range(channels):
                        under = out[instant, y, x, channel]
                        out[instant, y, x, channel] = round(under + cover * (colour[shape, channel] - under))


@numba.njit(cache=True, nogil=True)
def _distance(hull, x, y):  # type: ignore[no-untyped-def]
    """How far a place is from a convex hull [P, 2] of counter-clockwise corners; below 0 inside."""
    nearest, deepest = math.inf, -math.inf
    for corner in range(len(hull)):
        ax, ay = hull[corner]
        bx, by = hull[(corner + 1) % len(hull)]
        dx, dy, px, py = bx - ax, by - ay, x - ax, y - ay
        square = dx * dx + dy * dy
        along = min(max((px * dx + py * dy) / square, 0.0), 1.0) if square > 0 else 0.0
        nearest = min(nearest, math.hypot(px - along * dx, py - along * dy))
        if square > 0:
            deepest = max(deepest, (py * dx - px * dy) / -math.sqrt(square))
    return deepest if len(hull) > 2 and deepest < 0 else nearest
