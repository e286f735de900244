"""Chorales by Bach, played by a piano: scores that come with `music21`, made sound by the command `fluidsynth`."""

from __future__ import annotations

import subprocess
import wave
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile, is_zipfile

import numpy as np

from physim.arrays import Singles
from physim.errors import PhysimError
from worlds.real_data.parts import Part, part_of

RATE = 8000
"""Samples a second."""
PIANO = 0
"""The number of its sound."""
SOUNDS = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
"""A soundfont, so that the piano is the same one everywhere."""
INSTALL = "apt install fluidsynth timgm6mb-soundfont"
HEIGHTS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""Of notes, in half tones."""
INTERVALS = 8
"""By how many a melody is known: further on, settings of one hymn begin to differ."""
GAIN = 2.0
"""How loud: four voices at once stay under 1."""


def chorales(part: Part) -> list[str]:
    """The names of the scores that belong to a part, such as "bwv66.6", in their order, those of one melody together.

    Raises: PhysimError where `music21` is not installed.
    """
    return [name for name, belongs in _parts().items() if belongs == part]


@lru_cache(maxsize=1)
def _parts() -> dict[str, Part]:
    scores = _music21().corpus.getComposer("bach", fileExtensions=["mxl"])
    return {path.stem: part_of(_melody(path)) for path in sorted(scores, key=lambda path: path.stem)}


def _melody(score: Path) -> str:
    """How a score's soprano begins, in whatever key; where none sings, the first part."""
    told = ElementTree.fromstring(_written(score))
    names = {part.get("id"): part.findtext("part-name") for part in told.iter("score-part")}
    soprano = min(told.iter("part"), key=lambda part: names[part.get("id")] != "Soprano")
    notes = [(HEIGHTS[str(note.findtext("step"))], note) for note in soprano.iter("pitch")][: INTERVALS + 1]
    heights = [step + int(note.findtext("alter", "0")) + 12 * int(note.findtext("octave", "0")) for step, note in notes]
    return " ".join(str(after - before) for before, after in pairwise(heights))


def _written(score: Path) -> bytes:
    """The MusicXML of a score, packed or not."""
    if not is_zipfile(score):
        return score.read_bytes()
    with ZipFile(score) as packed:
        root = ElementTree.fromstring(packed.read("META-INF/container.xml")).find(".//{*}rootfile")
        assert root is not None
        return packed.read(root.attrib["full-path"])


def played(name: str) -> Singles:
    """What is heard of a score [T] float32 in -1 to 1, at RATE; the same one always sounds the same.

    Raises: PhysimError where there is no such score, or `music21`, `fluidsynth` or its soundfont is not installed.
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
    """Make sound of a score."""
    if not SOUNDS.exists():
        raise PhysimError(f"the soundfont {SOUNDS} is not installed: {INSTALL}")
    command = ["fluidsynth", "-ni", "-q", "-r", str(RATE), "-g", str(GAIN), "-F", str(sound), str(SOUNDS), str(score)]
    try:
        said = subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise PhysimError(f"fluidsynth is not installed, which plays: {INSTALL}") from None
    except subprocess.CalledProcessError as error:
        raise PhysimError(f"fluidsynth failed: {error.stderr.strip() or error}") from error
    if not sound.exists():
        raise PhysimError(f"fluidsynth played nothing ({INSTALL}): {said.stderr.strip()}")


def _music21() -> Any:
    try:
        import music21
    except ModuleNotFoundError:
        raise PhysimError("music21 is not installed, which has the scores: pip install 'physim[music]'") from None
    return music21
