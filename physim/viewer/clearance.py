"""Room for a body that is held: a hand pushes others away, but presses nothing into them."""

from __future__ import annotations

import numpy as np

from physim.viewer.bodies import CIRCLE, POINT, Bodies, Floats

ROUNDS = 4
"""A body in a corner is moved out of one wall after the other."""
YIELD = 0.9
"""Bodies that can move give way when they are touched; they are overlapped by a tenth of both radii at most."""


def cleared(bodies: Bodies, pos: Floats, angle: Floats, body: int, place: Floats) -> Floats:
    """The nearest place at which a circle, moved to `place`, does not lie inside the others; points need no room.

    Shapes: pos [N, 2] (m), angle [N], place [2] (m) -> [2].
    """
    if bodies.shape[body] != CIRCLE:
        return place
    same = (bodies.group == bodies.group[body]) & (bodies.group[body] != 0)
    solid = (bodies.shape != POINT) & ~same
    solid[body] = False
    if not solid.any():
        return place
    first, second = (ends[solid] for ends in bodies.ends(pos, angle))
    room = (bodies.radius[solid] + bodies.radius[body]) * np.where(bodies.moving[solid], YIELD, 1.0)
    for _ in range(ROUNDS):
        away = place - _nearest(first, second, place)
        distance = np.hypot(*away.T)
        deepest = int(np.argmax(room - distance))
        if distance[deepest] >= room[deepest] or distance[deepest] == 0:
            break
        place = place + away[deepest] * (room[deepest] / distance[deepest] - 1)
    return place


def _nearest(first: Floats, second: Floats, place: Floats) -> Floats:
    """The points of line pieces that are nearest to a place.

    Shapes: first, second [K, 2], place [2] -> [K, 2].
    """
    along = second - first
    squared = np.maximum((along**2).sum(axis=1), 1e-300)
    share = np.clip(((place - first) * along).sum(axis=1) / squared, 0.0, 1.0)
    return first + share[:, None] * along
