"""The window: engines of a world side by side, in lock-step, or a world to walk through."""

from __future__ import annotations

import os

from physim.reports import Row
from physim.viewer.settings import PlaySettings, WalkSettings

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # its greeting would stand in what --json - prints

__all__ = ["PlaySettings", "WalkSettings", "play", "walk"]


def play(settings: PlaySettings) -> list[Row]:
    """Show a world's engines until the user leaves or the steps are done, and return the figures of the run.

    Raises: PhysimError where there is no display, and for whatever the world, the weights or the recording refuse.
    """
    from physim.viewer.session import run

    return run(settings)


def walk(settings: WalkSettings) -> list[Row]:
    """Show a walk until the user leaves or the steps are done, and return the figures of it.

    Raises: PhysimError where there is no display, and for whatever the walk, its replay or the recording refuse.
    """
    from physim.viewer.walk_show import run

    return run(settings)
