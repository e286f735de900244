"""From what a graph predicts to where bodies are one step later."""

from __future__ import annotations

import torch
from torch import Tensor

PREDICTIONS = ("velocity", "velocity_change")
"""What a graph for an engine may give, by the name of its output."""


def velocity_after(name: str, output: Tensor, vel: Tensor, moves: Tensor) -> Tensor:
    """The velocities by an output of one of the names of PREDICTIONS; what cannot move keeps its velocity.

    Shapes: output, vel [N, 2], moves [N, 1] (1 where a body can move, else 0) -> [N, 2], in vel's precision.
    """
    given = output.to(vel.dtype)
    return torch.where(moves > 0, vel + given if name == "velocity_change" else given, vel)


def position_after(pos: Tensor, old: Tensor, new: Tensor, dt: float, position_rule: float) -> Tensor:
    """The positions after a step of `dt` from the velocity `old` to `new`: pos + dt ((1 - s) old + s new).

    Here s is the position rule.
    Shapes: pos, old, new [N, 2] -> [N, 2].
    """
    return pos + dt * ((1 - position_rule) * old + position_rule * new)
