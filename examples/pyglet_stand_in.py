"""A pyglet that draws nothing and has a clock all the same: pymunk's examples run on it without pyglet or a display."""

from __future__ import annotations

import sys
from collections.abc import Callable
from operator import itemgetter
from typing import Any
from unittest.mock import MagicMock

Tick = Callable[[], object]
"""Says that a frame is over."""
WIDTH, HEIGHT = 640, 480
FRAME = 1 / 60


class Window:
    """A window of pyglet's usual size, of which any other attribute is a mock."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT, **_: Any) -> None:
        self.width, self.height = width, height

    def event(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Take a handler of events, of which there are none."""
        return handler

    def __getattr__(self, name: str) -> Any:
        return MagicMock()


class Clock:
    """Calls what is scheduled, without waiting; a frame is the shortest interval."""

    def __init__(self, start: Callable[[], Tick]) -> None:
        self._start = start
        self._waiting: list[tuple[float, float | None, Callable[..., Any], tuple[Any, ...]]] = []

    def schedule_interval(self, function: Callable[..., Any], interval: float, *given: Any) -> None:
        """Call a function every so many seconds."""
        self._waiting.append((interval, interval, function, given))

    def schedule_once(self, function: Callable[..., Any], delay: float, *given: Any) -> None:
        """Call a function once."""
        self._waiting.append((delay, None, function, given))

    def run(self) -> None:
        """Go from frame to frame until something raises."""
        tick = self._start()
        frame = min((interval for _, interval, *_ in self._waiting if interval), default=FRAME)
        now = 0.0
        while True:
            now += frame
            for item in sorted((item for item in self._waiting if item[0] <= now + 1e-9), key=itemgetter(0)):
                due, interval, function, given = item
                self._waiting.remove(item)
                if interval is not None:
                    self._waiting.append((due + interval, interval, function, given))
                function(interval or due, *given)
            tick()


def install(start: Callable[[], Tick]) -> None:
    """Let `import pyglet` give the stand-in, whose clock asks when it starts what it is to call after each frame."""
    clock = Clock(start)
    pyglet = MagicMock(version="2")
    pyglet.window.Window, pyglet.clock, pyglet.app.run = Window, clock, clock.run
    pyglet.graphics.Group, pyglet.image.get_buffer_manager = object, MagicMock()
    pyglet.resource.image.return_value = MagicMock(width=1, height=1)
    sys.modules["pyglet"] = pyglet
    for name in ("window", "gl", "graphics", "shapes", "text"):
        sys.modules[f"pyglet.{name}"] = getattr(pyglet, name)
