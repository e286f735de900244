"""The strip under the panels: how far the learned world is off, and the energy of both, over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import pygame

from physim.viewer.axis import Axis, linear, powers, prefixed, shares, within
from physim.viewer.bodies import Floats
from physim.viewer.history import History
from physim.viewer.layout import Layout
from physim.viewer.palette import AXIS, EDGE, GRID, MUTED, PANEL, TITLES
from physim.viewer.simulation import LEARNED, TRUTH
from physim.viewer.text import rendered

REDRAWN = 4
"""Frames from one drawing of the curves to the next; those between show the same picture."""
LEAST = 0.02
"""The least height of the plot of energy, as a share of the energy: less is noise."""
FINER, WIDTHS = 3, {TRUTH: 11, LEARNED: 5}
"""Curves are drawn so many times larger and then scaled down, in these widths: the truth shows on both sides."""


@final
@dataclass(frozen=True)
class Plot:
    """One plot: a title, its axes, and curves in places from 0 to 1 along both."""

    title: str
    across: Axis
    up: Axis | None
    curves: dict[str, Floats]


@final
class Plots:
    """Draws the strip, and keeps its picture from frame to frame."""

    def __init__(self) -> None:
        self._picture: pygame.Surface | None = None
        self._age = 0

    def draw(self, surface: pygame.Surface, layout: Layout, history: History, anew: bool) -> None:
        """Draw the strip at the layout's place; its curves are drawn anew at times, and where that is asked for."""
        self._age += 1
        strip = layout.strip
        if anew or self._age >= REDRAWN or self._picture is None or self._picture.get_size() != strip.size:
            self._picture, self._age = _picture(layout, history), 0
        surface.blit(self._picture, strip)


def _picture(layout: Layout, history: History) -> pygame.Surface:
    """The whole strip."""
    picture = pygame.Surface(layout.strip.size, 0, 32)
    picture.fill(EDGE)
    columns = history.columns()
    for rectangle, plot in zip(layout.plots, (_error, _energy), strict=True):
        part = picture.subsurface(rectangle)
        part.fill(PANEL)
        frame = layout.frame(part.get_size())
        across = linear(0.0, max(columns[0].max(initial=0.0), 0.1), max(frame.width // (7 * layout.small), 1), " s")
        _draw(part, plot(columns, across, max(frame.height // (2 * layout.small), 1)), layout, frame)
    return picture


def _error(columns: Floats, across: Axis, ticks: int) -> Plot:
    """The learned world's distance from the truth; where they agree exactly there is no logarithm."""
    seconds, error = columns[:2]
    known = np.isfinite(error) & (error > 1e-12)
    if not known.any():
        return Plot("position error (m)", across, None, {})
    up = powers(float(error[known].min()), float(error[known].max()), ticks)
    curve = np.stack([shares(seconds, across), shares(np.log10(np.where(known, error, np.nan)), up)])
    return Plot("position error (m)", across, up, {LEARNED: curve})


def _energy(columns: Floats, across: Axis, ticks: int) -> Plot:
    """The energies of both worlds on one axis."""
    seconds, energies = columns[0], columns[2:]
    with np.errstate(invalid="ignore"):
        known = energies[np.abs(energies) < 1e100]
    if known.size == 0:
        return Plot("energy (J)", across, None, {})
    low, high = float(known.min()), float(known.max())
    size = max(abs(low), abs(high), 1e-9)
    unit, prefix = prefixed(size)
    margin = max(LEAST * size - (high - low), 0.2 * (high - low)) / 2
    up = within((low - margin) / unit, (high + margin) / unit, ticks + 1)
    curves = {
        name: np.stack([shares(seconds, across), shares(row / unit, up)])
        for name, row in zip((TRUTH, LEARNED), energies, strict=True)
    }
    return Plot(f"energy ({prefix}J)", across, up, curves)


def _draw(surface: pygame.Surface, plot: Plot, layout: Layout, frame: pygame.Rect) -> None:
    """The title, the names of the curves, ticks, and the curves."""
    _draw_title(surface, plot, layout)
    if plot.up is None:
        label = rendered("nothing to show yet", layout.small, MUTED)
        surface.blit(label, label.get_rect(center=frame.center))
        return
    _draw_across(surface, plot.across, layout, frame)
    _draw_up(surface, plot.up, layout, frame)
    for name, curve in plot.curves.items():
        places = np.array([frame.left, frame.bottom]) + curve.T * np.array([frame.width, -frame.height])
        _draw_curve(surface, places, frame, name)


def _draw_title(surface: pygame.Surface, plot: Plot, layout: Layout) -> None:
    left, top = layout.padding, layout.padding // 2
    label = rendered(plot.title, layout.small, MUTED)
    surface.blit(label, (left, top))
    left += label.get_width() + layout.padding
    for name in plot.curves:
        label = rendered(name, layout.small, TITLES[name])
        if left + label.get_width() < surface.get_width():
            surface.blit(label, (left, top))
        left += label.get_width() + layout.padding


def _draw_across(surface: pygame.Surface, axis: Axis, layout: Layout, frame: pygame.Rect) -> None:
    for place, text in axis.ticks:
        x = frame.left + round(float(shares(np.array(place), axis)) * frame.width)
        surface.fill(GRID, (x, frame.top, 1, frame.height))
        label = rendered(text, layout.small, MUTED)
        left = min(x - label.get_width() // 2, surface.get_width() - label.get_width() - 2)
        surface.blit(label, (left, frame.bottom + layout.small // 3))


def _draw_up(surface: pygame.Surface, axis: Axis, layout: Layout, frame: pygame.Rect) -> None:
    for place, text in axis.ticks:
        y = frame.bottom - round(float(shares(np.array(place), axis)) * frame.height)
        surface.fill(AXIS if place == 0 else GRID, (frame.left, y, frame.width, 1))
        label = rendered(text, layout.small, MUTED)
        surface.blit(label, (frame.left - label.get_width() - layout.small // 2, y - label.get_height() // 2))


def _draw_curve(surface: pygame.Surface, places: Floats, frame: pygame.Rect, name: str) -> None:
    """The pieces of a curve between the instants at which there is none; beyond the frame it stays at the rim."""
    known = np.isfinite(places).all(axis=1)
    places[:, 1] = np.clip(np.nan_to_num(places[:, 1]), frame.top, frame.bottom)
    edges = np.flatnonzero(np.diff(known)) + 1
    fine = pygame.Surface((FINER * frame.width, FINER * frame.height), pygame.SRCALPHA, 32)
    fine.fill((*TITLES[name], 0))
    for piece, is_known in zip(np.split(places, edges), np.split(known, edges), strict=True):
        if len(piece) > 1 and is_known[0]:
            path = (piece - frame.topleft) * FINER
            pygame.draw.lines(fine, TITLES[name], False, path.tolist(), WIDTHS[name])
    surface.blit(pygame.transform.smoothscale(fine, frame.size), frame)
