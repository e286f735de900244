"""Trajectories as arrays of pixels, without a window: anti-aliased, many scenes at once."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from physim.checks import check_positive
from physim.colours import body_colour
from physim.errors import PhysimError
from physim.raster import Pixels, Shapes, draw
from physim.scenes.scene import DYNAMIC, PAIR, POLYGON, SEGMENT, Scene, scenes_of
from physim.scenes.trajectory import Trajectory

Window = tuple[float, float, float, float]
"""Left, bottom, right and top of what is seen, in the scene's own lengths."""

GROUND, WALL, LINK = (13, 16, 22), (84, 94, 112), (104, 115, 135)
GREY_GROUND, GREY_WALL, GREY_BODY = 0, 96, 255
MARGIN, SMALLEST = 0.05, 1e-3
"""How much of the larger side is left free around what moves, where nobody says what is seen."""


def pixels(
    trajectory: Trajectory, size: tuple[int, int] = (64, 64), window: Window | None = None, *, grey: bool = False
) -> Pixels:
    """Every instant of a trajectory as a picture; y points up, or down in scenes that fall towards larger y.

    Shapes: [T + 1, H, W, 3] uint8, or [T + 1, H, W] where it is `grey` (bodies white, walls grey, the ground black);
    with one axis more in front for a batch of scenes, which are all seen through one window. A window of other
    proportions than the picture is widened.
    Raises: PhysimError where the size or the window holds nothing.
    """
    if not (isinstance(size, tuple) and len(size) == 2 and all(isinstance(side, int) for side in size)):
        raise PhysimError(f"size is {size!r}, wanted (width, height) in whole pixels")
    check_positive(width=size[0], height=size[1])
    scene = trajectory.scene
    seen = _fitted(_around(trajectory) if window is None else window, size)
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


def _around(trajectory: Trajectory) -> Window:
    """A window round all that there is, at all instants."""
    scene = trajectory.scene
    reach = scene.radius[None, :, None] + scene.half_extents(trajectory.angle).abs()
    corners = scene.corners_at(trajectory.pos, trajectory.angle)
    low = torch.cat([trajectory.pos - reach, corners], dim=1).amin(dim=(0, 1))
    high = torch.cat([trajectory.pos + reach, corners], dim=1).amax(dim=(0, 1))
    margin = MARGIN * max(float((high - low).max()), SMALLEST)
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    return left, bottom, right, top


def _fitted(window: Window, size: tuple[int, int]) -> Window:
    """The smallest window of the picture's proportions in which a window lies, about the same middle."""
    left, bottom, right, top = window
    if not (right > left and top > bottom):
        raise PhysimError(f"window is {window}, wanted left < right and bottom < top")
    scale = max((right - left) / size[0], (top - bottom) / size[1])
    x, y, width, height = (left + right) / 2, (bottom + top) / 2, size[0] * scale / 2, size[1] * scale / 2
    return x - width, y - height, x + width, y + height
