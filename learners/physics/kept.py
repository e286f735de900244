"""How well a rollout keeps what solid bodies, walls and springs demand."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from physim.contact_measures import boxes, outside, penetration
from physim.measures import median, relative_kinetic_energy, relative_spring_lengths, springs_of, static_drift
from physim.scenes.scene import DYNAMIC, POINT, STATE_FIELDS, STATIC
from physim.scenes.trajectory import Trajectory

UNITS = {
    "penetration": "share of a radius, at 99 % of touches",
    "deepest_penetration": "share of a radius",
    "bodies_outside": "bodies",
    "spring_length_error": "share",
    "static_drift": "m",
    "kinetic_energy": "share of the start",
    "kinetic_energy_change": "share of the start",
}
"""The unit of each figure that `kept` may give."""
MARK = 0.99
"""The share of all instants at which a body touches something that are no deeper than `penetration`."""


def kept(run: Trajectory, truth: Trajectory) -> dict[str, float]:
    """The figures, by name, that make sense for the scenes of a rollout; the truth is that at the same instants."""
    scene, figures = run.scene, dict[str, float]()
    solid = (scene.body_type == DYNAMIC) & (scene.shape != POINT)
    if solid.any():
        depths = penetration(run)[:, solid].numpy()
        touches = depths[depths > 0]  # bodies touch nothing most of the time
        figures["penetration"] = float(np.quantile(touches, MARK, method="higher")) if len(touches) else 0.0
        figures["deepest_penetration"] = float(depths.max())
    if boxes(scene).isfinite().any():
        figures["bodies_outside"] = int(outside(run).any(dim=0).sum())
    if springs_of(scene).shape[1]:
        figures["spring_length_error"] = median(_spring_errors(run, truth))
    if (scene.body_type == STATIC).any():
        figures["static_drift"] = float(static_drift(run).max())
    start, end = relative_kinetic_energy(_ends(run))
    if solid.any() and start.isfinite().any():
        share = end[start.isfinite()]
        figures["kinetic_energy"] = median(share)
        figures["kinetic_energy_change"] = median((share - 1).abs())  # gains and losses do not cancel
    return figures


def _spring_errors(run: Trajectory, truth: Trajectory) -> Tensor:
    """How far springs are from their true lengths, the median over the instants and springs of each scene [B]."""
    error = (relative_spring_lengths(run, truth) - 1).abs()
    owner = run.scene.owners[springs_of(run.scene)[0]]
    return torch.tensor([median(error[:, owner == scene]) for scene in owner.unique()], dtype=torch.float64)


def _ends(run: Trajectory) -> Trajectory:
    """The first and the last instant."""
    fields = (getattr(run, name)[[0, -1]] for name in (*STATE_FIELDS, "times"))
    return Trajectory(run.scene, *fields)
