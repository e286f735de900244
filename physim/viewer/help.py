"""The card of the keys that a playback answers."""

from __future__ import annotations

import pygame

from physim.viewer.card import draw_card
from physim.viewer.keys import KEYS, NOTE
from physim.viewer.layout import Layout
from physim.viewer.simulation import Simulation


def draw_help(surface: pygame.Surface, layout: Layout, simulation: Simulation) -> None:
    """Draw the card in the middle of the window."""
    kind = simulation.kind if simulation.bodies is not None else "bodies (not in this world)"
    draw_card(surface, layout.font, [(key.names, key.text.format(kind=kind)) for key in KEYS], NOTE)
