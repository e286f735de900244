"""The snapshots, as small pictures with their numbers at the right of the bar."""

from __future__ import annotations

from typing import final
from weakref import WeakKeyDictionary

import pygame

from physim.viewer.layout import Layout
from physim.viewer.palette import EDGE, GOOD, TEXT
from physim.viewer.snapshots import Snapshot
from physim.viewer.text import rendered

ASPECT = 1.7
"""How wide a picture is by its height."""
SHARE = 0.45
"""The most of the bar's width that the pictures take; where there are many, the oldest have none."""


@final
class Shelf:
    """Draws the snapshots, each as the window was when it was first drawn, and knows where they are."""

    def __init__(self) -> None:
        self._pictures: WeakKeyDictionary[Snapshot, pygame.Surface] = WeakKeyDictionary()
        self._small: WeakKeyDictionary[Snapshot, pygame.Surface] = WeakKeyDictionary()
        self._places: dict[int, pygame.Rect] = {}

    def arrange(self, layout: Layout, count: int) -> int:
        """Find the places of so many snapshots in the bar; gives the width that they take, in pixels."""
        bar, gap = layout.footer, max(2, layout.font // 4)
        tall = bar.height - 2 * gap
        wide = round(ASPECT * tall)
        shown = min(count, round(SHARE * bar.width) // (wide + gap))
        right = bar.right - 2 * layout.padding - rendered("H  help", layout.font, TEXT).get_width()
        lefts = {number: right - (count + 1 - number) * (wide + gap) for number in range(count - shown + 1, count + 1)}
        self._places = {number: pygame.Rect(left, bar.top + gap, wide, tall) for number, left in lefts.items()}
        return shown * (wide + gap) + (layout.padding if shown else 0)

    def photograph(self, snapshots: list[Snapshot], panel: pygame.Surface) -> None:
        """Take the picture of those that have none yet, of a panel that shows what they hold."""
        for snapshot in snapshots:
            if snapshot not in self._pictures:
                self._pictures[snapshot] = _cut(panel)

    def draw(self, surface: pygame.Surface, layout: Layout, snapshots: list[Snapshot], chosen: Snapshot | None) -> None:
        """Draw the pictures at their places, with a bright frame round the one chosen."""
        for number, place in self._places.items():
            snapshot = snapshots[number - 1]
            if self._small.get(snapshot) is None or self._small[snapshot].get_size() != place.size:
                self._small[snapshot] = pygame.transform.smoothscale(self._pictures[snapshot], place.size)
            surface.blit(self._small[snapshot], place)
            pygame.draw.rect(surface, GOOD if snapshot is chosen else EDGE, place.inflate(2, 2), 1)
            surface.blit(rendered(str(number), max(8, layout.font * 2 // 3), TEXT), place.move(3, 1))

    def number_at(self, mouse: tuple[int, int]) -> int | None:
        """The number of the snapshot under the mouse, from 1 on."""
        return next((number for number, place in self._places.items() if place.collidepoint(mouse)), None)


def _cut(panel: pygame.Surface) -> pygame.Surface:
    """The middle of a panel, as wide and high as pictures are."""
    width, height = panel.get_size()
    part = pygame.Rect(0, 0, min(width, round(ASPECT * height)), min(height, round(width / ASPECT)))
    part.center = (width // 2, height // 2)
    return panel.subsurface(part).copy()
