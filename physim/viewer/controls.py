"""Which key does what, and the mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import pygame

from physim.viewer.picture import Picture
from physim.viewer.playback import Playback

KEYS: dict[int, Callable[[Playback], None]] = {
    pygame.K_SPACE: Playback.pause,
    pygame.K_RIGHT: Playback.single_step,
    pygame.K_PERIOD: Playback.single_step,
    pygame.K_r: Playback.reset,
    pygame.K_s: Playback.resynchronise,
    pygame.K_UP: Playback.faster,
    pygame.K_DOWN: Playback.slower,
    pygame.K_KP_PLUS: Playback.faster,
    pygame.K_KP_MINUS: Playback.slower,
    pygame.K_e: Playback.switch_engines,
    pygame.K_g: Playback.toggle_plots,
    pygame.K_h: Playback.toggle_help,
    pygame.K_F1: Playback.toggle_help,
    pygame.K_q: Playback.leave,
    pygame.K_ESCAPE: Playback.leave,
}
CHARACTERS: dict[str, Callable[[Playback], None]] = {
    "+": Playback.faster,
    "=": Playback.faster,
    "-": Playback.slower,
    "]": Playback.more_bodies,
    "[": Playback.fewer_bodies,
    "b": Playback.fewer_bodies,
    "B": Playback.more_bodies,
}
"""By what they write, for these keys lie elsewhere on other keyboards."""


@final
class Controls:
    """Turns the window's events into what the user wants."""

    def __init__(self, playback: Playback, picture: Picture) -> None:
        self.playback, self.picture = playback, picture

    def handle(self, event: pygame.event.Event) -> None:
        """Do what one event asks for."""
        if event.type == pygame.QUIT:
            self.playback.leave()
        elif event.type == pygame.KEYDOWN:
            action = CHARACTERS.get(event.unicode) or KEYS.get(event.key)
            if action is not None:
                action(self.playback)
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            self.picture.grab(event.pos)
        elif event.type == pygame.MOUSEMOTION:
            self.picture.move(event.pos)
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1:
            self.playback.release()
