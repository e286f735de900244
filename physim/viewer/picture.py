"""The whole window as a picture of a playback."""

from __future__ import annotations

from typing import final

import numpy as np
import pygame

from physim.viewer.aim import Aim
from physim.viewer.bodies import Floats
from physim.viewer.camera import Camera
from physim.viewer.clearance import ways_out
from physim.viewer.help import draw_help
from physim.viewer.hud import Hud, Speeds
from physim.viewer.layout import Layout
from physim.viewer.palette import EDGE
from physim.viewer.panel import PanelView
from physim.viewer.playback import Playback
from physim.viewer.plots import Plots

REACH = 14.0
"""A body is grasped when the mouse is so many pixels from its rim."""


@final
class Picture:
    """Draws a playback on surfaces of any size, and knows what lies under the mouse."""

    def __init__(self, playback: Playback) -> None:
        self.playback, self.hud, self.plots = playback, Hud(), Plots()
        self._aim = self._aimed()
        self._offset = np.zeros(2)
        self._panels: dict[str, PanelView] = {}
        self._layout: Layout | None = None

    def draw(self, surface: pygame.Surface, seconds: float, speeds: Speeds | None = None) -> None:
        """Draw one frame, `seconds` after the last; figures are rendered anew where `speeds` are given."""
        layout = Layout(surface.get_size(), len(self.playback.shown), self.playback.plotting)
        self._follow(seconds)
        anew = layout != self._layout or speeds is not None
        if anew:
            self.hud.refresh(layout, self.playback, speeds or Speeds(0.0, 0.0))
        self._layout = layout
        surface.fill(EDGE)
        views = (PanelView(surface, rectangle, layout) for rectangle in layout.rectangles)
        self._panels = dict(zip(self.playback.shown, views, strict=True))
        for name, panel in self._panels.items():
            panel.draw(self.playback.simulation.runs[name], self.camera)
        if layout.plotting:
            self.plots.draw(surface, layout, self.playback.simulation.history, anew)
        self.hud.draw(surface, layout)
        if self.playback.helping:
            draw_help(surface, layout, self.playback.simulation)

    def grab(self, mouse: tuple[int, int]) -> None:
        """Take hold of the body under the mouse, if there is one."""
        for name, panel in self._panels.items():
            run = self.playback.simulation.runs[name]
            place = self._within(panel, mouse)
            if run.message or not panel.surface.get_rect().collidepoint(*place):
                continue
            shapes = run.bodies.hulls(run.state.pos, run.state.angle)
            _, distances = ways_out(shapes, self.camera.metres(place))
            gaps = distances * self.camera.scale - panel.sizes(run, self.camera)
            gaps[~run.bodies.moving] = np.inf
            body = int(np.argmin(gaps))
            if gaps[body] < REACH:
                self.playback.grab(name, body)
                self._offset = run.state.pos[body] - self.camera.metres(place)

    def move(self, mouse: tuple[int, int]) -> None:
        """The held body follows the mouse, which keeps hold of where it took it."""
        drag = self.playback.drag
        if drag is not None and drag.name in self._panels:
            drag.position = self.camera.metres(self._within(self._panels[drag.name], mouse)) + self._offset

    @staticmethod
    def _within(panel: PanelView, mouse: tuple[int, int]) -> Floats:
        """The mouse in the panel's own pixels."""
        return np.array(mouse, dtype=float) - panel.surface.get_offset()

    @property
    def camera(self) -> Camera:
        """The one view of all panels."""
        return self._aim.camera

    def _aimed(self) -> Aim:
        truth = self.playback.simulation.truth
        return Aim(truth, truth.state.scene)

    def _follow(self, seconds: float) -> None:
        """Keep all bodies of all panels in view; the view holds still while a body is dragged."""
        simulation = self.playback.simulation
        if simulation.truth.bodies is not self._aim.bodies:
            self._aim = self._aimed()
        if self.playback.drag is None:
            self._aim.follow([simulation.runs[name] for name in self.playback.shown], seconds)
