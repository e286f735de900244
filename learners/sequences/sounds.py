"""Sound on disk and in pictures."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np

from physim.arrays import Singles
from physim.errors import PhysimError
from physim.outputs import check_writable, replacing


def write_wav(path: Path, sound: Singles, rate: int) -> None:
    """Write sound [T] in -1 to 1 as 16-bit samples; what is louder is clipped."""
    check_writable(path, "the sound's file", ".wav")
    samples = (np.clip(sound, -1, 1) * (2**15 - 1)).round().astype("<i2")
    with replacing(path) as draft, draft.open("wb") as file, wave.open(file, "wb") as written:
        written.setparams((1, 2, rate, 0, "NONE", "NONE"))
        written.writeframes(samples.tobytes())


def read_wav(path: Path) -> Singles:
    """The sound [T] in -1 to 1 of a file of 16-bit samples; raises PhysimError where there is none."""
    if not path.exists():
        raise PhysimError(f"there is no sound {path}: remove the rows that were measured with it, to make both anew")
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return samples.astype(np.float32) / np.float32(2**15 - 1)


def spectrograms(sounds: dict[str, Singles], rate: int) -> Any:
    """A matplotlib figure of the spectra of several sounds [T] over time, one above the other, in decibels."""
    from matplotlib.figure import Figure
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    figure = Figure(figsize=(9, 2.4 * len(sounds)), layout="constrained")
    axes = figure.subplots(len(sounds), 1, squeeze=False, sharex=True)[:, 0]
    for (name, sound), ax in zip(sounds.items(), axes, strict=True):
        length = rate // 20
        transform = ShortTimeFFT(hann(length), hop=length // 4, fs=rate, mfft=2 * length)
        power = 20 * np.log10(np.abs(transform.stft(sound)) + 1e-6)
        extent = (0, len(sound) / rate, 0, rate / 2)
        top = float(power.max())
        ax.imshow(power, origin="lower", aspect="auto", extent=extent, vmin=top - 80, vmax=top, cmap="magma")
        ax.set_title(name, fontsize="medium")
        ax.set_ylabel("Hz")
    axes[-1].set_xlabel("s")
    return figure
