"""How far back a model of music must hear, and what it plays: a part of wavenet.py.

The music is Bach's chorales by a sampled piano: the notes are music, the playing has no expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

import torch

from learners.experiment import Cell, markdown
from learners.papers import PaperSettings, net_path
from learners.sequences.generation import generate
from learners.sequences.kept import trained
from learners.sequences.mu_law import LEVELS, decoded, encoded
from learners.sequences.rows import Crops, SymbolRow, bits
from learners.sequences.sounds import read_wav, spectrograms, write_wav
from learners.sequences.wavenet import ordered, receptive_field, wavenet
from parts.sequence_cells import (
    CHANNELS,
    COSTS,
    OVER_SEEDS,
    SKIPS,
    cells,
    curves,
    figures_of,
    less,
    mean_or_diverged,
    means,
    outcome,
    rows_of,
    training_of,
    tuned,
)
from physim.graph import ModuleGraph
from physim.reports import Row
from worlds.chorales import RATE, chorales, played
from worlds.real_data.parts import Part

SCORES: dict[Part, int] = {"train": 60, "valid": 6, "test": 20}
JUDGED = 10 * RATE
"""Samples of each score, from its begin, that verdicts are by."""
DILATIONS = {
    6 * (1, 2, 4): 0.13,
    2 * tuple(2**power for power in range(9)): 0.15,
    tuple(2**power for power in (*range(12), *range(6))): 0.22,
}
"""Of as many layers each, and the seconds that an update takes on one core, about."""
LENGTH, BATCH = 8000, 2
UPDATES, VERDICTS = 1500, 4
RATES, TUNING_SHARE = (3e-3, 1e-2, 2e-2), 2
"""Rates that are tried, for a part of the updates, on the validation part."""
CLIP, TEMPERATURE = 6 * RATE, 0.9
"""Samples of what is played for people to hear."""


def table(args: PaperSettings) -> str:
    """Bits a sample by how far models hear back; what the first of each plays is shown, as sound and as spectra."""
    fields = {str(receptive_field(dilations)): seconds for dilations, seconds in DILATIONS.items()}
    work = partial(run, args.folder)
    rates = tuned(args, "music", fields, UPDATES // TUNING_SHARE, RATES, work).rates
    rows = rows_of(args, "music", cells(args, fields, UPDATES, rates), work)
    args.draw("music_curves", curves(rows, "bits/sample"))
    written = {field: path for field in fields if (path := clip(args.folder, field)).exists()}  # not who diverged
    clips = {f"hears {1000 * int(field) / RATE:.0f} ms": read_wav(path) for field, path in written.items()}
    if clips:
        args.draw("music", spectrograms(clips, RATE))
    values = figures_of(rows, ("arm", "name"))
    lines: list[list[object]] = []
    for field, shorter in zip(fields, (None, *fields), strict=False):
        ours, theirs = (values.get((each, "bits")) for each in (field, shorter))
        beside = None if shorter is None else less(ours, theirs)
        milliseconds = f"{1000 * int(field) / RATE:.0f}"
        lines.append([field, milliseconds, mean_or_diverged(ours), beside, *means(values, COSTS, field)])
    head = ("samples heard, of a piano at 8 kHz", "ms", "bits/sample", "less those of the line above", *COSTS.values())
    note = f"Judged on the first {JUDGED / RATE:.0f} s of {SCORES['test']} scores. {OVER_SEEDS}"
    return f"{markdown(head, lines)}\n{note}\n"


def check() -> None:
    """Refuse to begin without the scores and what plays them."""
    played(chorales("test")[0])


def clip(folder: Path, field: str) -> Path:
    """Where what a model plays is kept."""
    return folder / f"music_{field}.wav"


def play(path: Path, net: ModuleGraph) -> None:
    """Write what a model plays."""
    symbols = generate(net, CLIP, temperature=TEMPERATURE)
    write_wav(path, decoded(symbols[0]).numpy(), RATE)


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Bits a sample of scores that a model was not trained on."""
    torch.manual_seed(cell.seed)
    dilations = next(each for each in DILATIONS if str(receptive_field(each)) == cell.arm)
    net = ordered(wavenet(LEVELS, CHANNELS, SKIPS, dilations))
    crops = Crops(sounds_of("train"), LENGTH, receptive_field(dilations), LEVELS, BATCH, cell.seed)
    path, settings = net_path(folder, "music", cell), training_of(cell, VERDICTS)
    progress = trained(path, net, settings, crops, lambda judged: bits(judged, sounds_of("valid"), LEVELS))
    played = partial(play, clip(folder, cell.arm), net)
    return outcome(cell, net, progress, lambda: {"bits": bits(net, sounds_of("test"), LEVELS)}, played)


@lru_cache(maxsize=3)
def sounds_of(part: Part) -> list[SymbolRow]:
    """Chorales of a part in mu-law."""
    names, length = chorales(part), None if part == "train" else JUDGED
    names = names[:: max(1, len(names) // SCORES[part])][: SCORES[part]]
    return [SymbolRow(encoded(torch.from_numpy(played(name)[:length]))) for name in names]
