"""Run by `pytest tests/benchmarks`: the window with truth and learned engine side by side, in processor time."""

from __future__ import annotations

from time import process_time

import pytest

from physim.viewer import PlaySettings, play
from worlds import Playground

FRAMES = 300


@pytest.mark.parametrize(("bodies", "a_second"), [(30, 60), (100, 30)])
def test_the_playground_is_shown_in_real_time(bodies: int, a_second: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")

    def seconds(frames: int) -> float:
        before = process_time()
        play(PlaySettings(world=lambda: Playground(bodies=bodies), steps=frames))
        return process_time() - before

    loaded = min(seconds(10) for _ in range(2))
    shown = (seconds(10 + FRAMES) - loaded) / FRAMES
    print(f"{1e3 * shown:.1f} ms a frame")
    assert shown < 1 / a_second
