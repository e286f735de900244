"""From what a graph predicts to where bodies are one step later."""

from __future__ import annotations

import torch
from torch import Tensor

from physim.graph import ModuleGraph

PREDICTIONS = ("velocity", "velocity_change")
"""What a graph for an engine may give, by the name of its output."""


def moved(
    graph: ModuleGraph, output: Tensor, pos: Tensor, vel: Tensor, moves: Tensor, dt: float, position_rule: float
) -> tuple[Tensor, Tensor]:
    """Positions and velocities after a step in which a graph gave `output`; what cannot move keeps its velocity.

    pos += dt ((1 - s) old + s new), with s the position rule; differentiable.
    Shapes: output, pos, vel [N, 2], moves [N, 1] (1 where a body can move, else 0) -> pos, vel [N, 2].
    """
    given = output.to(vel.dtype)
    change = given if graph.outputs[0].name == "velocity_change" else given - vel
    after = torch.where(moves > 0, vel + change, vel)
    return pos + dt * ((1 - position_rule) * vel + position_rule * after), after
