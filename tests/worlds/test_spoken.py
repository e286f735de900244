from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.spoken import PHONES, RATE, VOICES, spoken

STAND_IN = """#!{python}
import sys, wave
sound = wave.open(sys.argv[sys.argv.index("-o") + 1], "wb")
sound.setparams((1, 2, 16000, 0, "NONE", "NONE"))
sound.writeframes(b"\\0\\x40" * 8000)
print("pau:0.1 hh:0.2 ax:0.35 pau:0.5 ")
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that says the same whatever it is asked."""
    command = tmp_path / "flite"
    command.write_text(STAND_IN.format(python=sys.executable))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("stand_in")
def test_every_sample_has_its_phone() -> None:
    heard = spoken("a")
    assert heard.sound.dtype == np.float32
    assert (heard.sound == 0.5).all()
    assert [PHONES[number] for number in heard.phones] == ["pau", "hh", "ax", "pau"]
    changes = np.flatnonzero(np.diff(heard.labels)) + 1
    assert changes.tolist() == [1600, 3200, 5600]
    assert len(heard.labels) == 8000


def test_what_cannot_be_said_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PhysimError, match="unknown voice 'me': the known ones are slt"):
        spoken("hello", "me")
    with pytest.raises(PhysimError, match="text is empty"):
        spoken(" ")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PhysimError, match="flite is not installed, which speaks: apt install flite"):
        spoken("hello")


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
@pytest.mark.parametrize("voice", VOICES)
def test_sentences_sound_and_are_loud_where_they_should_be(voice: str) -> None:
    heard = spoken("-h is no option, but a letter; she sees seven seas.", voice)
    assert abs(heard.ends[-1] - len(heard.sound) / RATE) < 0.15
    power = np.square(heard.sound)
    pause = heard.labels == PHONES.index("pau")
    assert power[pause].mean() < 0.1 * power[~pause].mean()
    again = spoken("-h is no option, but a letter; she sees seven seas.", voice)
    assert np.array_equal(heard.sound, again.sound)
