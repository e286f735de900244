"""How fast the frames come."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import final

RECENT = 60


@final
@dataclass(frozen=True)
class Speeds:
    """How fast the window is just now, per second of the clock."""

    frames: float
    steps: float


@final
class Pace:
    """Counts frames and steps from the first frame on; `started` is when the user asked for them (seconds)."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._recent: deque[tuple[float, int]] = deque(maxlen=RECENT)
        self._first: float | None = None
        self._last = started
        self.frames, self.steps = 0, 0

    def frame(self, now: float, steps: int) -> None:
        """A frame with so many steps is shown at this instant."""
        if self._first is None:
            self._first = now
        else:
            self.frames += 1
            self.steps += steps
        self._last = now
        self._recent.append((now, steps))

    @property
    def seconds_to_first_frame(self) -> float | None:
        """From the start until both panels stand there; None before that."""
        return None if self._first is None else self._first - self._started

    def average(self) -> Speeds:
        """Over all frames after the first."""
        seconds = self._last - (self._first or self._last)
        return Speeds(self.frames / seconds, self.steps / seconds) if seconds > 0 else Speeds(0.0, 0.0)

    def speeds(self) -> Speeds:
        """Over the last frames."""
        if len(self._recent) < 2:
            return Speeds(0.0, 0.0)
        seconds = self._recent[-1][0] - self._recent[0][0]
        return Speeds((len(self._recent) - 1) / seconds, sum(steps for _, steps in list(self._recent)[1:]) / seconds)
