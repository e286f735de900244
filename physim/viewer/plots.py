"""The strip under the panels: how far the learned world is off, and the energy of both, over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import pygame

from physim.colours import Colour
from physim.viewer.axis import Axis, linear, powers, prefixed, shares, within
from physim.viewer.bodies import Floats
from physim.viewer.history import History
from physim.viewer.layout import Layout
from physim.viewer.palette import AXIS, EDGE, GRID, MUTED, PANEL, title_colour
from physim.viewer.text import fitted, rendered

REDRAWN = 4
"""Frames from one drawing of the curves to the next at least; those between show the same picture."""
LEAST = 0.02
"""The least height of the plot of energy, as a share of the energy: less is noise."""
FINER, WIDE, NARROW = 3, 11, 5
"""Curves are drawn so many times larger and then scaled down, in these widths: the first, wide, shows on both sides."""

Numbers = dict[str, int]
"""The numbers of runs, which give their colours, by their titles: of those that are there."""


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
    """Draws the strip, in a world whose lengths are told in `unit`, and keeps its picture from frame to frame."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._picture: pygame.Surface | None = None
        self._drawn: object = None
        self._age = 0

    def draw(self, surface: pygame.Surface, layout: Layout, history: History, numbers: Numbers, anew: bool) -> None:
        """Draw the strip at the layout's place; what has changed is drawn anew at times, or at once if asked for."""
        self._age += 1
        now = (layout, history, history.changes, numbers)
        resized = self._picture is None or self._picture.get_size() != layout.strip.size
        if resized or (now != self._drawn and (anew or self._age >= REDRAWN)):
            self._picture, self._drawn, self._age = _picture(self._unit, layout, history, numbers), now, 0
        assert self._picture is not None
        surface.blit(self._picture, layout.strip)


def _picture(unit: str, layout: Layout, history: History, numbers: Numbers) -> pygame.Surface:
    """The whole strip."""
    picture = pygame.Surface(layout.strip.size, 0, 32)
    picture.fill(EDGE)
    seconds = history.seconds
    for rectangle, plot, columns in zip(
        layout.plots, (_error, _energy), (history.errors(), history.energies()), strict=True
    ):
        part = picture.subsurface(rectangle)
        part.fill(PANEL)
        frame = layout.frame(part.get_size())
        across = linear(0.0, max(seconds.max(initial=0.0), 0.1), max(frame.width // (7 * layout.small), 1), " s")
        here = {title: column for title, column in columns.items() if title in numbers}
        drawn = plot(unit, seconds, here, across, max(frame.height // (2 * layout.small), 1))
        _draw(part, drawn, layout, frame, {title: title_colour(number) for title, number in numbers.items()})
    return picture


def _error(unit: str, seconds: Floats, errors: dict[str, Floats], across: Axis, ticks: int) -> Plot:
    """The runs' distances from the truth; where they agree exactly there is no logarithm."""
    with np.errstate(invalid="ignore"):
        curves = {
            title: np.where(np.isfinite(error) & (error > 1e-12), error, np.nan) for title, error in errors.items()
        }
    known, title = _finite(curves), f"position error ({unit})" if unit else "position error"
    if known.size == 0:
        return Plot(title, across, None, {})
    up = powers(float(known.min()), float(known.max()), ticks)
    places = {
        title: np.stack([shares(seconds, across), shares(np.log10(curve), up)]) for title, curve in curves.items()
    }
    return Plot(title, across, up, places)


def _energy(unit: str, seconds: Floats, energies: dict[str, Floats], across: Axis, ticks: int) -> Plot:
    """The energies of all runs on one axis."""
    known = _finite(energies)
    known = known[np.abs(known) < 1e100]
    if known.size == 0:
        return Plot(_energy_title(unit, 1.0), across, None, {})
    low, high = float(known.min()), float(known.max())
    size = max(abs(low), abs(high), 1e-9)
    many, _ = prefixed(size)
    margin = max(LEAST * size - (high - low), 0.2 * (high - low)) / 2
    up = within((low - margin) / many, (high + margin) / many, ticks + 1)
    places = {title: np.stack([shares(seconds, across), shares(row / many, up)]) for title, row in energies.items()}
    return Plot(_energy_title(unit, many), across, up, places)


def _energy_title(unit: str, many: float) -> str:
    """What is written over energies in so `many` joules, or in the unit that those of lengths make."""
    if unit == "m":
        return f"energy ({prefixed(many)[1]}J)"
    told = [f"{many:g}"] * (many != 1) + [f"kg {unit}²/s²"] * bool(unit)
    return f"energy ({' '.join(told)})" if told else "energy"


def _finite(columns: dict[str, Floats]) -> Floats:
    """All numbers of some columns."""
    values = np.concatenate([np.zeros(0), *columns.values()])
    return values[np.isfinite(values)]


def _draw(surface: pygame.Surface, plot: Plot, layout: Layout, frame: pygame.Rect, colours: dict[str, Colour]) -> None:
    """The title, the names of the curves, ticks, and the curves."""
    _draw_title(surface, plot, layout, colours)
    if plot.up is None:
        label = rendered("nothing to show yet", layout.small, MUTED)
        surface.blit(label, label.get_rect(center=frame.center))
        return
    _draw_across(surface, plot.across, layout, frame)
    _draw_up(surface, plot.up, layout, frame)
    fine = pygame.Surface((FINER * frame.width, FINER * frame.height), pygame.SRCALPHA, 32)
    fine.fill((*PANEL, 0))
    for number, (title, curve) in enumerate(plot.curves.items()):
        width = WIDE if number == 0 and len(plot.curves) > 1 else NARROW
        places = curve.T * np.array([1, -1]) * fine.get_size() + np.array([0, fine.get_height()])
        _draw_curve(fine, places, colours[title], width)
    surface.blit(pygame.transform.smoothscale(fine, frame.size), frame)


def _draw_title(surface: pygame.Surface, plot: Plot, layout: Layout, colours: dict[str, Colour]) -> None:
    left, top = layout.padding, layout.padding // 2
    for text, colour in ((plot.title, MUTED), *((title, colours[title]) for title in plot.curves)):
        label = fitted(text, layout.small, colour, max(0, surface.get_width() - left - layout.padding))
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


def _draw_curve(surface: pygame.Surface, places: Floats, colour: Colour, width: int) -> None:
    """The pieces of a curve between the instants at which there is none; beyond the surface it stays at the rim."""
    known = np.isfinite(places).all(axis=1)
    places[:, 1] = np.clip(np.nan_to_num(places[:, 1]), 0, surface.get_height())
    edges = np.flatnonzero(np.diff(known)) + 1
    for piece, is_known in zip(np.split(places, edges), np.split(known, edges), strict=True):
        if len(piece) > 1 and is_known[0]:
            pygame.draw.lines(surface, colour, False, piece.tolist(), width)
