"""Drawing one scene in motion: ground with a grid, what stands still, trails, links, bodies."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Protocol, final

import numpy as np
import pygame

from physim.viewer.bodies import CIRCLE, POLYGON, SEGMENT, Bodies, Floats
from physim.viewer.camera import Camera, round_length
from physim.viewer.layout import Layout
from physim.viewer.links import draw_holds, draw_links
from physim.viewer.palette import AXIS, GRID, MUTED, PANEL, STOPPED, WALL, WELL, Colour, body_colour, mixed
from physim.viewer.sprites import draw_bar, draw_disc, draw_plate, draw_polygon, draw_ring
from physim.viewer.text import rendered, wrapped
from physim.viewer.trail import Trail

BANDS = 12
PIECE = 4.0
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
    """A scene in motion, as far as it is drawn; with a message it has stopped."""

    bodies: Bodies
    trail: Trail
    message: str

    @property
    def state(self) -> Placed:
        """Where it is now."""


@lru_cache(maxsize=1024)
def trail_colours(body: int) -> list[Colour]:
    """The colours of a trail, band by band, the oldest first."""
    return [mixed(PANEL, body_colour(body), 0.9 * ((band + 1) / BANDS) ** 1.5) for band in range(BANDS)]


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
        self.surface.fill(PANEL)
        self._draw_grid(camera)
        self._draw_fixed(run, camera)
        self._draw_trails(run, camera)
        anchors = run.bodies.anchors(run.state.pos, run.state.angle)
        draw_links(self.surface, run.bodies, anchors, self.sizes(run, camera), camera)
        self._draw_bodies(run, camera)
        draw_holds(self.surface, run.bodies, anchors, camera)
        self._draw_scale(camera)
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
            for number, place in zip(numbers, places, strict=True):
                line = (round(place), 0, 1, height) if axis == 0 else (0, round(place), width, 1)
                self.surface.fill(AXIS if number == 0 else GRID, line)

    def _draw_scale(self, camera: Camera) -> None:
        length = round_length(GRID_PIXELS * 1.6 / camera.scale)
        left, bottom = self.layout.padding, self.surface.get_height() - self.layout.padding
        width = round(length * camera.scale)
        for bar in ((left, bottom, width, 1), (left, bottom - 4, 1, 5), (left + width, bottom - 4, 1, 5)):
            self.surface.fill(MUTED, bar)
        label = rendered(f"{length:g} m", self.layout.font, MUTED)
        self.surface.blit(label, (left, bottom - 5 - label.get_height()))

    def _draw_fixed(self, run: Shown, camera: Camera) -> None:
        """What stands still, in calm colours: walls, wells, and ends that are pinned down."""
        bodies, pos, pinned = run.bodies, run.state.pos, run.bodies.pinned
        first, second = map(camera.pixels, bodies.ends(pos, run.state.angle))
        corners = bodies.corners(pos, run.state.angle)
        centres, sizes = camera.pixels(pos), self.sizes(run, camera)
        for body in np.flatnonzero(bodies.static).tolist():
            size = float(sizes[body])
            if bodies.shape[body] == SEGMENT:
                draw_bar(self.surface, first[body], second[body], size, WALL)
                continue
            if bodies.shape[body] == POLYGON:
                draw_polygon(self.surface, camera.pixels(corners[body]), size, WALL)
                continue
            draw_plate(self.surface, centres[body], size, WELL)
            draw_ring(self.surface, centres[body], size, MUTED if pinned[body] else WALL)
            if pinned[body]:
                draw_disc(self.surface, centres[body], max(size / 3, 1.5), MUTED)

    def _draw_trails(self, run: Shown, camera: Camera) -> None:
        """Every trail in bands, fading into the ground the older they are."""
        points = camera.pixels(run.trail.points(run.state.pos)).transpose(1, 0, 2)
        lengths = np.abs(np.diff(points, axis=1)).sum(axis=(1, 2))
        for body in np.flatnonzero(~run.bodies.static & (lengths > 2)).tolist():
            step = _stride(points.shape[1], float(lengths[body]))
            path = [*points[body, -run.trail.first % step : -1 : step].tolist(), points[body, -1].tolist()]
            edges = np.linspace(0, len(path) - 1, min(BANDS, len(path) - 1) + 1).astype(int).tolist()
            colours = trail_colours(body)
            for start, end in pairwise(edges):
                colour = colours[end * (BANDS - 1) // (len(path) - 1)]
                piece = path[start : end + 1]
                pygame.draw.aalines(self.surface, colour, False, piece)
                if self.layout.font >= LARGE_FONT:
                    pygame.draw.aalines(self.surface, colour, False, [(x + 0.7, y + 0.7) for x, y in piece])

    def _draw_bodies(self, run: Shown, camera: Camera) -> None:
        bodies, state = run.bodies, run.state
        first, second = map(camera.pixels, bodies.ends(state.pos, state.angle))
        corners = bodies.corners(state.pos, state.angle)
        centres, sizes = camera.pixels(state.pos), self.sizes(run, camera)
        turned = np.stack([np.cos(state.angle), np.sin(state.angle)], axis=1)
        hands = camera.pixels(state.pos + 0.8 * bodies.radius[:, None] * turned)
        spans = sizes.copy()
        for body, its_corners in corners.items():
            spans[body] += camera.scale * np.ptp(its_corners, axis=0).max() / 2
        order = np.argsort(-spans, kind="stable")
        for body in order[~bodies.static[order]].tolist():
            colour = body_colour(body)
            if bodies.shape[body] == SEGMENT:
                draw_bar(self.surface, first[body], second[body], float(sizes[body]), colour)
                continue
            if bodies.shape[body] == POLYGON:
                draw_polygon(self.surface, camera.pixels(corners[body]), float(sizes[body]), colour)
                continue
            draw_disc(self.surface, centres[body], float(sizes[body]), colour)
            if bodies.shape[body] == CIRCLE and bodies.turning[body] and sizes[body] > 5:
                hand = mixed(colour, PANEL, 0.6)
                pygame.draw.aaline(self.surface, hand, centres[body].tolist(), hands[body].tolist())

    def _draw_message(self, message: str) -> None:
        """Why the run has stopped, over its last finite state."""
        layout, (width, height) = self.layout, self.surface.get_size()
        lines = ["stopped", *wrapped(message, layout.font, width - 4 * layout.padding)]
        tall = len(lines) * layout.line + 2 * layout.padding
        shade = pygame.Surface((width, tall), pygame.SRCALPHA, 32)
        shade.fill((*PANEL, 225))
        top = (height - tall) // 2
        self.surface.blit(shade, (0, top))
        for place, line in enumerate(lines):
            label = rendered(line, layout.font, STOPPED)
            self.surface.blit(label, ((width - label.get_width()) // 2, top + layout.padding + place * layout.line))


def _stride(points: int, pixels: float) -> int:
    """Every which point of a trail to draw: pygame's lines are smooth where their pieces are long.

    A power of two, so that the same points are drawn in frame after frame.
    """
    return int(2 ** np.ceil(np.log2(max(1.0, PIECE * points / pixels))))
