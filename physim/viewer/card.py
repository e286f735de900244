"""A card that shows keys and what they do."""

from __future__ import annotations

import pygame

from physim.viewer.palette import EDGE, GROUND, MUTED, TEXT
from physim.viewer.text import rendered, wrapped

READABLE, SMALLEST = 8, 5
"""The text's height in pixels under which the card goes without its note, and the smallest that there is."""
INSIDE = 0.96
"""How much of the window's sides the card may have."""


def draw_card(surface: pygame.Surface, font: int, lines: list[tuple[str, str]], note: str) -> None:
    """Draw the card in the middle of a window, as large as it may be and still fit, in one or two columns.

    `font` is the height of the window's text in pixels; each of the lines says keys, and what they do.
    """
    room = [INSIDE * side for side in surface.get_size()]
    order = (2, 1) if room[0] > room[1] else (1, 2)
    tries = [(small, columns, note) for small in range(round(1.1 * font), READABLE - 1, -1) for columns in order]
    tries += [(small, columns, "") for small in range(READABLE, SMALLEST - 1, -1) for columns in order]
    cards = (_card(lines, *how) for how in tries)
    fitting = (card for card in cards if card.get_width() <= room[0] and card.get_height() <= room[1])
    card = next(fitting, None) or _card(lines, *tries[-1])
    surface.blit(card, card.get_rect(center=surface.get_rect().center))


def _card(lines: list[tuple[str, str]], small: int, columns: int, note: str) -> pygame.Surface:
    """The whole card with text of a size."""
    step, pad = round(small * 1.7), round(1.6 * small)
    keys = [rendered(key, small, TEXT) for key, _ in lines]
    texts = [rendered(text, small, MUTED) for _, text in lines]
    first = max(key.get_width() for key in keys)
    column = first + pad + max(text.get_width() for text in texts)
    rows = -(-len(lines) // columns)
    width = columns * (column + 2 * pad)
    notes = [rendered(part, small, MUTED) for part in wrapped(note, small, width - 2 * pad)]
    card = pygame.Surface((width, 3 * pad + (rows + len(notes)) * step), pygame.SRCALPHA, 32)
    pygame.draw.rect(card, (*GROUND, 235), card.get_rect(), border_radius=small)
    pygame.draw.rect(card, EDGE, card.get_rect(), width=1, border_radius=small)
    for place, (key, text) in enumerate(zip(keys, texts, strict=True)):
        left, down = pad + place // rows * (column + 2 * pad), pad + place % rows * step
        card.blits([(key, (left, down)), (text, (left + pad + first, down))], doreturn=False)
    for place, line in enumerate(notes):
        card.blit(line, (pad, 2 * pad + (rows + place) * step))
    return card
