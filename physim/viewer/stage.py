"""What is drawn on: a window, or a plain surface where there is none."""

from __future__ import annotations

import os
import sys
import time
from abc import ABC, abstractmethod
from typing import ClassVar, final

import pygame

from physim.errors import PhysimError
from physim.viewer.settings import FRAMES_PER_SECOND, SMALLEST

FRAME = 0.0166
"""Seconds from one frame of a window to the next."""
NO_DISPLAY = "no window can be opened here ({reason}): use --headless --record out.gif to write a film instead"


class Stage(ABC):
    """A surface that shows frames; `live` where somebody sees them at the speed at which they come."""

    live: ClassVar[bool]

    @property
    @abstractmethod
    def surface(self) -> pygame.Surface:
        """Where the next frame is drawn."""

    @abstractmethod
    def events(self) -> list[pygame.event.Event]:
        """What the user did since the last call."""

    @abstractmethod
    def present(self) -> float:
        """Show the frame, wait until it is time for the next, and say how many seconds it stood."""

    @abstractmethod
    def close(self) -> None:
        """Leave nothing open."""


@final
class Canvas(Stage):
    """A surface in memory, without a display; as fast as it can."""

    live = False

    def __init__(self, size: tuple[int, int]) -> None:
        self._surface = pygame.Surface(size, 0, 32)

    @property
    def surface(self) -> pygame.Surface:
        """The one surface."""
        return self._surface

    def events(self) -> list[pygame.event.Event]:
        """Nobody is there."""
        return []

    def present(self) -> float:
        """Nobody looks; the frame stands as long as in a film."""
        return 1 / FRAMES_PER_SECOND

    def close(self) -> None:
        """Nothing was opened."""


@final
class Window(Stage):
    """A resizable window; raises PhysimError where there is no display."""

    live = True

    def __init__(self, size: tuple[int, int], title: str) -> None:
        os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")  # a texture of every frame costs milliseconds more
        try:
            _require_display()
            pygame.display.init()
            pygame.display.set_mode(size, pygame.RESIZABLE)
        except pygame.error as error:
            pygame.display.quit()
            raise PhysimError(NO_DISPLAY.format(reason=str(error).strip(".").lower())) from error
        pygame.display.set_caption(title)
        self._next = self._shown = time.perf_counter()

    @property
    def surface(self) -> pygame.Surface:
        """The window's surface, whose size the user may change."""
        return pygame.display.get_surface()

    def events(self) -> list[pygame.event.Event]:
        """What the user did; a window made tiny grows back."""
        events = pygame.event.get()
        width, height = self.surface.get_size()
        if min(width, height) < SMALLEST:
            pygame.display.set_mode((max(width, SMALLEST), max(height, SMALLEST)), pygame.RESIZABLE)
        return events

    def present(self) -> float:
        """Show the frame; one that came late does not delay those after it."""
        pygame.display.flip()
        now = time.perf_counter()
        self._next = max(self._next + FRAME, now - 2 * FRAME)
        time.sleep(max(0.0, self._next - now))
        before, self._shown = self._shown, time.perf_counter()
        return self._shown - before

    def close(self) -> None:
        """Close the window."""
        pygame.display.quit()


def _require_display() -> None:
    """Raise pygame.error where SDL would complain on its own, or draw where nobody can look."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in named):
        raise pygame.error("there is no display")
