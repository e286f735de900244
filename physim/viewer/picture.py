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
from physim.viewer.hud import Hud
from physim.viewer.layout import Layout
from physim.viewer.pace import Speeds
from physim.viewer.palette import EDGE, TEXT
from physim.viewer.panel import PanelView
from physim.viewer.playback import Playback, Spot
from physim.viewer.plots import Plots
from physim.viewer.shelf import Shelf
from physim.viewer.spawning import like_neighbours, reach_of
from physim.viewer.sprites import draw_outline, draw_ring

REACH = 14.0
"""A body is grasped when the mouse is so many pixels from its rim."""
HALO = 4.0
"""From the rim of a body that is held to the ring round it, in pixels."""


@final
class Picture:
    """Draws a playback on surfaces of any size, and knows what lies under the mouse."""

    def __init__(self, playback: Playback) -> None:
        self.playback, self.hud, self.shelf = playback, Hud(), Shelf()
        self.plots = Plots(playback.simulation.world.unit)
        self.mouse: tuple[int, int] | None = None
        self._aim = self._aimed()
        self._panels: dict[str, PanelView] = {}
        self._layout: Layout | None = None
        self._rendered: object = None

    def draw(self, surface: pygame.Surface, seconds: float, speeds: Speeds | None = None) -> None:
        """Draw one frame, `seconds` after the last; figures are rendered anew where `speeds` are given."""
        playback, simulation = self.playback, self.playback.simulation
        layout = self._layout_of(surface)
        self._follow(seconds)
        taken = self.shelf.arrange(layout, len(simulation.snapshots))
        now = (layout, playback.shown, taken, playback.notice, playback.adding, playback.paused)
        anew = speeds is not None or now != self._rendered
        if anew:
            self.hud.refresh(layout, playback, speeds or Speeds(0.0, 0.0), taken)
        self._rendered = now
        for gap in layout.gaps:
            surface.fill(EDGE, gap)
        views = (PanelView(surface, rectangle, layout) for rectangle in layout.rectangles)
        self._panels = dict(zip(playback.shown, views, strict=True))
        for title, panel in self._panels.items():
            panel.draw(simulation.runs[title], self.camera)
        self._draw_hands()
        self.shelf.photograph(simulation.snapshots, self._panels[playback.shown[0]].surface)
        if playback.adding:
            self._draw_ghost()
        if layout.plotting:
            colours = {title: run.place for title, run in simulation.runs.items()}
            self.plots.draw(surface, layout, simulation.comparison.history, colours, anew)
        self.hud.draw(surface, layout)
        self.shelf.draw(surface, layout, simulation.snapshots, simulation.selected)
        if playback.helping:
            draw_help(surface, layout, simulation)

    def spot(self, mouse: tuple[int, int] | None) -> Spot | None:
        """What is under the mouse: bodies that can move come before what stands still there; None beside all panels."""
        title = self._title_at(mouse)
        if mouse is None or title is None:
            return None
        run, panel, place = self.playback.simulation.runs[title], self._panels[title], self.place(title, mouse)
        _, distances = ways_out(run.bodies.hulls(run.state.pos, run.state.angle), place)
        gaps = distances * self.camera.scale - panel.sizes(run, self.camera)
        for chosen, reach in ((run.bodies.moving, REACH), (~run.bodies.moving, 0.0)):
            near = np.where(chosen, gaps, np.inf)
            if near.min() <= reach:
                return Spot(title, place, int(np.argmin(near)))
        return Spot(title, place, None)

    def place(self, title: str, mouse: tuple[int, int]) -> Floats:
        """The place [2] (m) that the mouse points at in a panel's world, be it beyond the panel."""
        panel = self._panels[title]
        self.camera.fit(*panel.stage)
        return self.camera.metres(np.array(mouse, dtype=float) - panel.surface.get_offset())

    @property
    def camera(self) -> Camera:
        """The one view of all panels."""
        return self._aim.camera

    def _title_at(self, mouse: tuple[int, int] | None) -> str | None:
        for title, panel in self._panels.items():
            if mouse is not None and panel.surface.get_rect(topleft=panel.surface.get_offset()).collidepoint(mouse):
                return title
        return None

    def _layout_of(self, surface: pygame.Surface) -> Layout:
        """The layout of now, the same object as long as nothing changes."""
        layout = Layout(surface.get_size(), len(self.playback.shown), self.playback.plotting)
        if layout != self._layout:
            self._layout = layout
        assert self._layout is not None
        return self._layout

    def _draw_hands(self) -> None:
        """A ring round every body that is held."""
        for drag in self.playback.drags:
            for title, panel in self._panels.items():
                if self.playback.simulation.runs[title] is drag.run:
                    self.camera.fit(*panel.stage)
                    reach = drag.run.bodies.reach[drag.body] * self.camera.scale
                    size = panel.sizes(drag.run, self.camera)[drag.body] + reach
                    centre = self.camera.pixels(drag.run.state.pos[drag.body]).tolist()
                    draw_ring(panel.surface, centre, float(size) + HALO, TEXT)

    def _draw_ghost(self) -> None:
        """The outline of what a click would add."""
        title, kind = self._title_at(self.mouse), self.playback.adding
        if title is None or self.mouse is None or kind is None or self.playback.drags:
            return
        scene = self.playback.simulation.runs[title].state.scene
        body = like_neighbours(scene, kind, self.place(title, self.mouse), 0)
        surface = self._panels[title].surface
        if len(body.corner):
            draw_outline(surface, self.camera.pixels((body.pos + body.corner).numpy()).tolist(), TEXT)
        else:
            centre = self.camera.pixels(body.pos[0].numpy()).tolist()
            draw_ring(surface, centre, max(reach_of(body) * self.camera.scale, 3.0), TEXT)

    def _aimed(self) -> Aim:
        simulation = self.playback.simulation
        self._world = (simulation.world, simulation.seed)
        return Aim(simulation.truth, simulation.truth.state.scene)

    def _follow(self, seconds: float) -> None:
        """Keep all bodies of all panels in view; the view holds still while a body is dragged."""
        simulation = self.playback.simulation
        if self._world != (simulation.world, simulation.seed):
            self._aim = self._aimed()
        elif simulation.truth.bodies is not self._aim.bodies:
            self._aim.look_again(simulation.truth, simulation.truth.state.scene)
        if not self.playback.drags:
            self._aim.follow([simulation.runs[title] for title in self.playback.shown], seconds)
