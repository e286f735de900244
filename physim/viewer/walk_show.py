"""Walking on a stage: open, load, and turn decisions into frames."""

from __future__ import annotations

import contextlib
import time
from typing import final

from physim.reports import Row, row
from physim.viewer.pace import Pace
from physim.viewer.recording import Film, Recorder
from physim.viewer.session import loaded, on_stage
from physim.viewer.settings import WalkSettings
from physim.viewer.stage import Stage
from physim.viewer.walk_keys import handle
from physim.viewer.walk_picture import draw_walk
from physim.viewer.walking import Walking


def run(settings: WalkSettings) -> list[Row]:
    """Walk to the end, which Ctrl-C may be, and return the figures; a recording is kept unless something fails."""
    return on_stage(settings, lambda stage, recorder: _shown(stage, settings, recorder))


def _shown(stage: Stage, settings: WalkSettings, recorder: Recorder | None) -> list[Row]:
    with contextlib.suppress(KeyboardInterrupt):
        walking = loaded(stage, lambda: _load(settings))
        if walking is not None:
            return WalkShow(stage, walking, recorder).run()
    return []


def _load(settings: WalkSettings) -> Walking:
    """The walk of these settings at its start, all that draws it made ready."""
    walk, seed, actions = settings.walk(), settings.seed, None
    if settings.replay is not None:
        walk, seed, actions = walk.recorded(settings.replay)
    walking = Walking(walk, seed, settings, actions)
    walk.pictures()
    return walking


@final
class WalkShow:
    """A walk on a stage; where somebody looks, a decision takes as long as it does in the world."""

    def __init__(self, stage: Stage, walking: Walking, recorder: Recorder | None) -> None:
        self.stage, self.walking, self.recorder = stage, walking, recorder
        self.pace = Pace(walking.settings.started)
        self._clock = self._due = 0.0
        self._drawn: object = None
        if recorder is not None:
            recorder.film = Film(1 / walking.walk.dt, painted=True)

    def run(self) -> list[Row]:
        """Show frames until the user leaves (by Ctrl-C too) or the steps are done, and return the figures."""
        with contextlib.suppress(KeyboardInterrupt):
            while not self.walking.over:
                self.frame()
        return self.rows()

    def frame(self) -> None:
        """Answer the user, decide if it is time, draw, and show."""
        for event in self.stage.events():
            handle(event, self.walking)
        before = self.walking.steps
        if self._is_due():
            self.walking.advance()
        self._draw()
        if self.recorder is not None and self.walking.steps > before:
            self._record(self.recorder)
        self._clock += self.stage.present()
        self.pace.frame(time.perf_counter(), self.walking.steps - before)

    def rows(self) -> list[Row]:
        """What the walk brought, and how fast it was shown."""
        walking, speeds = self.walking, self.pace.average()
        figures = [
            row("reward", walking.total, "points"),
            row("episodes", walking.episodes, "episodes"),
            row("steps", walking.steps, "steps"),
            row("frames_per_second", speeds.frames, "frames/s"),
            row("steps_per_second", speeds.steps, "steps/s"),
            row("seconds_to_first_frame", self.pace.seconds_to_first_frame or 0.0, "s"),
        ]
        return [figure | {"world": walking.walk.name, "seed": walking.seed} for figure in figures]

    def _is_due(self) -> bool:
        """Whether it is time to decide; a decision that comes late does not hurry those after it."""
        if self.stage.live and self._clock < self._due:
            return False
        self._due = max(self._due, self._clock - self.walking.walk.dt) + self.walking.walk.dt
        return True

    def _draw(self) -> None:
        """Draw what has changed since the last frame."""
        walking, size = self.walking, self.stage.surface.get_size()
        told = walking.notice, walking.paused, walking.helping, walking.led
        state = size, walking.steps, walking.episodes, told
        if state != self._drawn:
            draw_walk(self.stage.surface, walking)
        self._drawn = state

    def _record(self, recorder: Recorder) -> None:
        recorder.add(self.stage.surface)
        if recorder.full:
            self.walking.notice = f"the recording is full at {recorder.frames} frames: an .mp4 holds more"
