"""A camera that keeps what is shown in view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from physim.contact_measures import boxes, outside
from physim.scenes.scene import Scene
from physim.viewer.camera import MARGIN, SNUG, Camera
from physim.viewer.panel import Shown


@final
class Aim:
    """Looks at a scene as it begins, and follows it; walls all round it are a view that need not change."""

    def __init__(self, shown: Shown, scene: Scene) -> None:
        self.bodies = shown.bodies
        self.still = bool(boxes(scene).isfinite().all() and not outside(scene).any())
        low, high = self.bodies.outline(shown.state.pos, shown.state.angle)
        self.camera = Camera(low, high, not self.bodies.falls_up, SNUG if self.still else MARGIN)

    def follow(self, shown: Sequence[Shown], seconds: float) -> None:
        """Move on for some seconds; those that have stopped are looked at only where all have."""
        if self.still:
            return
        going = [item for item in shown if not item.message] or shown
        outlines = [item.bodies.outline(item.state.pos, item.state.angle) for item in going]
        low = np.min([outline[0] for outline in outlines], axis=0)
        high = np.max([outline[1] for outline in outlines], axis=0)
        self.camera.follow(low, high, seconds)
