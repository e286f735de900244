"""The keyboard and the mouse."""

from __future__ import annotations

from typing import final

import pygame

from physim.viewer.keys import key_of
from physim.viewer.picture import Picture
from physim.viewer.playback import Playback, Spot

LEFT, RIGHT = 1, 3
SHIFTS = (pygame.K_LSHIFT, pygame.K_RSHIFT)


@final
class Controls:
    """Turns the window's events into what the user wants."""

    def __init__(self, playback: Playback, picture: Picture) -> None:
        self.playback, self.picture = playback, picture
        self._held_in, self._shifted = "", False

    def handle(self, event: pygame.event.Event) -> None:
        """Do what one event asks for."""
        if event.type == pygame.QUIT:
            self.playback.leave()
        elif event.type in (pygame.KEYDOWN, pygame.KEYUP) and event.key in SHIFTS:
            self._shifted = event.type == pygame.KEYDOWN
        elif event.type == pygame.KEYDOWN:
            self._press(event.key, event.unicode)
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button in (LEFT, RIGHT):
            self._click(event.pos, event.button)
        elif event.type == pygame.MOUSEMOTION:
            self.picture.mouse = event.pos
            if self.playback.drags:
                self.playback.move(self.picture.place(self._held_in, event.pos))
        elif event.type == pygame.MOUSEBUTTONUP and event.button == LEFT:
            self.playback.release()

    def _press(self, code: int, written: str) -> None:
        self.playback.notice = ""
        if written and written in "123456789":
            self.playback.restore(int(written))
            return
        key = key_of(code, written)
        if key is not None and key.action is not None:
            key.action(self.playback)
        elif key is not None and key.aimed is not None:
            key.aimed(self.playback, self._spot())

    def _click(self, mouse: tuple[int, int], button: int) -> None:
        self.picture.mouse, self.playback.notice = mouse, ""
        spot, number = self.picture.spot(mouse), self.picture.shelf.number_at(mouse)
        if number is not None and button == LEFT:
            self.playback.restore(number)
        elif number is not None:
            self.playback.branch(self.playback.shown[0], self.playback.simulation.snapshots[number - 1])
        elif spot is not None and button == LEFT:
            self._take(spot)

    def _take(self, spot: Spot) -> None:
        """Take hold of the body under the mouse, in all panels with shift, or of a new one in all of them."""
        self._held_in = spot.title
        run = self.playback.simulation.runs[spot.title]
        if self.playback.adding:
            self.playback.spawn(spot.title, spot.place)
        elif spot.body is not None and run.bodies.moving[spot.body] and not run.message:
            self.playback.grab(spot.title, spot.body, spot.place, everywhere=self._shifted)

    def _spot(self) -> Spot:
        """What is under the mouse, or nothing in the first panel where it is beside all panels."""
        mouse = self.picture.mouse
        first = self.playback.shown[0]
        return self.picture.spot(mouse) or Spot(first, self.picture.place(first, mouse or (0, 0)), None)
