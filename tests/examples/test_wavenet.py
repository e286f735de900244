from __future__ import annotations

import wave
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from physim.errors import PhysimError


@pytest.fixture
def script(example: Any, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script with a network of seconds."""
    module: ModuleType = example("wavenet")
    changes = {"DILATIONS": (1, 2), "CHANNELS": 4, "SKIPS": 4, "TUNES": 1, "PLUCKS": 2, "UPDATES_A_MINUTE": 2}
    for name, value in changes.items():
        monkeypatch.setattr(module, name, value)
    return module


def test_what_is_trained_plays_and_is_drawn(script: ModuleType, tmp_path: Path) -> None:
    weights, heard, true, plot = (tmp_path / name for name in ("w.safetensors", "w.wav", "s.wav", "p.png"))
    (judged,) = script.Args(train=1.0, weights=weights).run()
    assert 0 < judged["value"] < 9
    options = {"tune": (100.0, 150.0), "seconds": 0.1, "listen": heard, "true": true, "plot": plot}
    speed, near = script.Args(weights=weights, **options).run()
    assert speed["value"] > 0
    assert near["value"] > 0
    for path in (heard, true):
        with wave.open(str(path)) as file:
            assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, 8000, 1600)
    assert plot.read_bytes().startswith(b"\x89PNG")
    before = heard.read_bytes()
    script.Args(weights=weights, **options).run()
    assert heard.read_bytes() == before


def test_spectra_of_one_sound_are_as_near_as_can_be(script: ModuleType) -> None:
    random = np.random.default_rng(0)
    sound = random.standard_normal(4000)
    assert script.spectral_distance(sound, sound) == 0
    assert script.spectral_distance(sound, sound * np.linspace(1, 0.01, 4000)) > 3


def test_what_cannot_be_written_or_played_is_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"--listen must be a file whose name ends in \.wav"):
        script.Args(listen=tmp_path / "out.mp3").run()
    with pytest.raises(PhysimError, match="frequency is 440 Hz"):
        script.Args(tune=(440.0,), weights=tmp_path / "none.safetensors").run()
    with pytest.raises(PhysimError, match=r"there are no weights .*: --train 16 makes some"):
        script.Args(tune=(100.0,), weights=tmp_path / "none.safetensors").run()
    with pytest.raises(PhysimError, match="train is 0"):
        script.Args(train=0.0, weights=tmp_path / "w.safetensors").run()
