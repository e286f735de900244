"""What of a scene stays the same while it moves, as arrays that are quick to draw from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from physim.scenes.scene import BODY_TYPES, RELATION_KINDS, SHAPE_KINDS, Scene

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

POINT, CIRCLE, SEGMENT = map(SHAPE_KINDS.index, ("point", "circle", "segment"))
STATIC = BODY_TYPES.index("static")
PAIR = RELATION_KINDS.index("pair")


@final
@dataclass(frozen=True)
class Bodies:
    """Shapes, sizes and links of a scene's objects.

    Shapes: mass (kg), shape, radius (m) [N]; static [N] bool; extent [N, 2] (m); links [2, L], the springs and pins.
    """

    mass: Floats
    shape: Integers
    radius: Floats
    extent: Floats
    static: npt.NDArray[np.bool_]
    links: Integers
    falls_up: bool

    @classmethod
    def of(cls, scene: Scene) -> Bodies:
        """The arrays of one scene."""
        linked = scene.edge_index.numpy()[:, scene.edge_kind.numpy() != PAIR]
        return cls(
            mass=scene.mass.numpy(),
            shape=scene.shape.numpy(),
            radius=scene.radius.numpy(),
            extent=scene.extent.numpy(),
            static=scene.body_type.numpy() == STATIC,
            links=linked[:, linked[0] < linked[1]],
            falls_up=float(scene.gravity[0, 1]) > 0,
        )

    @property
    def count(self) -> int:
        """The number of objects."""
        return len(self.mass)

    def ends(self, pos: Floats, angle: Floats) -> tuple[Floats, Floats]:
        """Both ends of every object's segment, in metres; for points and circles both are the centre.

        Shapes: pos [N, 2], angle [N] -> [N, 2] each.
        """
        cosine, sine = np.cos(angle), np.sin(angle)
        x, y = self.extent.T
        half = np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=1)
        return pos - half, pos + half

    def outline(self, pos: Floats, angle: Floats) -> tuple[Floats, Floats]:
        """The lowest and the highest corner [2] of a box round all objects, in metres.

        Shapes: pos [N, 2], angle [N].
        """
        first, second = self.ends(pos, angle)
        margin = self.radius[:, None]
        low = np.minimum(first, second) - margin
        high = np.maximum(first, second) + margin
        return low.min(axis=0), high.max(axis=0)
