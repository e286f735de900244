"""The bar at the bottom of a window, and what is said over it."""

from __future__ import annotations

from collections.abc import Sequence

import pygame

from physim.colours import Colour
from physim.viewer.layout import Layout
from physim.viewer.palette import EDGE, GROUND, MUTED, TEXT, WARNING
from physim.viewer.text import fitted, rendered, wrapped

Placed = list[tuple[pygame.Surface, tuple[int, int]]]


def bar_text(layout: Layout, items: Sequence[tuple[str, Colour]], taken: int = 0) -> Placed:
    """As many of the items as fit beside what is taken at the right of the bar (pixels), and the key for help."""
    bar, small = layout.footer, layout.font
    down = bar.top + (bar.height - rendered("H", small, TEXT).get_height()) // 2
    hint = rendered("H  help", small, MUTED)
    end = bar.right - layout.padding - hint.get_width()
    placed: Placed = [(hint, (end, down))]
    left = layout.padding
    for text, tone in items:
        item = rendered(text, small, tone)
        if left + item.get_width() + layout.padding > end - taken:
            break
        placed.append((item, (left, down)))
        left += item.get_width() + round(1.6 * layout.padding)
    return placed


def notice_card(layout: Layout, notice: str) -> pygame.Surface:
    """A card over the bar that says what could not be done."""
    small, room = layout.font, layout.size[0] - 4 * layout.padding
    step = round(small * 1.45)
    texts = [fitted(line, small, WARNING, room) for line in wrapped(notice, small, room)]
    width = max(text.get_width() for text in texts) + 2 * layout.padding
    card = pygame.Surface((width, len(texts) * step + layout.padding), pygame.SRCALPHA, 32)
    pygame.draw.rect(card, (*GROUND, 235), card.get_rect(), border_radius=small // 2)
    pygame.draw.rect(card, EDGE, card.get_rect(), width=1, border_radius=small // 2)
    for place, text in enumerate(texts):
        card.blit(text, (layout.padding, layout.padding // 2 + place * step))
    return card
