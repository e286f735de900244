"""What of a scene stays the same while it moves, as arrays that are quick to draw from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import numpy.typing as npt
import torch

from physim.manifold import Hulls
from physim.scenes.scene import CIRCLE, DYNAMIC, KINEMATIC, PAIR, POINT, POLYGON, SEGMENT, STATIC, Scene

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

Truths = npt.NDArray[np.bool_]

LABEL = "label"
"""The column of a scene that holds the labels of its objects, in a window where some come and go."""

__all__ = ["CIRCLE", "LABEL", "POINT", "POLYGON", "SEGMENT", "Bodies", "Floats"]


def labels_of(scene: Scene) -> Integers:
    """What each object of a scene is called for life [N]: its number, where nobody says."""
    return scene[LABEL].numpy().astype(np.int64) if LABEL in scene else np.arange(scene.num_bodies)


@final
@dataclass(frozen=True)
class Bodies:
    """Shapes, sizes and links of a scene's objects.

    Shapes: label [N], what each is called for life, whatever comes and goes; mass (kg), shape, radius (m), group [N];
    static, kinematic, moving (the others), turning [N] bool; polygons: the number of each polygon, and which of the
    scene's corners are its own; links [2, L], the springs, pins, pivots and slides; kind [L] (RELATION_KINDS); rest and
    longest [L], the least and the greatest length at which they are at rest (m); off_centre [2, L] bool, whether they
    hold an end elsewhere than at its centre; apart [2, A], objects that links let pass through each other.
    """

    label: Integers

    mass: Floats
    shape: Integers
    radius: Floats
    group: Integers
    static: Truths
    kinematic: Truths
    moving: Truths
    turning: Truths
    polygons: dict[int, slice]
    links: Integers
    kind: Integers
    rest: Floats
    longest: Floats
    off_centre: Truths
    apart: Integers
    falls_up: bool
    _scene: Scene
    _hulls: Hulls
    _linked: torch.Tensor

    @classmethod
    def of(cls, scene: Scene) -> Bodies:
        """The arrays of one scene."""
        linked = (scene.edge_kind != PAIR) & (scene.edge_index[0] < scene.edge_index[1])  # each stands there twice
        rest, _, _, longest = scene.edge_attr[linked].numpy().T
        owners, starts, counts = np.unique(scene.corner_index.numpy(), return_index=True, return_counts=True)
        rows = map(slice, starts.tolist(), (starts + counts).tolist())
        return cls(
            label=labels_of(scene),
            mass=scene.mass.numpy(),
            shape=scene.shape.numpy(),
            radius=scene.radius.numpy(),
            group=scene.group.numpy(),
            static=scene.body_type.numpy() == STATIC,
            kinematic=scene.body_type.numpy() == KINEMATIC,
            moving=scene.body_type.numpy() == DYNAMIC,
            turning=np.isfinite(scene.moment.numpy()) | (scene.angular_velocity.numpy() != 0),
            polygons=dict(zip(owners.tolist(), rows, strict=True)),
            links=scene.edge_index[:, linked].numpy(),
            kind=scene.edge_kind[linked].numpy(),
            rest=rest,
            longest=np.maximum(rest, longest),
            off_centre=(scene.edge_anchor[linked].reshape(-1, 2, 2) != 0).any(dim=-1).T.numpy(),
            apart=scene.apart.numpy(),
            falls_up=float(scene.gravity[0, 1]) > 0,
            _scene=scene,
            _hulls=Hulls.of(scene),
            _linked=linked,
        )

    @cached_property
    def reach(self) -> Floats:
        """How far the corners of polygons and the ends of segments are from the centre, in metres [N]."""
        reach = np.hypot(*self._scene.extent.numpy().T)
        np.maximum.at(reach, self._scene.corner_index.numpy(), np.hypot(*self._scene.corner.numpy().T))
        return reach

    @property
    def count(self) -> int:
        """The number of objects."""
        return len(self.mass)

    @cached_property
    def pinned(self) -> Truths:
        """Which objects stand still and hold a spring or a joint [N]."""
        held = np.zeros(self.count, dtype=bool)
        held[self.links.ravel()] = True
        return held & self.static

    def ends(self, pos: Floats, angle: Floats) -> tuple[Floats, Floats]:
        """Both ends of every object's segment, in metres; for all other objects both are the centre.

        Shapes: pos [N, 2], angle [N] -> [N, 2] each.
        """
        half = self._scene.half_extents(torch.tensor(angle)).numpy()
        return pos - half, pos + half

    def all_corners(self, pos: Floats, angle: Floats) -> Floats:
        """The corners of all polygons, in metres; `polygons` says which are whose.

        Shapes: pos [N, 2], angle [N] -> [C, 2].
        """
        return self._scene.corners_at(torch.tensor(pos), torch.tensor(angle)).numpy()

    def corners(self, pos: Floats, angle: Floats) -> dict[int, Floats]:
        """The corners of each polygon [K, 2] by its number, in metres.

        Shapes: pos [N, 2], angle [N].
        """
        corners = self.all_corners(pos, angle)
        return {number: corners[rows] for number, rows in self.polygons.items()}

    def anchors(self, pos: Floats, angle: Floats) -> Floats:
        """Where links hold both of their ends, in metres.

        Shapes: pos [N, 2], angle [N] -> [2, L, 2].
        """
        return torch.stack(self._scene.held_at(self._linked, torch.tensor(pos), torch.tensor(angle))).numpy()

    def hulls(self, pos: Floats, angle: Floats) -> Hulls:
        """The shapes of all objects where they lie.

        Shapes: pos [N, 2] (m), angle [N].
        """
        return self._hulls.placed(torch.tensor(pos), torch.tensor(angle))

    def outline(self, pos: Floats, angle: Floats, chosen: Truths | None = None) -> tuple[Floats, Floats]:
        """The lowest and the highest corner [2] of a box round all objects, or the chosen ones, in metres.

        Shapes: pos [N, 2], angle [N], chosen [N].
        """
        low, high = (corner.numpy() for corner in self.hulls(pos, angle).boxes)
        rows = slice(None) if chosen is None else chosen
        return low[rows].min(axis=0), high[rows].max(axis=0)
