"""A camera that keeps what is shown in view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from physim.contact_measures import boxes, outside
from physim.scenes.scene import Scene
from physim.viewer.bodies import Truths
from physim.viewer.camera import MARGIN, SNUG, Camera
from physim.viewer.panel import Shown

LOST = 2.0
"""A body that has fallen so many times the size of the first view below it comes back no more: it is let go."""


@final
class Aim:
    """Looks at a scene as it begins, and follows it; walls all round it are a view that need not change."""

    def __init__(self, shown: Shown, scene: Scene) -> None:
        self.look_again(shown, scene)
        low, high = self.bodies.outline(shown.state.pos, shown.state.angle)
        self.camera = Camera(low, high, not self.bodies.falls_up, SNUG if self.still else MARGIN)
        gravity = scene.gravity[0].numpy()
        pull = float(np.hypot(*gravity))
        self._down = gravity / pull if pull > 0 else np.zeros(2)
        self._lowest = float(np.array([low, high]).dot(self._down).max() + LOST * (high - low).max())

    def look_again(self, shown: Shown, scene: Scene) -> None:
        """Other bodies are there, or other walls; the view stays where it is."""
        self.bodies = shown.bodies
        self.still = bool(boxes(scene).isfinite().all() and not outside(scene).any())

    def follow(self, shown: Sequence[Shown], seconds: float) -> None:
        """Move on for some seconds; those that have stopped are looked at only where all have."""
        if self.still:
            return
        going = [item for item in shown if not item.message] or shown
        outlines = [item.bodies.outline(item.state.pos, item.state.angle, self._here(item)) for item in going]
        low = np.min([outline[0] for outline in outlines], axis=0)
        high = np.max([outline[1] for outline in outlines], axis=0)
        self.camera.follow(low, high, seconds)

    def _here(self, item: Shown) -> Truths:
        """What has not fallen out of the world for good; all of it where everything has."""
        fallen = item.state.pos @ self._down > self._lowest
        here = item.bodies.static | ~fallen
        return here if here.any() else fallen
