"""Where things lie in a window of any size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import final

from pygame import Rect

GAP = 2
ROOMY = (900, 600)
"""A window of so many pixels shows plots without being asked."""
LINES = 3
"""The most lines of figures over a panel."""


@final
@dataclass(frozen=True)
class Layout:
    """The places of a window of `size` pixels with a number of panels, which stand in a grid as large as they can.

    With `plotting`, a strip of plots lies between the panels and the bar; without `figures`, neither text over the
    panels nor the bar has room.
    """

    size: tuple[int, int]
    panels: int
    plotting: bool = False
    figures: bool = True

    @cached_property
    def font(self) -> int:
        """The height of the text in pixels."""
        width, height = self.size
        return max(11, min(30, round(min(width / 74, height / 42))))

    @cached_property
    def panel_font(self) -> int:
        """The height of the text over panels, which is less in small ones."""
        panel = self.rectangles[0]
        return max(10, min(self.font, round(min(panel.width / 34, panel.height / 26))))

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
        """From one line of text over panels to the next."""
        return round(self.panel_font * 1.45)

    @property
    def title(self) -> int:
        """From the title of a panel to the figures under it."""
        return round(self.panel_font * 1.9)

    @cached_property
    def lines(self) -> int:
        """How many lines of figures lie over each panel: no more than a third of the smallest has room for."""
        lowest = min(panel.height for panel in self.rectangles)
        return max(0, min(LINES, (lowest // 3 - self.padding - self.title) // self.line)) if self.figures else 0

    @property
    def header(self) -> int:
        """The height over which figures lie at the top of a panel."""
        return self.padding + (self.title + self.lines * self.line if self.figures else 0)

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

    @cached_property
    def rectangles(self) -> tuple[Rect, ...]:
        """The panels, row by row; a last row that is not full has wider ones."""
        width, height = self.size[0], self.strip.top
        found: list[Rect] = []
        for top, bottom in _parts(height, self._rows):
            left = self.panels - len(found)
            columns = min(-(-self.panels // self._rows), left)
            found += [Rect(first, top, last - first, bottom - top) for first, last in _parts(width, columns)]
        return tuple(found)

    @cached_property
    def gaps(self) -> tuple[Rect, ...]:
        """What lies to the right of panels, and under them."""
        right = (Rect(panel.right, panel.top, GAP, panel.height) for panel in self.rectangles)
        return (*right, *(Rect(panel.left, panel.bottom, panel.width + GAP, GAP) for panel in self.rectangles))

    @property
    def _rows(self) -> int:
        """The number of rows at which the smaller side of the panels is largest."""
        width, height = self.size[0], self.strip.top

        def smaller_side(rows: int) -> float:
            return min(width / -(-self.panels // rows), height / rows)

        full = (rows for rows in range(1, self.panels + 1) if (rows - 1) * -(-self.panels // rows) < self.panels)
        return max(full, key=smaller_side)

    def stage(self, panel: Rect) -> Rect:
        """The part of a panel, in its own pixels, where bodies are kept: under the figures, above the scale bar."""
        side = self.padding
        return Rect(
            side, self.header, max(panel.width - 2 * side, 1), max(panel.height - self.header - 2 * self.line, 1)
        )


def _parts(whole: int, count: int) -> list[tuple[int, int]]:
    """The first and the last pixel of equal parts of a length, with gaps between them."""
    edges = [round(number * (whole + GAP) / count) for number in range(count + 1)]
    return [(first, last - GAP) for first, last in pairwise(edges)]
