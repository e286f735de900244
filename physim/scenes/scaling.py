"""Scenes in another unit of length."""

from __future__ import annotations

import torch

from physim.checks import check_positive
from physim.scenes.scene import SOLVER_FIELDS, Scene

LENGTHS = ("pos", "vel", "radius", "extent", "corner", "edge_anchor", "gravity")
"""The fields that are a length, or a length over a power of time."""
_LENGTH_COLUMNS = (0, 3)  # of edge_attr: rest_length and max_length
_SLOP = SOLVER_FIELDS.index("collision_slop")


def scaled(scene: Scene, length: float) -> Scene:
    """The same scene in another unit of length, of which the old unit holds `length`.

    Moments of inertia go with its square. Masses, seconds, angles, and so the stiffness and damping of springs, stay as
    they are, and so do further columns. A step of the scene is the scene of the step: nothing but the unit changes.

    Raises: PhysimError where the length is not a number above 0.
    """
    check_positive(length=length)
    if length == 1:
        return scene
    columns = torch.ones(scene.edge_attr.shape[1], dtype=torch.float64)
    columns[list(_LENGTH_COLUMNS)] = length
    solver = torch.ones(len(SOLVER_FIELDS), dtype=torch.float64)
    solver[_SLOP] = length
    fields = {name: scene[name] * length for name in LENGTHS}
    fields |= {"moment": scene.moment * length**2, "edge_attr": scene.edge_attr * columns}
    return scene.moved(**fields, solver=scene.solver * solver)
