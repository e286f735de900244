"""The figures: over each panel, and in the bar at the bottom."""

from __future__ import annotations

import math
from typing import NamedTuple, final

import pygame

from physim.colours import Colour
from physim.viewer.bar import Placed, bar_text, notice_card
from physim.viewer.layout import Layout
from physim.viewer.pace import Speeds
from physim.viewer.palette import GOOD, GROUND, MUTED, STOPPED, TEXT, WARNING, title_colour
from physim.viewer.playback import Playback
from physim.viewer.simulation import TRUTH, Simulation
from physim.viewer.text import fitted, rendered

NEGLIGIBLE, NEAR = 1e-4, 1.02
"""A drift under the first share is fine, however narrow the truth's own band, and one so many times the band."""


class Figure(NamedTuple):
    """One line over a panel: what, how much, and what the truth keeps to; `label` has no room in narrow panels."""

    label: str
    value: str
    tone: Colour
    note: str = ""


@final
class Hud:
    """The text of the window, rendered anew only when `refresh` is called."""

    def __init__(self) -> None:
        self._panels: list[Placed] = []
        self._bar: Placed = []
        self._notice: pygame.Surface | None = None

    def refresh(self, layout: Layout, playback: Playback, speeds: Speeds, taken: int) -> None:
        """Render the figures of now; so many pixels at the right of the bar are taken by something else."""
        playback.simulation.comparison.measure()
        self._panels = [
            _panel_text(layout, panel, playback.simulation, title)
            for title, panel in zip(playback.shown, layout.rectangles, strict=True)
        ]
        self._bar = bar_text(layout, _items(playback, speeds), taken)
        self._notice = notice_card(layout, playback.notice) if playback.notice else None

    def draw(self, surface: pygame.Surface, layout: Layout) -> None:
        """Draw what was last rendered."""
        surface.fill(GROUND, layout.footer)
        for placed in (*self._panels, self._bar):
            surface.blits(placed, doreturn=False)
        if self._notice is not None:
            surface.blit(self._notice, self._notice.get_rect(midbottom=(surface.get_width() // 2, layout.footer.top)))


def figures(simulation: Simulation, title: str) -> list[Figure]:
    """The figures over the panel of one run."""
    run, band = simulation.runs[title], simulation.comparison.band
    if run.message:
        return [Figure("stopped at step", str(run.stopped_at), STOPPED)]
    drift = run.drift()
    lines = [] if title == TRUTH else [_position_error(simulation, title)]
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


def _position_error(simulation: Simulation, title: str) -> Figure:
    error, reason = simulation.comparison.position_error(title), simulation.comparison.no_error(title)
    if error is None:
        return Figure("position error", "none", MUTED, reason)
    return Figure("position error", f"{error:.3g} {simulation.world.unit}".rstrip(), TEXT)


def _panel_text(layout: Layout, panel: pygame.Rect, simulation: Simulation, title: str) -> Placed:
    """The title and as many figures as have room, in columns; without room for them, notes and labels are left out."""
    lines = figures(simulation, title)[: layout.lines]
    left, top, small = panel.left + layout.padding, panel.top + layout.padding, layout.panel_font
    room, gap = panel.width - 2 * layout.padding, round(small * 0.9)
    colour = title_colour(simulation.runs[title].place)
    placed: Placed = [(fitted(title, round(small * 1.5), colour, room), (left, top))]
    labels = [rendered(line.label, small, MUTED) for line in lines]
    values = [rendered(line.value, small, line.tone) for line in lines]
    widths = [max((text.get_width() for text in column), default=0) for column in (labels, values)]
    labelled = widths[0] + gap + widths[1] <= room
    second = widths[0] + gap if labelled else 0
    third = second + max(widths[1], 5 * small) + gap
    for place, (line, label, value) in enumerate(zip(lines, labels, values, strict=True)):
        down = top + layout.title + place * layout.line
        placed += [(label, (left, down))] if labelled else []
        placed.append((value, (left + second, down)))
        note = rendered(line.note, small, MUTED)
        if line.note and third + note.get_width() <= room:
            placed.append((note, (left + third, down)))
    return placed


def _items(playback: Playback, speeds: Speeds) -> list[tuple[str, Colour]]:
    simulation = playback.simulation
    state = [("paused", WARNING)] if playback.paused else []
    state += [(f"a click adds a {playback.adding}", WARNING)] if playback.adding else []
    plural = "step" if playback.steps_per_frame == 1 else "steps"
    known = speeds.frames > 0
    return [
        *state,
        *([(f"{speeds.frames:.0f} frames/s", TEXT)] if known else []),
        (f"{playback.steps_per_frame} {plural} a frame", TEXT),
        *([(f"{speeds.steps:.0f} steps/s", TEXT)] if known else []),
        (f"step {simulation.step}", TEXT),
        (f"{simulation.count} {simulation.kind}", MUTED),
        (f"seed {simulation.seed}", MUTED),
        (f"{simulation.step * simulation.world.dt:.2f} s", MUTED),
    ]
