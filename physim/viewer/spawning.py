"""New bodies, like those around them."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.scenes.scene import CIRCLE, DYNAMIC, POINT, POLYGON, SEGMENT, Scene
from physim.viewer.bodies import LABEL, Floats
from physim.viewer.clearance import free_place, overlap
from physim.viewer.simulation import Simulation

Kind = Literal["circle", "box"]
KINDS: tuple[Kind, ...] = ("circle", "box")
STILL = ("vel", "angle", "angular_velocity", "extent", "group")
"""What a new body has none of, whatever its neighbour has."""
DEEPEST = 0.1
"""How deep a new body may lie in others, as a share of its reach: engines push them apart."""


def spawn(simulation: Simulation, title: str, kind: Kind, place: Floats) -> int:
    """Add a body to all runs, at the place [2] (m) or as near to it as one has room for it; gives its label.

    Raises: PhysimError where a run has no room near the place, or an engine refuses the body.
    """
    run = simulation.runs[title]
    body = like_neighbours(run.state.scene, kind, place, simulation.new_label())
    reach = reach_of(body)
    free = free_place(run.bodies, run.state.pos, run.state.angle, place, reach)
    for panel, other in simulation.runs.items():
        depth = overlap(other.bodies, other.state.pos, other.state.angle, free, reach)
        if depth > DEEPEST * reach or np.hypot(*(free - place)) > reach:
            raise PhysimError(f"there is no room for a {kind} here in the panel {panel}")
    simulation.add(body.moved(pos=torch.from_numpy(free)[None]))
    return int(body[LABEL])


def like_neighbours(scene: Scene, kind: Kind, place: Floats, label: int) -> Scene:
    """A circle or a box at rest, as a scene of one object, with the mass, the area and the surface of the nearest body.

    Among points it is a point. Shapes: place [2] (m).
    """
    dynamic = (scene.body_type == DYNAMIC).nonzero().ravel()
    near = int(dynamic[(scene.pos[dynamic] - torch.from_numpy(place)).square().sum(dim=1).argmin()])
    fields = {name: scene[name][near : near + 1] for name in scene.object_fields}
    fields |= {name: torch.zeros_like(fields[name]) for name in STILL}
    fields |= {"pos": torch.from_numpy(place)[None], LABEL: torch.tensor([float(label)], dtype=torch.float64)}
    if scene.shape[near] != POINT:
        fields |= _circle(fields, size_of(scene, near)) if kind == "circle" else _box(fields, size_of(scene, near))
    none = torch.zeros(2, 0, dtype=torch.int64)
    return Scene.of(fields.pop("pos"), fields.pop("vel"), fields.pop("mass"), edge_index=none, **fields)


def size_of(scene: Scene, number: int) -> float:
    """The radius of the disc that has the area of an object, about, in metres."""
    radius = float(scene.radius[number])
    if scene.shape[number] == SEGMENT:
        return math.sqrt(4 * radius * float(scene.extent[number].norm()) / math.pi + radius**2)
    if scene.shape[number] == POLYGON:
        x, y = scene.corner[scene.corner_index == number].T
        area = float((x * y.roll(-1) - x.roll(-1) * y).sum()) / 2
        return math.sqrt(area / math.pi) + radius
    return radius


def reach_of(body: Scene) -> float:
    """The radius of the disc in which an object lies however it is turned, in metres."""
    corners = body.corner.norm(dim=1).max() if len(body.corner) else 0.0
    return float(body.radius + body.extent.norm() + corners)


def _circle(fields: dict[str, Tensor], size: float) -> dict[str, Tensor]:
    return _shaped(fields, CIRCLE, size, size**2 / 2)


def _box(fields: dict[str, Tensor], size: float) -> dict[str, Tensor]:
    half = math.sqrt(math.pi) * size / 2
    corner = half * torch.tensor([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]], dtype=torch.float64)
    own = {"corner": corner, "corner_index": torch.zeros(4, dtype=torch.int64)}
    return own | _shaped(fields, POLYGON, 0.0, 2 * half**2 / 3)


def _shaped(fields: dict[str, Tensor], shape: int, radius: float, gyration: float) -> dict[str, Tensor]:
    """The shape's fields; what cannot turn has neighbours that cannot turn. `gyration`: moment over mass."""
    moment = torch.where(fields["moment"].isfinite(), gyration * fields["mass"], torch.inf)
    radii = torch.tensor([radius], dtype=torch.float64)
    return {"shape": torch.tensor([shape]), "radius": radii, "moment": moment}
