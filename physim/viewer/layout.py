"""Where things lie in a window of any size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import final

from pygame import Rect

GAP = 2
ROOMY = (900, 600)
"""A window of so many pixels shows plots without being asked."""


@final
@dataclass(frozen=True)
class Layout:
    """The places of a window of `size` pixels with a number of panels, which stand side by side where it is wide.

    With `plotting`, a strip of plots lies between the panels and the bar; without `figures`, neither text over the
    panels nor the bar has room.
    """

    size: tuple[int, int]
    panels: int
    plotting: bool = False
    figures: bool = True

    @property
    def font(self) -> int:
        """The height of the text in pixels."""
        width, height = self.size
        return max(11, min(30, round(min(width / 74, height / 42))))

    @property
    def small(self) -> int:
        """The height of the text in plots."""
        return max(10, round(self.font * 0.8))

    @property
    def padding(self) -> int:
        """The space round text."""
        return round(self.font * 0.9)

    @property
    def line(self) -> int:
        """From one line of text to the next."""
        return round(self.font * 1.45)

    @property
    def header(self) -> int:
        """The height over which figures lie at the top of a panel."""
        return self.padding + (round(self.font * 1.9) + 3 * self.line if self.figures else 0)

    @property
    def footer(self) -> Rect:
        """The bar at the bottom of the window; without figures it has no height."""
        width, height = self.size
        tall = round(self.font * 2.3) if self.figures else 0
        return Rect(0, height - tall, width, tall)

    @property
    def strip(self) -> Rect:
        """The plots, over the bar; without plots it has no height."""
        width, height = self.size
        tall = min(round(self.font * 8.5), height // 3) if self.plotting else 0
        return Rect(0, self.footer.top - tall, width, tall)

    @property
    def plots(self) -> tuple[Rect, Rect]:
        """The two plots, in pixels of the strip."""
        width, tall = self.strip.size
        half = (width - GAP) // 2
        return Rect(0, GAP, half, tall - GAP), Rect(half + GAP, GAP, width - half - GAP, tall - GAP)

    def frame(self, size: tuple[int, int]) -> Rect:
        """The part of a plot of that size where curves are, in its own pixels: between the labels and the title."""
        width, height = size
        left, top, bottom = round(4.6 * self.small), round(2.6 * self.small), round(1.9 * self.small)
        return Rect(left, top, max(width - left - 2 * self.padding, 1), max(height - top - bottom, 1))

    @property
    def rectangles(self) -> tuple[Rect, ...]:
        """The panels."""
        width, height = self.size[0], self.strip.top
        if width >= height:
            edges = [round(k * (width + GAP) / self.panels) for k in range(self.panels + 1)]
            return tuple(Rect(a, 0, b - a - GAP, height) for a, b in pairwise(edges))
        edges = [round(k * (height + GAP) / self.panels) for k in range(self.panels + 1)]
        return tuple(Rect(0, a, width, b - a - GAP) for a, b in pairwise(edges))

    def stage(self, panel: Rect) -> Rect:
        """The part of a panel, in its own pixels, where bodies are kept: under the figures, above the scale bar."""
        side = self.padding
        top = min(self.header, panel.height // 3)
        return Rect(side, top, max(panel.width - 2 * side, 1), max(panel.height - top - 2 * self.line, 1))
