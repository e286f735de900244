"""The keys, and a card that shows them."""

from __future__ import annotations

import pygame

from physim.viewer.layout import Layout
from physim.viewer.palette import EDGE, GROUND, MUTED, TEXT
from physim.viewer.simulation import Simulation
from physim.viewer.text import rendered

LINES = (
    ("space", "pause, go on"),
    ("right  .", "one step"),
    ("R", "reset to a new seed"),
    ("S", "learned world back to the truth"),
    ("+  -  up  down", "faster, slower"),
    ("[  ]", "{changes}"),
    ("E", "truth, learned or both"),
    ("G", "plots of error and energy"),
    ("mouse", "hold a body, pull it, throw it"),
    ("H", "this card"),
    ("Esc  Q", "leave"),
)


def draw_help(surface: pygame.Surface, layout: Layout, simulation: Simulation) -> None:
    """Draw the card in the middle of the window, as large as it may be and still fit."""
    width, height = surface.get_size()
    small = max(6, min(round(layout.font * 1.1), height // (2 * len(LINES) + 4), width // 36))
    changes = "no bodies to change here" if simulation.bodies is None else f"fewer, more {simulation.kind}"
    lines = [(keys, text.format(changes=changes)) for keys, text in LINES]
    keys = [rendered(key, small, TEXT) for key, _ in lines]
    texts = [rendered(text, small, MUTED) for _, text in lines]
    step, pad = round(small * 1.8), 2 * small
    first = max(key.get_width() for key in keys)
    card = pygame.Rect(0, 0, 3 * pad + first + max(text.get_width() for text in texts), 2 * pad + len(lines) * step)
    card.center = (width // 2, height // 2)
    ground = pygame.Surface(card.size, pygame.SRCALPHA, 32)
    pygame.draw.rect(ground, (*GROUND, 235), ground.get_rect(), border_radius=small)
    pygame.draw.rect(ground, EDGE, ground.get_rect(), width=1, border_radius=small)
    surface.blit(ground, card)
    for place, (key, text) in enumerate(zip(keys, texts, strict=True)):
        down = card.top + pad + place * step
        surface.blits([(key, (card.left + pad, down)), (text, (card.left + 2 * pad + first, down))], doreturn=False)
