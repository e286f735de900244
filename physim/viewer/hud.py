"""The figures: over each panel, and in the bar at the bottom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, final

import pygame

from physim.viewer.layout import Layout
from physim.viewer.palette import GOOD, GROUND, MUTED, STOPPED, TEXT, TITLES, WARNING, Colour
from physim.viewer.playback import Playback
from physim.viewer.simulation import TRUTH, Simulation
from physim.viewer.text import rendered

NEGLIGIBLE, NEAR = 1e-4, 1.02
"""A drift under the first share is fine, however narrow the truth's own band, and one so many times the band."""

Placed = list[tuple[pygame.Surface, tuple[int, int]]]


class Figure(NamedTuple):
    """One line over a panel: what, how much, and what the truth keeps to."""

    label: str
    value: str
    tone: Colour
    note: str = ""


@final
@dataclass(frozen=True)
class Speeds:
    """How fast the window is just now, per second of the clock."""

    frames: float
    steps: float


@final
class Hud:
    """The text of the window, rendered anew only when `refresh` is called."""

    def __init__(self) -> None:
        self._panels: list[Placed] = []
        self._bar: Placed = []

    def refresh(self, layout: Layout, playback: Playback, speeds: Speeds) -> None:
        """Render the figures of now."""
        self._panels = [
            _panel_text(layout, panel, name, figures(playback.simulation, name))
            for name, panel in zip(playback.shown, layout.rectangles, strict=True)
        ]
        self._bar = _bar_text(layout, playback, speeds)

    def draw(self, surface: pygame.Surface, layout: Layout) -> None:
        """Draw what was last rendered."""
        surface.fill(GROUND, layout.footer)
        for placed in (*self._panels, self._bar):
            surface.blits(placed, doreturn=False)


def figures(simulation: Simulation, name: str) -> list[Figure]:
    """The figures over the panel of one run."""
    run, band = simulation.runs[name], simulation.band
    if run.message:
        return [Figure("stopped at step", str(run.stopped_at), STOPPED)]
    drift = run.drift()
    lines = [] if name == TRUTH else [_position_error(simulation.position_error(name))]
    return [*lines, _drift("energy", drift.energy, band.energy), _drift("momentum", drift.momentum, band.momentum)]


def percent(share: float) -> str:
    """A share as a percentage of two digits that count."""
    if not math.isfinite(share):
        return "out of bounds"
    if abs(share) < 1e-12:
        return "0 %"
    return f"{100 * share:.0f} %" if abs(share) >= 0.1 else f"{100 * share:.2g} %"


def _drift(what: str, share: float | None, band: float | None) -> Figure:
    if share is None:
        return Figure(f"{what} drift", "these forces keep none", MUTED)
    fine = abs(share) <= max(NEAR * (band or 0.0), NEGLIGIBLE)
    return Figure(f"{what} drift", percent(share), GOOD if fine else WARNING, f"truth keeps to {percent(band or 0.0)}")


def _position_error(error: float | None) -> Figure:
    return Figure("position error", "none: the truth has stopped" if error is None else f"{error:.3g} m", TEXT)


def _panel_text(layout: Layout, panel: pygame.Rect, name: str, lines: list[Figure]) -> Placed:
    """The title and the figures in columns; the notes are left out where they do not fit."""
    left, top, small = panel.left + layout.padding, panel.top + layout.padding, layout.font
    placed: Placed = [(rendered(name, round(small * 1.5), TITLES[name]), (left, top))]
    labels = [rendered(line.label, small, MUTED) for line in lines]
    values = [rendered(line.value, small, line.tone) for line in lines]
    second = left + max(label.get_width() for label in labels) + layout.padding
    third = second + max(*(value.get_width() for value in values), 5 * small) + layout.padding
    for place, (line, label, value) in enumerate(zip(lines, labels, values, strict=True)):
        down = top + round(small * 1.9) + place * layout.line
        placed += [(label, (left, down)), (value, (second, down))]
        note = rendered(line.note, small, MUTED)
        if line.note and third + note.get_width() < panel.right:
            placed.append((note, (third, down)))
    return placed


def _bar_text(layout: Layout, playback: Playback, speeds: Speeds) -> Placed:
    """The bar: as many of the items as fit, and the key for help."""
    bar, small = layout.footer, layout.font
    down = bar.top + (bar.height - rendered("H", small, TEXT).get_height()) // 2
    hint = rendered("H  help", small, MUTED)
    end = bar.right - layout.padding - hint.get_width()
    placed: Placed = [(hint, (end, down))]
    left = layout.padding
    for text, tone in _items(playback, speeds):
        item = rendered(text, small, tone)
        if left + item.get_width() + layout.padding > end:
            break
        placed.append((item, (left, down)))
        left += item.get_width() + 2 * layout.padding
    return placed


def _items(playback: Playback, speeds: Speeds) -> list[tuple[str, Colour]]:
    if playback.notice:
        return [(playback.notice, WARNING)]
    simulation = playback.simulation
    state = [("paused", WARNING)] if playback.paused else []
    plural = "step" if playback.steps_per_frame == 1 else "steps"
    return [
        *state,
        (f"{speeds.frames:.0f} frames/s", TEXT),
        (f"{playback.steps_per_frame} {plural} a frame", TEXT),
        (f"{speeds.steps:.0f} steps/s", TEXT),
        (f"step {simulation.step}", TEXT),
        (f"{simulation.count} {simulation.kind}", MUTED),
        (f"seed {simulation.seed}", MUTED),
        (f"{simulation.step * simulation.world.dt:.2f} s", MUTED),
    ]
