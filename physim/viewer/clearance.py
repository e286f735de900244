"""Room for a body that is held: a hand pushes others away, but presses nothing into them."""

from __future__ import annotations

import numpy as np

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
    if not solid.any():
        return place
    room = (bodies.radius + bodies.radius[body]) * np.where(bodies.moving, YIELD, 1.0)
    return _moved_out(bodies, pos, angle, place, np.where(solid, room, -np.inf), ROUNDS)


def free_place(bodies: Bodies, pos: Floats, angle: Floats, place: Floats, reach: float) -> Floats:
    """The nearest place at which a new disc of some radius touches no shape, as far as there is one.

    Shapes: pos [N, 2] (m), angle [N], place [2] (m) -> [2].
    """
    room = np.where(bodies.shape == POINT, -np.inf, bodies.radius + reach)
    return _moved_out(bodies, pos, angle, place, room, PATIENT)


def overlap(bodies: Bodies, pos: Floats, angle: Floats, place: Floats, reach: float) -> float:
    """How deep a new disc of some radius would lie in the shapes that are there, in metres; below 0: how far off.

    Shapes: pos [N, 2] (m), angle [N], place [2] (m).
    """
    _, distance = ways_out(bodies, pos, angle, place)
    depths = (bodies.radius + reach - distance)[bodies.shape != POINT]
    return float(depths.max(initial=-np.inf))


def _moved_out(bodies: Bodies, pos: Floats, angle: Floats, place: Floats, room: Floats, rounds: int) -> Floats:
    """A place moved out of the deepest object, again and again; `room` [N] (m) is how far each must be."""
    for _ in range(rounds):
        way, distance = ways_out(bodies, pos, angle, place)
        depth = room - distance
        deepest = int(np.argmax(depth))
        if depth[deepest] <= 0:
            break
        place = place + depth[deepest] * way[deepest]
    return place


def ways_out(bodies: Bodies, pos: Floats, angle: Floats, place: Floats) -> tuple[Floats, Floats]:
    """The direction from each object to a place, a unit vector (0 on the object), and how far that is, in metres.

    Circles are taken for points, segments for lines; inside a polygon the distance is below 0 and the direction the
    shortest way out.

    Shapes: pos [N, 2] (m), angle [N], place [2] (m) -> [N, 2], [N].
    """
    with np.errstate(over="ignore", invalid="ignore"):
        away = place - _nearest(*bodies.ends(pos, angle), place)
        distance = np.hypot(*away.T)
        way = away / np.maximum(distance, 1e-300)[:, None]
        for number, corners in bodies.corners(pos, angle).items():
            way[number], distance[number] = _way_out_of(corners, place)
    return way, np.nan_to_num(distance, nan=np.inf)


def _way_out_of(corners: Floats, place: Floats) -> tuple[Floats, float]:
    """The direction from a polygon to a place, and how far that is: below 0 inside.

    Shapes: corners [K, 2], counter-clockwise, place [2] -> [2].
    """
    following = np.roll(corners, -1, axis=0)
    x, y = (following - corners).T
    normals = np.stack([y, -x], axis=1) / np.hypot(x, y)[:, None]
    heights = ((place - corners) * normals).sum(axis=1)
    if heights.max() <= 0:
        return normals[heights.argmax()], float(heights.max())
    away = place - _nearest(corners, following, place)
    distance = np.hypot(*away.T)
    return away[distance.argmin()] / distance.min(), float(distance.min())


def _nearest(first: Floats, second: Floats, place: Floats) -> Floats:
    """The points of line pieces that are nearest to a place.

    Shapes: first, second [K, 2], place [2] -> [K, 2].
    """
    along = second - first
    squared = np.maximum((along**2).sum(axis=1), 1e-300)
    share = np.clip(((place - first) * along).sum(axis=1) / squared, 0.0, 1.0)
    return first + share[:, None] * along
