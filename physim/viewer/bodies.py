"""What of a scene stays the same while it moves, as arrays that are quick to draw from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt
import torch

from physim.manifold import Hulls
from physim.scenes.scene import CIRCLE, DYNAMIC, PAIR, POINT, POLYGON, SEGMENT, STATIC, Scene

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

Truths = npt.NDArray[np.bool_]

__all__ = ["CIRCLE", "POINT", "POLYGON", "SEGMENT", "Bodies", "Floats"]


@final
@dataclass(frozen=True)
class Bodies:
    """Shapes, sizes and links of a scene's objects.

    Shapes: mass (kg), shape, radius (m), group [N]; static, moving, turning [N] bool; polygons: the number of each
    polygon, and which of the scene's corners are its own; links [2, L], the springs, pins, pivots and slides; kind [L]
    (RELATION_KINDS); rest and longest [L], the least and the greatest length at which they are at rest (m); off_centre
    [2, L] bool, whether they hold an end elsewhere than at its centre; apart [2, A], objects that links let pass
    through each other.
    """

    mass: Floats
    shape: Integers
    radius: Floats
    group: Integers
    static: Truths
    moving: Truths
    turning: Truths
    polygons: dict[int, Integers]
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
        polygons = (scene.shape == POLYGON).nonzero().ravel().tolist()
        corner_owner = scene.corner_index.numpy()
        return cls(
            mass=scene.mass.numpy(),
            shape=scene.shape.numpy(),
            radius=scene.radius.numpy(),
            group=scene.group.numpy(),
            static=scene.body_type.numpy() == STATIC,
            moving=scene.body_type.numpy() == DYNAMIC,
            turning=np.isfinite(scene.moment.numpy()) | (scene.angular_velocity.numpy() != 0),
            polygons={number: np.flatnonzero(corner_owner == number) for number in polygons},
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

    @property
    def count(self) -> int:
        """The number of objects."""
        return len(self.mass)

    @property
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

    def corners(self, pos: Floats, angle: Floats) -> dict[int, Floats]:
        """The corners of each polygon [K, 2] by its number, in metres.

        Shapes: pos [N, 2], angle [N].
        """
        corners = self._scene.corners_at(torch.tensor(pos), torch.tensor(angle)).numpy()
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

    def outline(self, pos: Floats, angle: Floats) -> tuple[Floats, Floats]:
        """The lowest and the highest corner [2] of a box round all objects, in metres.

        Shapes: pos [N, 2], angle [N].
        """
        low, high = self.hulls(pos, angle).boxes
        return low.amin(dim=0).numpy(), high.amax(dim=0).numpy()
