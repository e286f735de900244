"""Where things lie in a window of any size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import final

from pygame import Rect

GAP = 2


@final
@dataclass(frozen=True)
class Layout:
    """The places of a window of `size` pixels with a number of panels, which stand side by side where it is wide."""

    size: tuple[int, int]
    panels: int

    @property
    def font(self) -> int:
        """The height of the text in pixels."""
        width, height = self.size
        return max(11, min(30, round(min(width / 74, height / 42))))

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
        return self.padding + round(self.font * 1.9) + 3 * self.line

    @property
    def footer(self) -> Rect:
        """The bar at the bottom of the window."""
        width, height = self.size
        tall = round(self.font * 2.3)
        return Rect(0, height - tall, width, tall)

    @property
    def rectangles(self) -> tuple[Rect, ...]:
        """The panels."""
        width, height = self.size[0], self.footer.top
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
