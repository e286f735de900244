"""What of a scene stays the same while it moves, as arrays that are quick to draw from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from physim.scenes.scene import CIRCLE, DYNAMIC, PAIR, POINT, SEGMENT, SPRING, STATIC, Scene

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

Truths = npt.NDArray[np.bool_]

__all__ = ["CIRCLE", "POINT", "SEGMENT", "Bodies", "Floats"]


@final
@dataclass(frozen=True)
class Bodies:
    """Shapes, sizes and links of a scene's objects.

    Shapes: mass (kg), shape, radius (m), group [N]; static, moving, turning [N] bool; extent [N, 2] (m); links [2, L],
    the springs and pins; rest [L], their lengths at rest (m); springs [L] bool, which of them are springs.
    """

    mass: Floats
    shape: Integers
    radius: Floats
    extent: Floats
    group: Integers
    static: Truths
    moving: Truths
    turning: Truths
    links: Integers
    rest: Floats
    springs: Truths
    falls_up: bool

    @classmethod
    def of(cls, scene: Scene) -> Bodies:
        """The arrays of one scene."""
        first, second = scene.edge_index.numpy()
        kind, values = scene.edge_kind.numpy(), scene.edge_attr.numpy()
        chosen = (kind != PAIR) & (first < second)  # each stands there twice, there and back
        return cls(
            mass=scene.mass.numpy(),
            shape=scene.shape.numpy(),
            radius=scene.radius.numpy(),
            extent=scene.extent.numpy(),
            group=scene.group.numpy(),
            static=scene.body_type.numpy() == STATIC,
            moving=scene.body_type.numpy() == DYNAMIC,
            turning=np.isfinite(scene.moment.numpy()) | (scene.angular_velocity.numpy() != 0),
            links=np.stack([first, second])[:, chosen],
            rest=values[chosen, 0],
            springs=kind[chosen] == SPRING,
            falls_up=float(scene.gravity[0, 1]) > 0,
        )

    @property
    def count(self) -> int:
        """The number of objects."""
        return len(self.mass)

    @property
    def pinned(self) -> Truths:
        """Which objects stand still and hold a spring or a pin [N]."""
        held = np.zeros(self.count, dtype=bool)
        held[self.links.ravel()] = True
        return held & self.static

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
