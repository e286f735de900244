"""Playing: open, load, show, leave."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import pygame

from physim.reports import Row
from physim.viewer.layout import ROOMY, Layout
from physim.viewer.palette import GROUND, MUTED
from physim.viewer.recording import Recorder
from physim.viewer.settings import PlaySettings, ShowSettings
from physim.viewer.stage import Canvas, Stage, Window
from physim.viewer.text import rendered

if TYPE_CHECKING:
    from physim.engines.base import Engine
    from physim.viewer.playback import Playback
    from physim.worlds import World

T = TypeVar("T")


def run(settings: PlaySettings) -> list[Row]:
    """Play to the end, which Ctrl-C may be, and return the figures; a recording is kept unless something fails."""
    return on_stage(settings, lambda stage, recorder: _shown(stage, settings, recorder))


def on_stage(settings: ShowSettings, show: Callable[[Stage, Recorder | None], list[Row]]) -> list[Row]:
    """Open a stage, show, and leave nothing open; a recording is kept unless something fails."""
    stage: Stage = Canvas(settings.size) if settings.headless else Window(settings.size, "physim")
    recorder = None if settings.record is None else Recorder(settings.record)
    rows: list[Row] = []
    try:
        rows = show(stage, recorder)
    except BaseException:
        if recorder is not None:
            recorder.discard()
        raise
    finally:
        stage.close()
    if recorder is not None:
        recorder.close()
    return rows


def loaded(stage: Stage, load: Callable[[], T]) -> T | None:
    """What `load` gives, while a window stays alive; None where the user leaves before the end."""
    _draw_loading(stage.surface)
    stage.present()
    return _load_behind(stage, load) if stage.live else load()


def _shown(stage: Stage, settings: PlaySettings, recorder: Recorder | None) -> list[Row]:
    """Load and show; the figures are those of what was seen before the user left."""
    try:
        playback = loaded(stage, lambda: _load(settings))
        from physim.viewer.show import Show  # imports torch
    except KeyboardInterrupt:
        return []
    return [] if playback is None else Show(stage, playback, recorder, settings.started).run()


def _load(settings: PlaySettings) -> Playback:
    """The playback of these settings; imports torch."""
    from physim.engines.named import engine_named
    from physim.viewer.playback import Playback
    from physim.viewer.simulation import TRUTH, Simulation

    def make(name: str, world: World) -> Engine[Any]:
        weightless = name == TRUTH or ":" in name
        return engine_named(name, world, None if weightless else settings.weights)

    simulation = Simulation(settings.world(), settings.engines, make, settings.seed)
    playback = Playback(simulation, settings.steps_per_frame, settings.last_step)
    playback.plotting = all(side >= least for side, least in zip(settings.size, ROOMY, strict=True))
    return playback


def _load_behind(stage: Stage, load: Callable[[], T]) -> T | None:
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        loading = pool.submit(load)
        while not loading.done():
            _draw_loading(stage.surface)
            stage.present()
            time.sleep(0.03)  # leaves the interpreter to the loading thread
            if any(_leaves(event) for event in stage.events()):
                return None
        return loading.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _draw_loading(surface: pygame.Surface) -> None:
    """The word in the middle, and a bar that wanders under it."""
    surface.fill(GROUND)
    layout = Layout(surface.get_size(), 1)
    label = rendered("loading", round(layout.font * 1.4), MUTED)
    place = label.get_rect(center=surface.get_rect().center)
    surface.blit(label, place)
    share = abs(time.perf_counter() % 2 - 1)
    left = place.left + round(share * place.width * 2 / 3)
    surface.fill(MUTED, (left, place.bottom + layout.padding // 2, place.width // 3, 2))


def _leaves(event: pygame.event.Event) -> bool:
    return event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key in (pygame.K_ESCAPE, pygame.K_q))
