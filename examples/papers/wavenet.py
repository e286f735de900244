"""WaveNet (arXiv:1609.03499) on sources of known entropy and on real speech: what its parts are good for, in bits.

python examples/papers/wavenet.py [--quick] [--parts sources echo speech gates cut speakers voices phones told music]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from learners.experiment import Cell, markdown, mean_if_known
from learners.papers import DRAWING, Checks, PaperSettings, net_path, run_parts
from learners.sequences.kept import trained
from learners.sequences.rows import Crops, SymbolRow, bits, surprises
from learners.sequences.wavenet import ordered, receptive_field, wavenet
from learners.sequences.yardsticks import linear_surprises
from parts import music_played, speech_foretold, speech_heard, speech_told
from parts.sequence_cells import (
    CHANNELS,
    COSTS,
    SKIPS,
    above_entropy,
    cells,
    figures_of,
    means,
    outcome,
    rows_of,
    training_of,
)
from physim.checks import TEST_SEEDS_FROM
from physim.reports import Row
from physim.scripts import run_script
from worlds.sources import ECHO, ECHO_DELAY, RESONANCE, SWITCH

RESULTS = Path(__file__).parent / "results" / "wavenet"
SOURCES = {"resonance": RESONANCE, "switch": SWITCH}
TRAINED, TESTED = 4_000_000, 200_000
"""Samples of a source that are learned from, and judged on."""
SOURCE_UPDATES, SOURCE_SECONDS, SOURCE_DILATIONS = 1000, 0.043, (1, 2, 4)
DEPTHS, ECHO_UPDATES, ECHO_SECONDS = (3, 4, 5, 6), 1500, 0.02
"""Of models of an echo, in layers; and how long an update takes on one core, about."""
STEP = 1e-2
WAVENET, LINEAR = "wavenet", "linear prediction"
DILATED, NO_FARTHER, NOT_DILATED = "dilated", "dilated, no farther than the echo", "not dilated"
NEAR = (1, 2, 4, 8, 3)
"""The dilations of a model whose oldest sample is the echo."""
SEEING = "A model that sees no farther than that could foretell as much, but may not come to it in so many updates."


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Train small WaveNets and what they are measured by, and write bits a sample; finished trainings are kept."""

    parts: tuple[str, ...] = (
        "sources", "echo", "speech", "gates", "cut", "speakers", "voices", "phones", "told", "music",
    )  # fmt: skip
    """What to do: sources whose entropy is known; an echo, by how far models see, dilated or not; one voice, beside
    tables, linear prediction and an LSTM; gated units beside rectified ones; a network whose blocks are cut from one
    another; six voices, with and without a code of who speaks; each voice alone, and with the others; phones that are
    heard, and a voice that is told what to say, in speech by `flite` (apt install flite), with the extra `speech`; and
    music, by how far back models hear (apt install fluidsynth timgm6mb-soundfont), with the extra `music`."""
    out: Path = RESULTS


def main(args: Args) -> None:
    """Run what has not run yet and write the tables; what is missing is missed before anything runs."""
    run_parts(args, args.parts, PARTS, CHECKS)


def sources(args: Args) -> str:
    """How near models come to the entropy of sources, and linear prediction."""
    asked = []
    for name in SOURCES:
        asked += cells(args, {WAVENET: SOURCE_SECONDS}, SOURCE_UPDATES, {WAVENET: STEP}, setting=(("source", name),))
        asked.append(Cell(LINEAR, 0, (("source", name), ("updates", 0), ("rate", 0.0))))
    values = figures_of(rows_of(args, "sources", asked, partial(run_source, args.folder)), ("source", "arm", "name"))
    lines = []
    for name in SOURCES:
        for arm in (WAVENET, LINEAR):
            costs = [mean_if_known(values.get((name, arm, cost))) for cost in COSTS]
            lowest = min(values.get((name, arm, "errors"), [math.nan]))
            lines.append([name, arm, *means(values, ("bits", "above"), name, arm), lowest, *costs])
    head = ("source", "", "bits", "above its entropy (%)", "in standard errors of the difference, the lowest")
    return markdown((*head, *COSTS.values()), lines)


def run_source(folder: Path, cell: Cell) -> Sequence[Row]:
    """Bits of a model on samples that it was not trained on, and how far they are above the entropy of these."""
    source = SOURCES[cell["source"]]
    train, test = source.sample(TRAINED, cell.seed), source.sample(TESTED, TEST_SEEDS_FROM)
    if cell.arm == LINEAR:
        edges = np.linspace(-1, 1, source.levels + 1)
        edges[0], edges[-1] = -np.inf, np.inf
        middles = (2 * np.arange(source.levels) + 1) / source.levels - 1
        told = above_entropy(linear_surprises([train], [test], edges, middles, "gaussian"), source.surprises(test))
        return [{"name": name, "value": value} for name, value in told.items()]
    torch.manual_seed(cell.seed)
    net = ordered(wavenet(source.levels, CHANNELS, SKIPS, SOURCE_DILATIONS))
    crops = Crops([SymbolRow(torch.from_numpy(train))], 1000, 16, source.levels, 8, cell.seed)
    progress = trained(net_path(folder, "sources", cell), net, training_of(cell, 1), crops)

    def judge() -> dict[str, float]:
        found = surprises(net, SymbolRow(torch.from_numpy(test)), source.levels).numpy()
        return above_entropy(found, source.surprises(test))

    return outcome(cell, net, progress, judge)


def echoes(args: Args) -> str:
    """Bits of an echo, by how far models see: dilated ones, one no farther than the echo, and one that is not so."""
    kinds = [*((depth, DILATED) for depth in DEPTHS), (len(NEAR), NO_FARTHER), (DEPTHS[-1], NOT_DILATED)]
    asked = [
        cell
        for depth, arm in kinds
        for cell in cells(args, {arm: ECHO_SECONDS}, ECHO_UPDATES, {arm: STEP}, setting=(("depth", depth),))
    ]
    values = figures_of(rows_of(args, "echo", asked, partial(run_echo, args.folder)), ("depth", "arm", "name"))
    lines = [
        [
            depth,
            arm,
            receptive_field(echo_dilations(arm, depth)),
            *means(values, ("bits", *COSTS), depth, arm),
        ]
        for depth, arm in kinds
    ]
    entropy = ECHO.surprises(ECHO.sample(TESTED, TEST_SEEDS_FROM)).mean()
    table = markdown(("layers", "", "samples seen", "bits", *COSTS.values()), lines)
    return f"{table}\nAn echo after {ECHO_DELAY} samples; its entropy: {entropy:.3f} bits. {SEEING}\n"


def echo_dilations(arm: str, depth: int) -> tuple[int, ...]:
    """The dilations of a model of so many layers."""
    return NEAR if arm == NO_FARTHER else tuple(2**power if arm == DILATED else 1 for power in range(depth))


def run_echo(folder: Path, cell: Cell) -> Sequence[Row]:
    """Bits of an echo that a model was not trained on."""
    dilations = echo_dilations(cell.arm, cell["depth"])
    torch.manual_seed(cell.seed)
    net = ordered(wavenet(ECHO.levels, CHANNELS, SKIPS, dilations))
    train, test = (
        SymbolRow(torch.from_numpy(ECHO.sample(length, seed)))
        for length, seed in ((TRAINED, cell.seed), (TESTED, TEST_SEEDS_FROM))
    )
    crops = Crops([train], 1000, receptive_field(dilations), ECHO.levels, 4, cell.seed)
    progress = trained(net_path(folder, "echo", cell), net, training_of(cell, 1), crops)
    return outcome(cell, net, progress, lambda: {"bits": bits(net, [test], ECHO.levels)})


PARTS: dict[str, Callable[[Args], str]] = {
    "sources": sources,
    "echo": echoes,
    "speech": speech_foretold.speech,
    "gates": speech_foretold.gates,
    "cut": speech_foretold.cut,
    "speakers": speech_foretold.speakers,
    "voices": speech_foretold.voices,
    "phones": speech_heard.table,
    "told": speech_told.table,
    "music": music_played.table,
}
CHECKS: Checks = {
    "speech": (speech_foretold.check, DRAWING),
    **dict.fromkeys(("gates", "cut", "speakers", "voices"), (speech_foretold.check,)),
    "phones": (speech_heard.check, DRAWING),
    "told": (speech_told.check, DRAWING),
    "music": (music_played.check, DRAWING),
}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
