"""Room for a body that is held: a hand pushes others away, but presses nothing into them."""

from __future__ import annotations

import numpy as np
import torch

from physim.manifold import Hulls
from physim.meeting import Outlines
from physim.viewer.bodies import CIRCLE, POINT, Bodies, Floats

ROUNDS = 4
"""A body in a corner is moved out of one wall after the other."""
YIELD = 0.9
"""Bodies that can move give way when they are touched; they are overlapped by a tenth of both radii at most."""


def cleared(bodies: Bodies, pos: Floats, angle: Floats, body: int, place: Floats) -> Floats:
    """The nearest place at which a circle, moved to `place`, does not lie inside the others; other bodies need no room.

    Shapes: pos [N, 2] (m), angle [N], place [2] (m) -> [2].
    """
    if bodies.shape[body] != CIRCLE:
        return place
    same = (bodies.group == bodies.group[body]) & (bodies.group[body] != 0)
    solid = (bodies.shape != POINT) & ~same
    solid[bodies.apart[:, (bodies.apart == body).any(axis=0)].ravel()] = False
    solid[body] = False
    shapes, own = bodies.hulls(pos, angle), bodies.radius[body]
    low, high = (corner.numpy() for corner in shapes.boxes)
    room = (bodies.radius + own) * np.where(bodies.moving, YIELD, 1.0)
    for _ in range(ROUNDS):
        near = np.flatnonzero(solid & ((low - own <= place) & (place <= high + own)).all(axis=1))
        if not len(near):
            break
        way, distance = ways_out(shapes[torch.from_numpy(near)], place)
        depth = room[near] - distance
        if not (depth > 0).any():
            break
        deepest = int(np.argmax(depth))
        place = place + depth[deepest] * way[deepest]
        if len(near) == 1:
            break
    return place


def ways_out(shapes: Hulls, place: Floats) -> tuple[Floats, Floats]:
    """The direction from shapes to a place, a unit vector, and how far that is, in metres.

    Radii do not count: circles are points, segments lines; inside a polygon the distance is below 0 and the direction
    the shortest way out. Shapes that are nowhere are infinitely far.

    Shapes: place [2] (m) -> [P, 2], [P].
    """
    corner, count = shapes.corner.numpy(), shapes.count.numpy()
    x, y = np.stack([corner, np.broadcast_to(place, corner.shape)]).transpose(3, 0, 2, 1)
    way, distance = Outlines.of(x, y, np.stack([count, np.ones_like(count)])).apart()
    return way.T, np.nan_to_num(distance, nan=np.inf)
