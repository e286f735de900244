from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import imageio.v3
import pytest

from physim.engines.learned import LearnedEngine
from physim.errors import PhysimError
from physim.viewer import PlaySettings, play
from physim.viewer.playback import Playback
from physim.viewer.stage import Window

Settings = Callable[..., PlaySettings]


def test_a_headless_session_takes_its_steps_and_tells_its_figures(settings: Settings) -> None:
    rows = play(settings(steps=22))
    values = {(row["name"], row.get("engine")): row["value"] for row in rows}
    assert values["steps", None] == 22
    assert values["frames_per_second", None] > 0
    assert values["rollout_position_error", "learned"] > 0
    assert values["energy_drift", "learned"] > values["energy_drift", "truth"]
    json.dumps(rows, allow_nan=False)


def test_a_recording_has_a_frame_for_every_frame(settings: Settings, tmp_path: Path) -> None:
    play(settings(steps=24, steps_per_frame=3, record=tmp_path / "film.gif"))
    assert len(imageio.v3.imread(tmp_path / "film.gif")) == 8


@pytest.mark.parametrize("engines", [("truth",), ("truth", "learned", "learned"), ("learned", "truth") * 3])
def test_any_number_of_panels_is_recorded_headless(
    settings: Settings, engines: tuple[str, ...], tmp_path: Path
) -> None:
    rows = play(settings(steps=6, engines=engines, record=tmp_path / "film"))
    assert len(list((tmp_path / "film").iterdir())) == 2
    compared = [row["engine"] for row in rows if row["name"] == "rollout_position_error"]
    assert len(compared) == len(engines) - engines.count("truth") + max(0, engines.count("truth") - 1)


def test_films_without_a_window_are_the_same_each_time(settings: Settings, tmp_path: Path) -> None:
    for name in ("first.gif", "second.gif"):
        play(settings(steps=60, size=(960, 640), record=tmp_path / name))
    assert (tmp_path / "first.gif").read_bytes() == (tmp_path / "second.gif").read_bytes()


def test_the_truth_alone_needs_no_weights(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(weights: str) -> None:
        raise PhysimError(f"no weights {weights}")

    monkeypatch.setattr(LearnedEngine, "load", missing)
    assert all(row.get("engine") != "learned" for row in play(settings(engines=("truth",))))
    with pytest.raises(PhysimError, match="no weights nbody"):
        play(settings(engines=("learned",)))


def test_a_failure_leaves_no_recording(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(playback: Playback) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Playback, "frame", broken)
    with pytest.raises(RuntimeError, match="broken"):
        play(settings(record=tmp_path / "film.gif"))
    assert not list(tmp_path.iterdir())


def test_ctrl_c_ends_cleanly_and_keeps_the_recording(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    take = Playback.frame

    def interrupted(playback: Playback) -> None:
        take(playback)
        if playback.steps_taken == 12:
            raise KeyboardInterrupt

    monkeypatch.setattr(Playback, "frame", interrupted)
    rows = play(settings(steps=100, record=tmp_path / "film.gif"))
    assert next(row["value"] for row in rows if row["name"] == "steps") == 12
    assert len(imageio.v3.imread(tmp_path / "film.gif")) == 2


def test_a_window_shows_the_same_session(settings: Settings) -> None:
    rows = play(settings(headless=False, steps=12))
    assert next(row["value"] for row in rows if row["name"] == "steps") == 12


def test_without_a_display_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(PhysimError, match=r"--headless --record out\.gif"):
        Window((320, 240), "physim")
