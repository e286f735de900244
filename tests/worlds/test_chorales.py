from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from physim.errors import PhysimError
from worlds import chorales as chorales_module
from worlds.chorales import RATE, chorales, played

STAND_IN = """#!{python}
import pathlib, sys
pathlib.Path(sys.argv[0]).with_name("asked").write_text(" ".join(sys.argv[1:]))
"""


def test_scores_belong_to_one_part_each() -> None:
    pytest.importorskip("music21")
    parts = [set(chorales(part)) for part in ("train", "valid", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) > 400
    assert all(len(each) > 20 for each in parts)


def test_scores_of_one_melody_belong_to_one_part() -> None:
    """In the St Matthew Passion one hymn is sung five times, with another end each time."""
    pytest.importorskip("music21")
    sung = {f"bwv244.{number}" for number in (15, 17, 44, 54, 62)}
    assert sum(bool(sung & set(chorales(part))) for part in ("train", "valid", "test")) == 1


def test_what_cannot_be_played_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "music21", None)
    chorales_module._parts.cache_clear()
    with pytest.raises(PhysimError, match=r"music21 is not installed.*pip install 'physim\[music\]'"):
        chorales("train")
    monkeypatch.undo()
    pytest.importorskip("music21")
    with pytest.raises(PhysimError, match="there is no chorale 'bwv0'"):
        played("bwv0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chorales_module, "SOUNDS", tmp_path / "sounds.sf2")
    with pytest.raises(PhysimError, match=r"the soundfont .*sounds\.sf2 is not installed: apt install"):
        played("bwv66.6")
    (tmp_path / "sounds.sf2").touch()
    with pytest.raises(PhysimError, match="fluidsynth is not installed, which plays: apt install"):
        played("bwv66.6")
    command = tmp_path / "fluidsynth"
    command.write_text(STAND_IN.format(python=sys.executable))
    command.chmod(0o755)
    with pytest.raises(PhysimError, match="fluidsynth played nothing"):
        played("bwv66.6")
    asked = (tmp_path / "asked").read_text()
    assert "-r 8000" in asked
    assert "sounds.sf2" in asked


@pytest.mark.skipif(
    shutil.which("fluidsynth") is None or not chorales_module.SOUNDS.exists(), reason="no piano is installed"
)
def test_a_chorale_sounds_as_it_is_written() -> None:
    """bwv66.6 begins with A3, E4, A4 and C sharp 5: these sound, and what is half a tone above does not."""
    pytest.importorskip("music21")
    sound = played("bwv66.6")
    assert sound.dtype == np.float32
    assert 20 < len(sound) / RATE < 30
    assert 0.3 < np.abs(sound).max() < 1
    assert np.array_equal(sound, played("bwv66.6"))
    power = np.abs(np.fft.rfft(sound[: RATE // 4] * np.hanning(RATE // 4), 4 * RATE))
    pitches = np.array([220.0, 329.6, 440.0, 554.4])
    heard, beside = (power[np.rint(4 * each).astype(int)] for each in (pitches, pitches * 2 ** (1 / 12)))
    assert (heard > 10 * beside).all()
