"""Drawing one scene in motion: ground with a grid, what stands still, trails, links, bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self, final

import numpy as np
import pygame

from physim.colours import Colour, body_colour
from physim.viewer.bodies import CIRCLE, POLYGON, SEGMENT, Bodies, Floats
from physim.viewer.camera import Camera, round_length
from physim.viewer.layout import Layout
from physim.viewer.links import draw_holds, draw_links
from physim.viewer.palette import AXIS, GRID, KINEMATIC, MUTED, PANEL, RIM, STOPPED, WALL, WELL, mixed
from physim.viewer.sprites import Point, draw_bar, draw_disc, draw_plate, draw_polygon, draw_ring
from physim.viewer.text import fitted, rendered, wrapped
from physim.viewer.trail import Trail
from physim.viewer.trail_lines import draw_trails

FEW = 30
"""Discs of more bodies than these do not glow."""
SPOKED, RIMMED = 4.0, 6.0
"""From these radii in pixels on, circles show their angle, and polygons a rim."""
LARGE_FONT = 20
"""From this height of text on, trails are drawn twice as wide."""
GRID_PIXELS = 90
POINT_SHARE = 0.021


class Placed(Protocol):
    """Where objects are.

    Shapes: pos [N, 2], angle [N].
    """

    @property
    def pos(self) -> Floats:
        """Positions in metres."""

    @property
    def angle(self) -> Floats:
        """Angles in radians."""


class Shown(Protocol):
    """A scene in motion, as far as it is drawn, and what lengths are told in; with a message it has stopped."""

    bodies: Bodies
    trail: Trail
    message: str
    unit: str

    @property
    def state(self) -> Placed:
        """Where it is now."""


@final
@dataclass(frozen=True)
class Places:
    """Where everything of a run is drawn, in pixels: centres, both ends of segments and the ends of spokes, by body.

    Shapes: sizes [N], the radii; spans [N], how large bodies are from their centres.
    """

    centres: list[Point]
    first: list[Point]
    second: list[Point]
    spokes: list[Point]
    corners: dict[int, list[Point]]
    sizes: Floats
    spans: Floats

    @classmethod
    def of(cls, run: Shown, camera: Camera, sizes: Floats) -> Self:
        """The places of now, through a camera, of bodies of these radii [N] in pixels."""
        bodies, pos, angle = run.bodies, run.state.pos, run.state.angle
        turned = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        spokes = pos + 0.85 * bodies.radius[:, None] * turned
        points = [pos, *bodies.ends(pos, angle), spokes, bodies.all_corners(pos, angle)]
        pixels = camera.pixels(np.concatenate(points))
        centres, first, second, spokes, corners = (
            part.tolist() for part in np.split(pixels, bodies.count * np.arange(1, 5))
        )
        return cls(
            centres=centres,
            first=first,
            second=second,
            spokes=spokes,
            corners={number: corners[rows] for number, rows in bodies.polygons.items()},
            sizes=sizes,
            spans=sizes + bodies.reach * camera.scale,
        )


@final
class PanelView:
    """A run in one rectangle of the window, seen through the common camera."""

    def __init__(self, surface: pygame.Surface, rectangle: pygame.Rect, layout: Layout) -> None:
        self.surface = surface.subsurface(rectangle)
        self.layout = layout
        self.stage = layout.stage(rectangle)

    def draw(self, run: Shown, camera: Camera) -> None:
        """Draw everything but the figures."""
        camera.fit(*self.stage)
        places = Places.of(run, camera, self.sizes(run, camera))
        self.surface.fill(PANEL)
        self._draw_grid(camera)
        self._draw_fixed(run.bodies, places)
        draw_trails(self.surface, run.trail, run.bodies, run.state.pos, camera, self.layout.font >= LARGE_FONT)
        anchors = run.bodies.anchors(run.state.pos, run.state.angle) if run.bodies.links.size else None
        if anchors is not None:
            draw_links(self.surface, run.bodies, anchors, places.sizes, camera)
        self._draw_bodies(run.bodies, places)
        if anchors is not None:
            draw_holds(self.surface, run.bodies, anchors, camera)
        self._draw_scale(camera, run.unit)
        if run.message:
            self._draw_message(run.message)

    def sizes(self, run: Shown, camera: Camera) -> Floats:
        """The radius of each body in pixels [N]: true for all shapes, by the mass's cube root for points."""
        bodies = run.bodies
        largest = POINT_SHARE * min(self.stage.size) * min(1.0, (8 / bodies.count) ** 0.25)
        share = np.cbrt(bodies.mass / max(float(bodies.mass.max()), 1e-300))
        points = np.maximum(largest * share, max(2.0, 0.3 * largest))
        sized = (bodies.radius > 0) | (bodies.shape == POLYGON)
        return np.where(sized, bodies.radius * camera.scale, points)

    def _draw_grid(self, camera: Camera) -> None:
        width, height = self.surface.get_size()
        corners = camera.metres(np.array([[0.0, 0.0], [width, height]]))
        spacing = round_length(GRID_PIXELS * 1.6 / camera.scale)
        for axis, (start, end) in enumerate(corners.T):
            numbers = np.arange(np.ceil(min(start, end) / spacing), np.floor(max(start, end) / spacing) + 1)
            places = camera.pixels(np.repeat(numbers[:, None] * spacing, 2, axis=1))[:, axis]
            for number, place in zip(numbers.tolist(), places.tolist(), strict=True):
                line = (round(place), 0, 1, height) if axis == 0 else (0, round(place), width, 1)
                self.surface.fill(AXIS if number == 0 else GRID, line)

    def _draw_scale(self, camera: Camera, unit: str) -> None:
        length = round_length(GRID_PIXELS * 1.6 / camera.scale)
        left, bottom = self.layout.padding, self.surface.get_height() - self.layout.padding
        width = round(length * camera.scale)
        for bar in ((left, bottom, width, 1), (left, bottom - 4, 1, 5), (left + width, bottom - 4, 1, 5)):
            self.surface.fill(MUTED, bar)
        label = rendered(f"{length:g} {unit}".rstrip(), self.layout.panel_font, MUTED)
        self.surface.blit(label, (left, bottom - 5 - label.get_height()))

    def _draw_fixed(self, bodies: Bodies, places: Places) -> None:
        """What stands still, in calm colours: walls, wells, and ends that are pinned down."""
        pinned = bodies.pinned
        for body in np.flatnonzero(bodies.static).tolist():
            if bodies.shape[body] in (SEGMENT, POLYGON):
                self._draw_body(bodies, places, body, WALL, WALL)
                continue
            centre, size = places.centres[body], float(places.sizes[body])
            draw_plate(self.surface, centre, size, WELL)
            draw_ring(self.surface, centre, size, MUTED if pinned[body] else WALL)
            if pinned[body]:
                draw_disc(self.surface, centre, max(size / 3, 1.5), MUTED)

    def _draw_bodies(self, bodies: Bodies, places: Places) -> None:
        """What moves, the largest first: by itself in bright colours, from outside in blue."""
        for body in np.argsort(-places.spans, kind="stable").tolist():
            if bodies.kinematic[body]:
                self._draw_body(bodies, places, body, KINEMATIC, RIM)
            elif bodies.moving[body]:
                colour = body_colour(int(bodies.label[body]))
                self._draw_body(bodies, places, body, colour, mixed(colour, PANEL, 0.45))

    def _draw_body(self, bodies: Bodies, places: Places, body: int, colour: Colour, rim: Colour) -> None:
        """One body of any shape; those that are moved from outside have a rim, and polygons that are not tiny."""
        size, shape = float(places.sizes[body]), bodies.shape[body]
        if shape == SEGMENT:
            draw_bar(self.surface, places.first[body], places.second[body], size, colour)
        elif shape == POLYGON:
            draw_polygon(self.surface, places.corners[body], size, colour, rim if places.spans[body] > RIMMED else None)
        else:
            draw_disc(self.surface, places.centres[body], size, colour, glow=bodies.count <= FEW)
            if shape == CIRCLE and bodies.turning[body] and size > SPOKED:
                spoke = mixed(colour, PANEL, 0.6)
                pygame.draw.aaline(self.surface, spoke, places.centres[body], places.spokes[body])
        if bodies.kinematic[body] and shape == SEGMENT:
            pygame.draw.aaline(self.surface, rim, places.first[body], places.second[body])
        elif bodies.kinematic[body] and shape != POLYGON:
            draw_ring(self.surface, places.centres[body], size, rim)

    def _draw_message(self, message: str) -> None:
        """Why the run has stopped, over its last finite state."""
        layout, (width, height) = self.layout, self.surface.get_size()
        font = layout.panel_font
        lines = ["stopped", *wrapped(message, font, width - 4 * layout.padding)]
        lines = lines[: max(1, (height - 2 * layout.padding) // layout.line)]
        tall = len(lines) * layout.line + 2 * layout.padding
        shade = pygame.Surface((width, tall), pygame.SRCALPHA, 32)
        shade.fill((*PANEL, 225))
        top = (height - tall) // 2
        self.surface.blit(shade, (0, top))
        for place, line in enumerate(lines):
            label = fitted(line, font, STOPPED, width - 2 * layout.padding)
            self.surface.blit(label, ((width - label.get_width()) // 2, top + layout.padding + place * layout.line))
