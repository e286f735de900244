"""Playing: open, load, show, leave."""

from __future__ import annotations

from physim.reports import Row
from physim.viewer.loading import draw_loading, load, load_behind
from physim.viewer.recording import Recorder
from physim.viewer.settings import PlaySettings
from physim.viewer.stage import Canvas, Stage, Window


def run(settings: PlaySettings) -> list[Row]:
    """Play to the end, which Ctrl-C may be, and return the figures; a recording is kept unless something fails."""
    stage: Stage = Canvas(settings.size) if settings.headless else Window(settings.size, "physim")
    recorder = None if settings.record is None else Recorder(settings.record)
    rows: list[Row] = []
    try:
        rows = _shown(stage, settings, recorder)
    except BaseException:
        if recorder is not None:
            recorder.discard()
        raise
    finally:
        stage.close()
    if recorder is not None:
        recorder.close()
    return rows


def _shown(stage: Stage, settings: PlaySettings, recorder: Recorder | None) -> list[Row]:
    """Load and show; the figures are those of what was seen before the user left."""
    try:
        draw_loading(stage.surface)
        stage.present()
        playback = load(settings) if settings.headless else load_behind(stage, settings)
        from physim.viewer.show import Show  # imports torch
    except KeyboardInterrupt:
        return []
    return [] if playback is None else Show(stage, playback, recorder, settings.started).run()
