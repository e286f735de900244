"""Room for a body that is held: a hand pushes others away, but presses nothing into them."""

from __future__ import annotations

import numpy as np
import torch

from physim.manifold import Hulls
from physim.meeting import Outlines
from physim.viewer.bodies import CIRCLE, POINT, Bodies, Floats

ROUNDS, PATIENT = 4, 24
"""A body in a corner is moved out of one wall after the other; a new one among many, out of many."""
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
    room = (bodies.radius + bodies.radius[body]) * np.where(bodies.moving, YIELD, 1.0)
    return _moved_out(bodies, bodies.hulls(pos, angle), place, np.where(solid, room, -np.inf), ROUNDS)


def free_place(bodies: Bodies, pos: Floats, angle: Floats, place: Floats, reach: float) -> Floats:
    """The nearest place at which a new disc of some radius touches no shape, as far as there is one.

    Shapes: pos [N, 2] (m), angle [N], place [2] (m) -> [2].
    """
    room = np.where(bodies.shape == POINT, -np.inf, bodies.radius + reach)
    return _moved_out(bodies, bodies.hulls(pos, angle), place, room, PATIENT)


def overlap(bodies: Bodies, pos: Floats, angle: Floats, place: Floats, reach: float) -> float:
    """How deep a new disc of some radius would lie in the shapes that are there, in metres; below 0: how far off.

    Shapes: pos [N, 2] (m), angle [N], place [2] (m).
    """
    _, distance = ways_out(bodies.hulls(pos, angle), place)
    depths = (bodies.radius + reach - distance)[bodies.shape != POINT]
    return float(depths.max(initial=-np.inf))


def _moved_out(bodies: Bodies, shapes: Hulls, place: Floats, room: Floats, rounds: int) -> Floats:
    """A place moved out of the deepest shape, again and again; `room` [N] (m) is how far each must be."""
    low, high = (corner.numpy() for corner in shapes.boxes)
    beside = (room - bodies.radius)[:, None]
    for _ in range(rounds):
        near = np.flatnonzero(((low - beside <= place) & (place <= high + beside)).all(axis=1))
        if not len(near):
            break
        way, distance = ways_out(shapes[torch.from_numpy(near)], place)
        depth = room[near] - distance
        deepest = int(np.argmax(depth))
        if depth[deepest] <= 0:
            break
        place = place + depth[deepest] * way[deepest]
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
