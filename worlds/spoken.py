"""Sentences spoken by a synthesizer, with the exact time of every phone: by the command `flite`, at 16 kHz."""

from __future__ import annotations

import re
import subprocess
import wave
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import final

import numpy as np

from physim.arrays import Floats, Integers, Singles
from physim.errors import PhysimError
from worlds.real_data.parts import Part
from worlds.real_data.texts import splits

RATE = 16_000
VOICES = ("slt", "rms", "awb", "kal16")
"""A woman and three men."""
PHONES = (
    "aa", "ae", "ah", "ao", "aw", "ax", "ay", "b", "ch", "d", "dh", "eh", "er", "ey",
    "f", "g", "hh", "ih", "iy", "jh", "k", "l", "m", "n", "ng", "ow", "oy", "p",
    "pau", "r", "s", "sh", "t", "th", "uh", "uw", "v", "w", "y", "z", "zh",
)  # fmt: skip
"""What is spoken, and `pau` for a pause."""
SENTENCE = re.compile(r"[A-Z][a-z ,;'\n]{20,90}[.?!]")


@final
@dataclass(frozen=True)
class Utterance:
    """A sentence [T] float32 in -1 to 1 at RATE, its phones by their numbers in PHONES [P], and when each ends (s) [P].

    The last one ends with the sound.
    """

    text: str
    voice: str
    sound: Singles
    phones: Integers
    ends: Floats

    @cached_property
    def labels(self) -> Integers:
        """The phone at each sample [T]."""
        samples = (np.arange(len(self.sound)) + 0.5) / RATE
        places = np.searchsorted(self.ends, samples, side="right").clip(max=len(self.phones) - 1)
        return self.phones[places]


def spoken(text: str, voice: str = "slt") -> Utterance:
    """A sentence in one of VOICES; the same one always sounds the same.

    Raises: PhysimError where the voice is unknown, nothing is to be said, or `flite` is not installed, or is another.
    """
    if voice not in VOICES:
        raise PhysimError(f"unknown voice {voice!r}: the known ones are {', '.join(VOICES)}")
    if not text.strip():
        raise PhysimError("text is empty, wanted something to say")
    with TemporaryDirectory() as folder:
        said, heard = Path(folder) / "text", Path(folder) / "sound.wav"
        said.write_text(text, encoding="utf-8")
        told = _told(["flite", "-voice", voice, "-psdur", "-f", str(said), "-o", str(heard)])
        with wave.open(str(heard)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    if not told.split():
        raise PhysimError(f"flite said no phones of {text!r}: is it version 2.2 or later?")
    names, ends = zip(*(phone.split(":") for phone in told.split()), strict=True)
    if unknown := set(names) - set(PHONES):
        raise PhysimError(f"flite speaks of phones {', '.join(sorted(unknown))}, wanted some of {', '.join(PHONES)}")
    phones = np.array([PHONES.index(name) for name in names])
    return Utterance(text, voice, samples.astype(np.float32) / np.float32(2**15), phones, np.array(ends, float))


def sentences(part: Part) -> list[str]:
    """The sentences of a part of Shakespeare's plays that are plain and neither short nor long, in their order.

    Raises: PhysimError where the text was not fetched.
    """
    text = getattr(splits("shakespeare"), part).decode("utf-8", "replace")
    return [" ".join(found.split()) for found in SENTENCE.findall(text)]


def _told(command: list[str]) -> str:
    """What a command prints."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        raise PhysimError("flite is not installed, which speaks: apt install flite") from None
    except subprocess.CalledProcessError as error:
        raise PhysimError(f"flite failed: {error.stderr.strip() or error}") from error
