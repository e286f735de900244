"""Chorales by Bach, played by a piano: scores that come with `music21`, made sound by the command `fluidsynth`."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from physim.arrays import Singles
from physim.errors import PhysimError
from worlds.real_data.parts import Part, part_of

RATE = 8000
"""Samples a second."""
PIANO = 0
"""The number of its sound."""
INSTALL = "apt install fluidsynth timgm6mb-soundfont"
GAIN = 2.0
"""How loud: four voices at once stay under 1."""


def chorales(part: Part) -> list[str]:
    """The names of the scores that belong to a part, such as "bwv66.6", in their order, variants of one together.

    Raises: PhysimError where `music21` is not installed.
    """
    scores = _music21().corpus.getComposer("bach", fileExtensions=["mxl"])
    return sorted(path.stem for path in scores if part_of(path.stem.partition("-")[0]) == part)


def played(name: str) -> Singles:
    """What is heard of a score [T] float32 in -1 to 1, at RATE; the same one always sounds the same.

    Raises: PhysimError where there is no such score, or `music21` or `fluidsynth` is not installed.
    """
    music21 = _music21()
    try:
        score = music21.corpus.parse(f"bach/{name}")
    except music21.exceptions21.CorpusException:
        raise PhysimError(f"there is no chorale {name!r}: `chorales` names them") from None
    for instrument in score.recurse().getElementsByClass("Instrument"):
        instrument.midiProgram = PIANO
    with TemporaryDirectory() as folder:
        written, heard = Path(folder) / "score.mid", Path(folder) / "sound.wav"
        score.write("midi", written)
        _render(written, heard)
        with wave.open(str(heard)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
    sound: Singles = samples.mean(1, dtype=np.float32) / np.float32(2**15)
    return sound


def _render(score: Path, sound: Path) -> None:
    """Make sound of a score, by the soundfont that the command finds."""
    command = ["fluidsynth", "-ni", "-q", "-r", str(RATE), "-g", str(GAIN), "-F", str(sound), str(score)]
    try:
        told = subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise PhysimError(f"fluidsynth is not installed, which plays: {INSTALL}") from None
    except subprocess.CalledProcessError as error:
        raise PhysimError(f"fluidsynth failed: {error.stderr.strip() or error}") from error
    if not sound.exists():
        raise PhysimError(f"fluidsynth played nothing, wanted a soundfont ({INSTALL}): {told.stderr.strip()}")


def _music21() -> Any:
    try:
        import music21
    except ModuleNotFoundError:
        raise PhysimError("music21 is not installed, which has the scores: pip install 'physim[music]'") from None
    return music21
