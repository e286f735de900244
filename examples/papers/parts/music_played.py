"""How far back a model of music must hear, and what it plays: a part of wavenet.py.

The music is Bach's chorales by a sampled piano: the notes are music, the playing has no expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

import torch

from learners.experiment import Cell, grouped, markdown, mean
from learners.papers import PaperSettings, net_path
from learners.sequences.fused import Fused
from learners.sequences.generation import generate
from learners.sequences.kept import trained
from learners.sequences.mu_law import LEVELS, decoded, encoded
from learners.sequences.rows import Crops, SymbolRow, bits
from learners.sequences.sounds import spectrograms, write_wav
from learners.sequences.wavenet import receptive_field, wavenet
from parts.sequence_cells import COSTS, cells, kept_nets, outcome, training_of
from physim.reports import Row
from worlds.chorales import RATE, chorales, played
from worlds.real_data.parts import Part

SCORES: dict[Part, int] = {"train": 60, "valid": 6, "test": 20}
JUDGED = 10 * RATE
"""Samples of each score, from its begin, that verdicts are by."""
DILATIONS = [
    6 * (1, 2, 4),
    3 * tuple(2**power for power in range(6)),
    2 * tuple(2**power for power in range(9)),
    tuple(2**power for power in (*range(12), *range(6))),
]
"""Of as many layers each."""
CHANNELS, SKIPS = 32, 64
UPDATES, STEP, SECONDS, VERDICTS = 1500, 3e-3, 0.45, 4
"""Updates, their rate, and how long one takes on one core, about."""
CLIP, TEMPERATURE = 6 * RATE, 0.9
"""Samples of what is played for people to hear."""


def table(args: PaperSettings) -> str:
    """Bits a sample by how far models hear back; what the first of each plays is shown, as sound and as spectra."""
    fields = [str(receptive_field(dilations)) for dilations in DILATIONS]
    asked = cells(args, dict.fromkeys(fields, SECONDS), UPDATES, dict.fromkeys(fields, STEP))
    values = grouped(args.rows("music", asked, partial(run, args.folder)), ("arm", "name"))
    clips = {}
    for cell, net in kept_nets(args.folder, "music", asked):
        sound = decoded(generate(net, CLIP, temperature=TEMPERATURE, way=Fused(net))[0]).numpy()
        write_wav(args.folder / f"music_{cell.arm}.wav", sound, RATE)
        clips[f"hears {1000 * int(cell.arm) / RATE:.0f} ms"] = sound
    if clips:
        args.draw("music", spectrograms(clips, RATE))
    lines = [
        [field, f"{1000 * int(field) / RATE:.0f}", *(mean(values[field, name]) for name in ("bits", *COSTS))]
        for field in fields
    ]
    return markdown(("samples heard, of a piano at 8 kHz", "ms", "bits/sample", *COSTS.values()), lines)


def check() -> None:
    """Refuse to begin without the scores and what plays them."""
    played(chorales("test")[0])


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Bits a sample of scores that a model was not trained on."""
    torch.manual_seed(cell.seed)
    dilations = next(each for each in DILATIONS if str(receptive_field(each)) == cell.arm)
    net = wavenet(LEVELS, CHANNELS, SKIPS, dilations)
    crops = Crops(rows_of("train"), 4000, receptive_field(dilations), LEVELS, 4, cell.seed)
    path, settings = net_path(folder, "music", cell), training_of(cell, VERDICTS)
    progress = trained(path, net, settings, crops, lambda judged: bits(judged, rows_of("valid"), LEVELS))
    return outcome(cell, net, progress, lambda: {"bits": bits(net, rows_of("test"), LEVELS)})


@lru_cache(maxsize=3)
def rows_of(part: Part) -> list[SymbolRow]:
    """Chorales of a part in mu-law."""
    names, length = chorales(part), None if part == "train" else JUDGED
    names = names[:: max(1, len(names) // SCORES[part])][: SCORES[part]]
    return [SymbolRow(encoded(torch.from_numpy(played(name)[:length]))) for name in names]
