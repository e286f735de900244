"""The loop that turns steps into frames."""

from __future__ import annotations

import contextlib
import time
from typing import final

from physim.reports import Row
from physim.threads import one_thread
from physim.viewer.controls import Controls
from physim.viewer.pace import Pace, Speeds
from physim.viewer.picture import Picture
from physim.viewer.playback import Playback
from physim.viewer.recording import Recorder
from physim.viewer.rows import rows_of
from physim.viewer.settings import FRAMES_PER_SECOND
from physim.viewer.stage import Stage

REFRESH = 0.2
"""Seconds from one rendering of the figures to the next."""


@final
class Show:
    """A playback on a stage, from the first frame to the last."""

    def __init__(self, stage: Stage, playback: Playback, recorder: Recorder | None, started: float) -> None:
        self.stage, self.playback, self.recorder = stage, playback, recorder
        self.picture = Picture(playback)
        self.controls = Controls(playback, self.picture)
        self.pace = Pace(started)
        self._clock = self._refresh_due = self._record_due = 0.0
        self._seconds = 0.0

    def run(self) -> list[Row]:
        """Show frames until the user leaves (by Ctrl-C too) or the steps are done, and return the figures."""
        with one_thread(), contextlib.suppress(KeyboardInterrupt):
            while not self.playback.done:
                self.frame()
        return rows_of(self.playback, self.pace)

    def frame(self) -> None:
        """Answer the user, take the steps, draw, and show."""
        for event in self.stage.events():
            self.controls.handle(event)
        before = self.playback.steps_taken
        self.playback.frame()
        self.picture.draw(self.stage.surface, min(self._seconds, 0.1), self._speeds())
        self._record()
        self._seconds = self.stage.present()
        self._clock += self._seconds
        self.pace.frame(time.perf_counter(), self.playback.steps_taken - before)

    def _speeds(self) -> Speeds | None:
        """The speeds of now where the figures are to be rendered anew: at times, and in every frame that is filmed.

        Of frames that nobody watches there is no speed to tell, so that films of one seed are the same.
        """
        if self._clock < self._refresh_due and not self._filmed:
            return None
        self._refresh_due = self._clock + REFRESH
        return self.pace.speeds() if self.stage.live else Speeds(0.0, 0.0)

    @property
    def _filmed(self) -> bool:
        """Whether the film is due for this frame."""
        return self.recorder is not None and self._clock >= self._record_due - 1e-6

    def _record(self) -> None:
        """Record this frame, if the film is due for one."""
        if self.recorder is None or not self._filmed:
            return
        self._record_due = max(self._record_due, self._clock - 1 / FRAMES_PER_SECOND) + 1 / FRAMES_PER_SECOND
        self.recorder.add(self.stage.surface)
        if self.recorder.full:
            self.playback.notice = f"the recording is full at {self.recorder.frames} frames: an .mp4 holds more"
