"""Pictures of rollouts and figures, on matplotlib axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from physim.scenes.scene import PAIR, POINT, POLYGON, SEGMENT, Scene
from physim.scenes.trajectory import Trajectory

INSTANTS = 12
"""How often bodies are drawn along their way."""
POINT_SHARE = 0.01
"""The radius of a point in parts of the picture's width."""


def strobe(trajectory: Trajectory, axes: Any, limits: tuple[float, float, float, float] | None = None) -> Any:
    """Draw the bodies of one scene at instants of their way, the later the darker, as the paper does.

    What is no longer anywhere is not drawn. `limits` are x from, x to, y from, y to in metres; None fits the picture to
    the trajectory.
    """
    from matplotlib import colormaps

    left, right, *_ = limits or limits_of(trajectory)
    for number, instant in enumerate(np.linspace(0, trajectory.steps, INSTANTS).astype(int)):
        shade = (number + 1) / INSTANTS
        _links(trajectory, instant, axes, 0.5 * shade)
        for body in range(trajectory.scene.num_bodies):
            colour = (*colormaps["tab10"](body % 10)[:3], 0.15 + 0.85 * shade**2)
            _body(trajectory.at(instant), body, axes, colour, POINT_SHARE * (right - left))
    axes.set_aspect("equal")
    if limits is None:
        axes.autoscale_view()
    else:
        axes.set(xlim=limits[:2], ylim=limits[2:])
    axes.set(xticks=[], yticks=[])
    return axes


def _body(scene: Scene, body: int, axes: Any, colour: tuple[float, ...], point: float) -> None:
    """Draw one body; a point has a radius of about `point`."""
    from matplotlib.patches import Circle, Polygon

    if not scene.pos[body].isfinite().all():
        return
    still = float(scene.inverse_mass[body]) == 0
    if int(scene.shape[body]) == SEGMENT:
        axes.add_patch(Polygon(_outline(scene, body), color="0.8", linewidth=0, zorder=0))
        return
    if int(scene.shape[body]) == POLYGON:
        corners = scene.corners_at(scene.pos, scene.angle)[scene.corner_index == body]
        axes.add_patch(
            Polygon(corners.tolist(), color="0.8" if still else colour, linewidth=0, zorder=0 if still else 1)
        )
        return
    radius = float(scene.radius[body])
    if int(scene.shape[body]) == POINT:
        radius = point * (0.5 + float(scene.mass[body] / scene.mass.max()) ** (1 / 3))
    axes.add_patch(Circle(scene.pos[body].tolist(), radius, color="0.6" if still else colour, linewidth=0))


def _outline(scene: Scene, body: int) -> list[list[float]]:
    """The corners of a segment."""
    half = scene.half_extents(scene.angle)[body]
    across = torch.stack([-half[1], half[0]]) * (scene.radius[body] / half.norm())
    corners = (half + across, half - across, -half - across, across - half)
    return [(scene.pos[body] + corner).tolist() for corner in corners]


def _links(trajectory: Trajectory, instant: int, axes: Any, shade: float) -> None:
    scene = trajectory.scene
    once = (scene.edge_kind != PAIR) & (scene.edge_index[0] < scene.edge_index[1])
    held = scene.held_at(once, trajectory.pos[instant], trajectory.angle[instant])
    for ends in torch.stack(held, dim=-1):
        axes.plot(*ends.where(ends.isfinite(), torch.nan).tolist(), color="0.3", alpha=shade, linewidth=0.8, zorder=1)


def limits_of(trajectory: Trajectory, margin: float = 0.06) -> tuple[float, float, float, float]:
    """The box round all that a trajectory shows, with a margin: x from, x to, y from, y to in metres."""
    scene, plain = trajectory.scene, trajectory.scene.shape != POLYGON
    half, radius = scene.half_extents(trajectory.angle).abs(), scene.radius[:, None]
    corners = scene.corners_at(trajectory.pos, trajectory.angle)
    places = torch.cat([trajectory.pos[:, plain], corners], dim=1)
    reach = torch.cat([(radius + half)[:, plain], radius[scene.corner_index].expand_as(corners)], dim=1)
    low = (places - reach).amin(dim=(0, 1))
    high = (places + reach).amax(dim=(0, 1))
    room = margin * float((high - low).max())
    (left, bottom), (right, top) = (low - room).tolist(), (high + room).tolist()
    return left, right, bottom, top


def bars(figures: Mapping[str, Mapping[str, float]], axes: Any, label: str) -> Any:
    """Groups of bars on a logarithmic scale: one group a key, one bar a model."""
    models = list(dict.fromkeys(model for group in figures.values() for model in group))
    width = 0.8 / max(1, len(models))
    for number, model in enumerate(models):
        places = [place + width * number for place, group in enumerate(figures.values()) if model in group]
        heights = [group[model] for group in figures.values() if model in group]
        axes.bar(places, heights, width, label=model)
    middles = [place + 0.4 - width / 2 for place in range(len(figures))]
    axes.set_xticks(middles, list(figures), rotation=25, ha="right", rotation_mode="anchor")
    axes.set(yscale="log", ylabel=label)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(fontsize="small", ncols=len(models), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    return axes


def error_curves(errors: Mapping[str, Sequence[float]], dt: float, axes: Any) -> Any:
    """Position errors over time, one line a model, on a logarithmic scale."""
    for model, error in errors.items():
        axes.plot(dt * np.arange(len(error)), np.maximum(error, 1e-9), label=model)
    axes.set(xlabel="time (s)", ylabel="median position error (m)", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return axes
