"""Recordings of speech: prompts of a telephone exchange, by several voices."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from physim.arrays import Singles
from physim.errors import PhysimError
from worlds.real_data.catalogue import SPEECH, WIDE_SPEECH
from worlds.real_data.parts import Part, part_of

RATE, WIDE_RATE = 8000, 16_000
"""Samples a second."""
VOICES = {
    "english": "en_US_f_Allison",
    "spanish": "es_MX_f_Allison",
    "french": "fr_CA_f_June",
    "italian": "it_IT_m_Carlo",
    "italian 2": "it_IT_f_Menardi",
    "russian": "ru_RU_f_IvrvoiceRU",
}
"""The voices, by what they speak, and their folders: the English and the Spanish one are of one woman."""
QUIET = 0.003
"""How loud, of 1, a recording must become to begin; it ends where it is quieter for good."""
MARGIN = 400
"""Samples of quiet that are left at both ends, at RATE."""
TONES = ("beep", "ascending-", "descending-")
"""With what the names of prompts begin that are no speech."""
G722_BITS = 64_000
"""Bits a second."""


@final
@dataclass(frozen=True)
class Recording:
    """A prompt [T] float32 in -1 to 1, at a `rate`; without its quiet ends."""

    name: str
    voice: str
    sound: Singles
    rate: int = RATE

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.sound) / self.rate


def recordings(voice: str, part: Part) -> list[Recording]:
    """The prompts of a voice that belong to a part, in the order of their names; without TONES.

    The same prompt belongs to the same part for all voices; numbers, letters and other series of like recordings, which
    lie in folders of their own, are all for training.

    Raises: PhysimError where the voice is unknown, or speech was not fetched.
    """
    if voice not in VOICES:
        raise PhysimError(f"unknown voice '{voice}': the known ones are {', '.join(VOICES)}")
    root = VOICES[voice]
    found = [(path.relative_to(_root(path, root)).as_posix(), path) for path in SPEECH.paths(f"{root}/*.wav")]
    return [Recording(name, voice, _trimmed(_read(path))) for name, path in found if _belongs(name, part)]


def wide_recordings(part: Part) -> list[Recording]:
    """The prompts of the English voice at WIDE_RATE, each in the same part as at RATE.

    Raises: PhysimError where wide-speech was not fetched, or `G722` is not installed, which decodes it.
    """
    voice = "english"
    root = VOICES[voice]
    found = [(path.relative_to(_root(path, root)), path) for path in WIDE_SPEECH.paths(f"{root}/*.g722")]
    named = [(name.with_suffix(".wav").as_posix(), path) for name, path in found]
    return [
        Recording(name, voice, _trimmed(_decoded(path), MARGIN * WIDE_RATE // RATE), WIDE_RATE)
        for name, path in named
        if _belongs(name, part)
    ]


def _root(path: Path, root: str) -> Path:
    """The folder of a voice above a recording."""
    return next(parent for parent in path.parents if parent.name == root)


def _belongs(name: str, part: Part) -> bool:
    return not name.startswith(TONES) and part == ("train" if "/" in name else part_of(name))


def _read(path: Path) -> Singles:
    """The samples of a file in -1 to 1; raises PhysimError where it is not as all are."""
    with wave.open(str(path)) as file:
        kind = (file.getnchannels(), file.getsampwidth(), file.getframerate())
        if kind != (1, 2, RATE):
            raise PhysimError(f"{path.name} has {kind} channels, bytes and samples a second, wanted (1, 2, {RATE})")
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return samples.astype(np.float32) / np.float32(2**15)


def _decoded(path: Path) -> Singles:
    """The samples of a file coded by G.722, in -1 to 1."""
    try:
        from G722 import G722
    except ModuleNotFoundError:
        raise PhysimError("G722 is not installed: pip install 'physim[speech]'") from None
    samples = np.asarray(G722(WIDE_RATE, G722_BITS).decode(path.read_bytes()))
    return samples.astype(np.float32) / np.float32(2**15)


def _trimmed(sound: Singles, margin: int = MARGIN) -> Singles:
    loud = np.flatnonzero(np.abs(sound) > QUIET)
    if not len(loud):
        return sound[:0]
    return sound[max(0, loud[0] - margin) : loud[-1] + margin]
