"""What a walker can do: sets of actions, by name."""

from __future__ import annotations

import math

import numpy as np

from physim.arrays import Floats, Integers
from physim.errors import PhysimError

ACCELERATION = 12.5
"""How hard (m / s^2) a walker drives itself; with what slows it down, it comes to 3.3 m / s."""
FASTEST = 5.0
"""Faster (m / s) no walker is, driving forwards and aside at once."""
TURN = math.radians(10) * 15
"""How fast (rad / s) a walker turns: 10 degrees in a decision of 4 / 60 s."""

LEFT, RIGHT = (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)
FORWARD, BACKWARD = (1.0, 0.0, 0.0), (-1.0, 0.0, 0.0)
ASIDE_LEFT, ASIDE_RIGHT = (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)
FORWARD_LEFT, FORWARD_RIGHT = (1.0, 0.0, 1.0), (1.0, 0.0, -1.0)

ACTIONS = {
    "eight": (LEFT, RIGHT, FORWARD, BACKWARD, ASIDE_LEFT, ASIDE_RIGHT, FORWARD_LEFT, FORWARD_RIGHT),
    "six": (LEFT, RIGHT, FORWARD, BACKWARD, ASIDE_LEFT, ASIDE_RIGHT),
    "three": (FORWARD, LEFT, RIGHT),
}
"""Drive forwards, drive to the left, and turn to the left: the eight of Learning to Navigate (arXiv:1611.03673), the
six of public code for UNREAL, and the least with which every place is reached."""


def action_table(name: str) -> Floats:
    """What the actions [A, 3] of a set do; raises PhysimError where it is unknown."""
    if name not in ACTIONS:
        raise PhysimError(f"actions is {name!r}, wanted one of {', '.join(ACTIONS)}")
    return np.array(ACTIONS[name])


def checked(actions: Integers, count: int, sizes: tuple[int, ...]) -> Integers:
    """Actions as whole numbers of this shape; raises PhysimError where they are none of the `count`."""
    found = np.asarray(actions)
    if found.shape != sizes or found.dtype.kind not in "iu":
        raise PhysimError(f"actions are {found.dtype} of shape {found.shape}, wanted whole numbers of shape {sizes}")
    if ((found < 0) | (found >= count)).any():
        raise PhysimError(
            f"action {int(found.flat[np.argmax((found < 0) | (found >= count))])} is none of 0..{count - 1}"
        )
    return found.astype(np.int64)
