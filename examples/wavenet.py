"""A WaveNet that plays a string it has only heard: python examples/wavenet.py --listen out.wav."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from physim.checks import TEST_SEEDS_FROM
from physim.errors import PhysimError
from physim.outputs import check_plot, check_writable, replacing
from physim.reports import Row, check_report, report, row
from physim.scripts import run_script

WEIGHTS = Path(__file__).parents[1] / "learners" / "sequences" / "weights" / "string.safetensors"
TUNE = (130.8, 146.8, 164.8, 174.6, 196.0, 196.0, 220.0, 220.0, 196.0, 130.8)
DILATIONS = 2 * tuple(2**power for power in range(9))
CHANNELS, SKIPS = 32, 64
TUNES, PLUCKS = 40, 20
"""Tunes that are learned from, and of how many plucks each is."""
SHORTEST = 0.01
UPDATES_A_MINUTE = 110
"""About, on one core."""


@dataclass(frozen=True)
class Args:
    """A WaveNet makes the sound of a plucked string, sample by sample, beside the simulated string itself.

    Without an option it plays a tune and prints how fast.
    """

    listen: Path | None = None
    """Write what it plays to this .wav file."""
    true: Path | None = None
    """Write the simulated string, playing the same, to this .wav file."""
    plot: Path | None = None
    """Draw the spectra of both over time into this .png, .pdf or .svg file."""
    tune: tuple[float, ...] = TUNE
    """The frequencies of its plucks in Hz, 90 to 230."""
    seconds: float = 0.5
    """How long each pluck sounds."""
    temperature: float = 0.7
    """How freely samples are drawn: 1 as it learned, less for less noise."""
    seed: int = 0
    """What samples are drawn by."""
    weights: Path = WEIGHTS
    """The WaveNet's weights."""
    train: float | None = None
    """Train one for about so many minutes of one core, into --weights, and judge it; an interrupted one goes on."""
    json: str | None = None
    """Write the figures as JSON to this file, or with - to standard output."""

    def run(self) -> list[Row]:
        """Do what is asked for and return its figures."""
        check_report(self.json)
        if not self.tune or self.seconds < SHORTEST:
            raise PhysimError(
                f"tune: got {list(self.tune)} for {self.seconds} s each, wanted a pluck of {SHORTEST} s or more"
            )
        if self.plot is not None:
            check_plot(self.plot, "--plot")
        for path, field, suffix in ((self.listen, "--listen", ".wav"), (self.true, "--true", ".wav")):
            if path is not None:
                check_writable(path, field, suffix)
        if self.train is not None and self.weights == WEIGHTS:
            raise PhysimError("train writes into --weights: name a file, those that ship stay as they are")
        rows = self.play() if self.train is None else train(self.train, self.weights)
        report(rows, self.json)
        return rows

    def play(self) -> list[Row]:
        """The tune, by the WaveNet and by the string."""
        import time

        import torch

        from learners.sequences.generation import generate
        from learners.sequences.mu_law import decoded
        from learners.sequences.sounds import spectrograms, write_wav
        from physim.graph import load_graph
        from worlds.plucked import RATE, Pluck, played

        plucks = [(Pluck(frequency), round(self.seconds * RATE)) for frequency in self.tune]
        string, known = played(plucks)
        if not self.weights.exists():
            raise PhysimError(f"there are no weights {self.weights}: --train 16 makes some in as many minutes")
        net = load_graph(self.weights)[0].eval()
        options: dict[str, Any] = {"temperature": self.temperature, "seed": self.seed, "progress": True}
        given = {"features": torch.from_numpy(known)[None]}
        generate(net, 1, given={"features": given["features"][:, :1]})  # native code is made now
        begun = time.perf_counter()
        heard = decoded(generate(net, len(known), given=given, **options)[0]).numpy()
        speed = len(heard) / (time.perf_counter() - begun)
        if self.listen is not None:
            write_wav(self.listen, heard, RATE)
        if self.true is not None:
            write_wav(self.true, string, RATE)
        if self.plot is not None:
            with replacing(self.plot) as draft:
                figure = spectrograms({"WaveNet": heard, "the string itself": string}, RATE)
                figure.savefig(draft, format=self.plot.suffix[1:], dpi=120)
        near, far = (spectral_distance(sound, string) for sound in (heard, heard[::-1]))
        return [
            row("speed", speed, "samples/s", "what is heard in a second", RATE),
            row("its spectra from the string's", near, "dB", "played backwards", far),
        ]


def spectral_distance(one: Any, other: Any) -> float:
    """The root mean square difference (dB) of two sounds' spectra over time, down to 60 dB under the loudest."""
    from scipy.signal import stft

    levels = []
    for sound in (one, other):
        power = 20 * np.log10(np.abs(stft(sound, nperseg=512)[2]) + 1e-9)
        levels.append(np.maximum(power, power.max() - 60) - power.max())
    return float(np.sqrt(np.mean((levels[0] - levels[1]) ** 2)))


def train(minutes: float, weights: Path) -> list[Row]:
    """Train a WaveNet on tunes of drawn plucks, and judge it by bits a sample on others."""
    import torch

    from learners.sequences.mu_law import LEVELS, encoded
    from learners.sequences.rows import Crops, SymbolRow, bits
    from learners.sequences.training import SequenceTraining
    from learners.sequences.wavenet import ordered, receptive_field, wavenet
    from physim.graph import save_graph
    from physim.threads import one_thread
    from worlds.plucked import drawn_tune, played

    if minutes <= 0:
        raise PhysimError(f"train is {minutes}, wanted a positive number of minutes")
    check_writable(weights, "--weights", ".safetensors")

    def tune(seed: int) -> SymbolRow:
        sound, known = played(drawn_tune(np.random.default_rng(seed), PLUCKS))
        return SymbolRow(encoded(torch.from_numpy(sound)), ticks={"features": torch.from_numpy(known)})

    torch.manual_seed(0)
    rows, valid = [tune(seed) for seed in range(TUNES)], [tune(TUNES)]
    test = [tune(TEST_SEEDS_FROM + number) for number in range(4)]
    net = ordered(wavenet(LEVELS, CHANNELS, SKIPS, DILATIONS, features=4))
    crops = Crops(rows, 4000, receptive_field(DILATIONS), LEVELS)
    updates = max(1, round(minutes * UPDATES_A_MINUTE))
    checkpoint = weights.with_name(f"{weights.name}.checkpoint")
    with one_thread():
        settings = SequenceTraining(updates, rate=3e-3, every=max(1, updates // 10), checkpoint=checkpoint)
        progress = settings.run(net, crops, lambda judged: bits(judged, valid, LEVELS))
        found = bits(net, test, LEVELS)
    told = {"updates": updates, "bits": found, "curve": progress.curve}
    save_graph(weights, net, told)
    checkpoint.unlink(missing_ok=True)
    return [row("unseen tunes", found, "bits/sample", "levels", 8.0)]


def main(args: Args) -> None:
    """Do what is asked for."""
    args.run()


if __name__ == "__main__":
    run_script(main, Args, __doc__)
