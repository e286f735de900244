"""One scene in motion, without figures, for whoever moves it."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
import numpy.typing as npt
import pygame

from physim.colours import body_colour
from physim.scenes.scene import Scene
from physim.viewer.aim import Aim
from physim.viewer.bodies import Bodies, Floats
from physim.viewer.layout import Layout
from physim.viewer.panel import PanelView
from physim.viewer.simulation import usual_steps
from physim.viewer.sprites import draw_ring
from physim.viewer.stage import FRAME, Canvas, Stage, Window
from physim.viewer.trail import Trail

SIZE = (640, 480)
GOAL = 9.0
"""The radius of a goal in pixels."""


class Place(NamedTuple):
    """Where all objects are: positions [N, 2] (m) and angles [N]."""

    pos: Floats
    angle: Floats


@final
class SceneView:
    """Draws a scene wherever it is moved to, in a window (`live`) or in memory, with a ring at its first body's goal.

    Lengths are told in `unit`.

    A window shows a frame for every sixtieth of a second of the scene's own time, and waits as long.
    Raises: PhysimError where a window is wanted and there is no display.
    """

    def __init__(self, scene: Scene, goal: Floats | None, live: bool, unit: str = "m") -> None:
        self._stage: Stage = Window(SIZE, "physim") if live else Canvas(SIZE)
        self._live, self.unit = live, unit
        self.begin(scene, goal)

    def begin(self, scene: Scene, goal: Floats | None) -> None:
        """Show another scene, with its goal [2] (m)."""
        self.message, self._goal = "", goal
        self.bodies, self.state = Bodies.of(scene), Place(scene.pos.numpy(), scene.angle.numpy())
        self.trail, self._aim = Trail(self.state.pos), Aim(self, scene)
        self._steps, self._seconds = 0, 0.0
        self._show()

    def move(self, pos: Floats, angle: Floats, seconds: float) -> None:
        """Move the objects to where they are after a step of some seconds.

        Shapes: pos [N, 2] (m), angle [N].
        """
        self.state = Place(pos, angle)
        self._steps, self._seconds = self._steps + 1, self._seconds + seconds
        if self._steps % usual_steps(seconds) == 0:
            self.trail.append(pos)
        if self._seconds >= FRAME:
            self._show()

    def frame(self) -> npt.NDArray[np.uint8]:
        """The picture of now [H, W, 3]."""
        self._draw()
        return pygame.surfarray.array3d(self._stage.surface).transpose(1, 0, 2).copy()

    def close(self) -> None:
        """Close the window, if there is one."""
        self._stage.close()

    def _show(self) -> None:
        """Draw and present, where somebody looks; what a user does to the window is let pass."""
        if self._live:
            self._stage.events()
            self._draw()
            self._stage.present()

    def _draw(self) -> None:
        surface = self._stage.surface
        layout = Layout(surface.get_size(), 1, figures=False)
        self._aim.follow([self], self._seconds)
        self._seconds = 0.0
        if self._goal is not None:
            self._aim.camera.keep(self._goal)
        PanelView(surface, surface.get_rect(), layout).draw(self, self._aim.camera)
        if self._goal is not None:
            place, first = self._aim.camera.pixels(self._goal).tolist(), int(np.argmax(self.bodies.moving))
            draw_ring(surface, place, GOAL, body_colour(first))
