"""From what a graph predicts to how bodies move one step later: the one learned step of engines and of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

PREDICTIONS = ("velocity", "velocity_change", "motion_change")
"""What a graph for an engine may give, by the name of its output: the last also turns bodies and shifts them."""
TURNING = ("angle", "angular_velocity")


def motion_after(
    name: str, output: Tensor, now: Mapping[str, Any], dt: float, position_rule: float
) -> dict[str, Tensor]:
    """The motion one step of `dt` after `now`, by an output of one of the names of PREDICTIONS.

    Shapes: now has pos, vel [N, 2], moves [N, 1] (1 where a body can move, else 0) and, where bodies turn, angle and
    angular_velocity [N, 1]; output [N, 2], or for "motion_change" [N, 6]: the changes of velocity and of angular
    velocity, and the shifts of position and angle beside those that the velocities give. What cannot move keeps its
    velocity. Gives pos, vel, angle and angular_velocity as they are in `now`.
    """
    pos, vel, moves = now["pos"], now["vel"], now["moves"]
    given = output.to(vel.dtype)
    after = {"vel": torch.where(moves > 0, given[:, :2] if name == "velocity" else vel + given[:, :2], vel)}
    after["pos"] = position_after(pos, vel, after["vel"], dt, position_rule)
    if "angle" not in now:
        return after
    angle, turning = (now[field] for field in TURNING)
    after["angular_velocity"] = turning
    if name == "motion_change":
        given = given * moves
        after["angular_velocity"] = turning + given[:, 2:3]
        after["pos"], angle = after["pos"] + given[:, 3:5], angle + given[:, 5:6]
    after["angle"] = position_after(angle, turning, after["angular_velocity"], dt, position_rule)
    return after


def position_after(place: Tensor, old: Tensor, new: Tensor, dt: float, position_rule: float) -> Tensor:
    """Where velocities that go from `old` to `new` in a step of `dt` carry: place + dt ((1 - s) old + s new).

    Here s is the position rule.
    Shapes: place, old, new [N, D] -> [N, D].
    """
    return place + dt * ((1 - position_rule) * old + position_rule * new)


def motion_change(before: Mapping[str, Tensor], after: Mapping[str, Tensor], dt: float, position_rule: float) -> Tensor:
    """The "motion_change" [N, 6] that makes `after` of `before`; the inverse of `motion_after`.

    Shapes: pos, vel [N, 2], angle, angular_velocity [N, 1] of both.
    """
    shifts = [
        after[place] - position_after(before[place], before[speed], after[speed], dt, position_rule)
        for place, speed in (("pos", "vel"), TURNING)
    ]
    changes = [after[speed] - before[speed] for speed in ("vel", "angular_velocity")]
    return torch.cat([*changes, *shifts], dim=-1)
