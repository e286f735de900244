"""Real speech, sample by sample, by WaveNets and what they are measured by: parts of wavenet.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from learners.experiment import Cell, markdown, mean
from learners.papers import PaperSettings, net_path
from learners.sequences.kept import trained
from learners.sequences.mu_law import LEVELS, decoded, encoded
from learners.sequences.recurrent import lstm_model
from learners.sequences.rows import Crops, SymbolRow, bits
from learners.sequences.wavenet import SPEAKER, ordered, receptive_field, wavenet
from learners.sequences.yardsticks import linear_bits, table_bits
from parts.sequence_cells import (
    CHANNELS,
    COSTS,
    DILATIONS,
    OVER_SEEDS,
    SKIPS,
    Figures,
    cells,
    curves,
    figures_of,
    less,
    mean_or_diverged,
    means,
    outcome,
    rows_of,
    size_of,
    training_of,
    tuned,
    width_for,
)
from parts.wavenets_parted import cut_in_two, seconds_by_group, severed
from physim.graph import ModuleGraph
from physim.reports import Row
from worlds.real_data.parts import Part
from worlds.real_data.speech import MARGIN, RATE, VOICES, recordings

WAVENET, LSTM, CODED = "wavenet", "lstm", "coded"
UPDATES = 2400
USUAL, SECONDS = 0.17, {LSTM: 0.2, "cut": 0.3}
"""Seconds an update takes on one core, about, and where it takes others."""
RATES, TUNING_SHARE = (3e-3, 1e-2, 2e-2), 2
"""Rates that are tried, for a part of the updates, on the validation part."""
JUDGED = 20
"""How many recordings of the validation part verdicts are by."""
LENGTH, BATCH = 4000, 4
"""Samples that count of a piece of sound, and how many pieces an update has."""
LSTM_LENGTH, LSTM_CONTEXT, LSTM_BATCH = 1000, 256, 14
"""The same for LSTMs, and the samples before: they learn more, and sooner, from as many samples in more pieces, of
which less hangs over the ends of recordings.
"""
GATES: dict[str, dict[str, Any]] = {WAVENET: {}, "rectified": {"gated": False, "channels": 39}}
"""What differs: rectified layers have as many parameters in all."""
GUESSED, SEVERED = "cut", "severed"
CUT = {WAVENET: "whole", GUESSED: "cut, gradients guessed", SEVERED: "cut, none comes back"}
TUNED = (*GATES, LSTM)
"""Who has a rate of its own; others take the WaveNet's."""
CUT_RATES = (1e-3, 3e-3, 1e-2)
"""That are tried with guessed gradients: these are noise at first, by which large steps lead astray."""
QUIET = f"What counts begins and ends with {1000 * MARGIN / RATE:.0f} ms of quiet."
PRECISIONS = (
    "LSTMs train in float32, convolutions in bfloat16 where the processor has it, and seconds are of both. All begin "
    "with levels that are alike where they are near."
)
LINEAR = (
    "Linear prediction knows from its last errors how large the next one may be; it is one filter for all speech or, "
    "where it adapts, another after each sample (recursive least squares)."
)
ENGLISH, ALL = {"english": UPDATES}, {"all": UPDATES}
"""Voices, one or "all", and the updates of who learns them."""
AS_MANY = dict.fromkeys(("english", "spanish", "italian 2"), UPDATES)
"""Voices that are learned alone by as many updates, too, as all are together."""


def speech(args: PaperSettings) -> str:
    """Bits of one voice by models of equal parameters, beside tables and prediction."""
    arms = (*YARDSTICKS, LSTM, WAVENET)
    rows = rows_of_arms(args, arms)
    args.draw("speech", curves(rows, "bits/sample"))
    values = by_arm(rows)
    still = [[arm, mean(values[arm, "bits"]), *(1 + len(COSTS)) * [None]] for arm in YARDSTICKS]
    lines = [*still, *([arm, *beside(values, arm)] for arm in (LSTM, WAVENET))]
    head = ("english, 8 kHz", "bits/sample", "less the wavenet's", *COSTS.values())
    return noted(head, lines, PRECISIONS, LINEAR)


def gates(args: PaperSettings) -> str:
    """Bits of one voice by gated units and by rectified ones."""
    values = by_arm(rows_of_arms(args, tuple(GATES)))
    lines = [[arm, *beside(values, arm)] for arm in GATES]
    return noted(("english, 8 kHz", "bits/sample", "less the wavenet's", *COSTS.values()), lines)


def cut(args: PaperSettings) -> str:
    """Bits of one voice by a WaveNet cut between its two blocks: nothing comes back to the first but guesses."""
    values = by_arm(rows_of_arms(args, tuple(CUT)))
    lines = [[label, *beside(values, arm)] for arm, label in CUT.items()]
    spent = {name: mean_or_diverged(values.get((GUESSED, name))) for name in ("whole", "slower half")}
    told = (
        f"An update of the whole takes {spent['whole']} s of one core; the slower half of the cut one, with what "
        f"teaches its synthesizers, {spent['slower half']} s. Two processes, one a half, would take that long at "
        "least, but none did: here one runs both. Synthesizers are not counted among the parameters."
    )
    return noted(("english, 8 kHz", "bits/sample", "less the whole's", *COSTS.values()), lines, told)


def speakers(args: PaperSettings) -> str:
    """Bits of six voices by one model that is told who speaks, falsely told, or not told at all."""
    arms = (CODED, WAVENET)
    values = by_arm(rows_of_arms(args, arms, ALL))
    names = {"bits": "bits/sample", **{f"bits, {voice}": voice for voice in VOICES}, **COSTS}
    lines: list[list[object]] = []
    for name, label in names.items():
        ours, theirs = (values.get((arm, name)) for arm in arms)
        lines.append([label, mean_or_diverged(ours), mean_or_diverged(theirs), less(ours, theirs)])
    wrong, right, untold = (values.get(key) for key in ((CODED, "shuffled"), (CODED, "bits"), (WAVENET, "bits")))
    lines.append(["codes shuffled", mean_or_diverged(wrong), None, less(wrong, untold)])
    lines.append(["codes shuffled, less right ones", None, None, less(wrong, right)])
    told = (
        "Of the wrong codes of the English and of the Spanish voice one is the same woman's; who speaks tells of the "
        "language, too."
    )
    return noted(("six voices, 8 kHz", "told who speaks", "not told", "difference"), lines, told)


def voices(args: PaperSettings) -> str:
    """Bits of each voice by a model of it alone, and by one of all voices: alone it heard as much of the voice, or made
    as many updates.
    """
    sizes = {voice: sum(len(row.symbols) for row in sounds_of(voice, "train")) for voice in VOICES}
    shares = {voice: round(UPDATES * size / sum(sizes.values())) for voice, size in sizes.items()}
    short, long = (
        figures_of(rows_of_arms(args, (WAVENET,), updates), ("voice", "name")) for updates in (shares, AS_MANY)
    )
    together = by_arm(rows_of_arms(args, (CODED,), ALL))
    lines: list[list[object]] = []
    for voice in VOICES:
        ours = together.get((CODED, f"bits, {voice}"))
        line: list[object] = [voice, mean_or_diverged(ours)]
        for alone in (short, long):
            theirs, asked = alone.get((voice, "bits")), alone is short or voice in AS_MANY
            line += [mean_or_diverged(theirs), less(ours, theirs)] if asked else [None, None]
        lines.append(line)
    ways = [(way, f"coded less {way}") for way in ("alone, as much heard", "alone, as many updates")]
    head = ("bits/sample, 8 kHz", "with five others, coded", *(label for way in ways for label in way))
    told = (
        f"The model of all voices made {UPDATES} updates, of which each voice had its share. Alone, a model made "
        "that share, and heard as much of the voice, or as many updates, and heard about six times as much of it."
    )
    return noted(head, lines, told)


def check() -> None:
    """Refuse to begin without recordings."""
    recordings("english", "test")


def noted(head: Sequence[str], lines: Sequence[Sequence[object]], *notes: str) -> str:
    """A table of recordings, and what must be known to read it."""
    return f"{markdown(head, lines)}\n{' '.join((*notes, QUIET, OVER_SEEDS))}\n"


def beside(values: Figures, arm: str) -> list[object]:
    """The bits of an arm, by how much they are more than the WaveNet's, seed by seed, and its costs."""
    ours, theirs = values.get((arm, "bits")), values.get((WAVENET, "bits"))
    return [mean_or_diverged(ours), None if arm == WAVENET else less(ours, theirs), *means(values, COSTS, arm)]


def by_arm(rows: Sequence[Row]) -> Figures:
    """Figures by arm and name."""
    return figures_of(rows, ("arm", "name"))


def rows_of_arms(args: PaperSettings, arms: Sequence[str], voices: Mapping[str, int] = ENGLISH) -> list[Row]:
    """The rows of arms that learn voices one by one, or "all", by so many updates."""
    work, english = partial(run, args.folder), (("voice", "english"),)
    seconds = {arm: SECONDS.get(arm, USUAL) for arm in (*arms, *TUNED)}
    own = {arm: seconds[arm] for arm in TUNED}
    rates = tuned(args, "spoken", own, UPDATES // TUNING_SHARE, RATES, work, english).rates
    if GUESSED in arms:
        guessed = {GUESSED: seconds[GUESSED]}
        rates |= tuned(args, "cut", guessed, UPDATES // TUNING_SHARE, CUT_RATES, work, english).rates
    chosen = {arm: rates.get(arm, rates[WAVENET]) for arm in arms}
    learning = {arm: seconds[arm] for arm in arms if arm not in YARDSTICKS}
    asked = [
        cell
        for voice, updates in voices.items()
        for cell in cells(args, learning, updates, chosen, setting=(("voice", voice),))
    ]
    still = (*english, ("updates", 0), ("rate", 0.0))
    asked += [Cell(arm, 0, still, 0.1) for arm in arms if arm in YARDSTICKS]
    return rows_of(args, "spoken", asked, work)


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Bits of held-out recordings by one model."""
    names = tuple(VOICES) if cell["voice"] == "all" else (cell["voice"],)
    train, valid, test = ({voice: sounds_of(voice, part) for voice in names} for part in ("train", "valid", "test"))
    if cell.arm in YARDSTICKS:
        found = YARDSTICKS[cell.arm](*([row.symbols.numpy() for row in all_of(part)] for part in (train, test)))
        return [{"name": "bits", "value": found}]
    torch.manual_seed(cell.seed)
    net = network(cell.arm)
    crops = pieces(cell.arm, [known(row, net) for row in all_of(train)], cell.seed)
    judged = [known(row, net) for row in all_of(valid)[:: -(-len(all_of(valid)) // JUDGED)]]
    path, settings = net_path(folder, "spoken", cell), training_of(cell, 4)
    progress = trained(path, net, settings, crops, lambda judging: bits(judging, judged, LEVELS))
    counted = network(WAVENET) if cell.arm in CUT else net  # synthesizers are no part of what foretells
    rows = outcome(cell, counted, progress, partial(figures, net, test, cell.arm == CODED))
    spent = halves(net, crops) if cell.arm == GUESSED else {}
    return rows + [{"name": name, "value": value} for name, value in spent.items()]


def pieces(arm: str, rows: Sequence[SymbolRow], seed: int) -> Crops:
    """The pieces of sound that an arm learns from: as many samples count for all."""
    if arm == LSTM:
        return Crops(rows, LSTM_LENGTH, LSTM_CONTEXT, LEVELS, LSTM_BATCH, seed)
    return Crops(rows, LENGTH, receptive_field(DILATIONS), LEVELS, BATCH, seed)


def figures(net: ModuleGraph, test: Mapping[str, list[SymbolRow]], coded: bool) -> dict[str, float]:
    """Bits of all voices together, of each, and, of a `coded` model, of all with wrong codes."""
    found = {voice: bits(net, [known(row, net) for row in rows], LEVELS) for voice, rows in test.items()}
    sizes = {voice: sum(len(row.symbols) for row in rows) for voice, rows in test.items()}
    told = {"bits": sum(found[voice] * sizes[voice] for voice in test) / sum(sizes.values())}
    if len(test) > 1:
        told |= {f"bits, {voice}": value for voice, value in found.items()}
    return told | ({"shuffled": bits(net, [shuffled(row) for row in all_of(test)], LEVELS)} if coded else {})


@lru_cache(maxsize=32)
def sounds_of(voice: str, part: Part) -> list[SymbolRow]:
    """The recordings of a voice in mu-law, each with who speaks."""
    speaker = torch.tensor(list(VOICES).index(voice))
    found = (encoded(torch.from_numpy(one.sound.copy())) for one in recordings(voice, part))
    return [SymbolRow(symbols, {SPEAKER: speaker}) for symbols in found if len(symbols)]


def network(arm: str) -> ModuleGraph:
    """The network of an arm."""
    settings: dict[str, Any] = {"channels": CHANNELS, "skips": SKIPS, "dilations": DILATIONS}
    if arm == LSTM:
        units = width_for(size_of(wavenet(**settings)), lambda units: lstm_model(LEVELS, units, 32))
        return ordered(lstm_model(LEVELS, units, 32))
    if arm == SEVERED:
        return severed(CHANNELS, SKIPS, DILATIONS)
    changed = GATES.get(arm, {})
    net = ordered(wavenet(**{**settings, **changed, "speakers": len(VOICES) if arm == CODED else 0}))
    if arm == GUESSED:
        cut_in_two(net, CHANNELS, len(DILATIONS) // 2)
    return net


def halves(net: ModuleGraph, crops: Crops) -> dict[str, float]:
    """Seconds of an update of the whole network, and of the slower of the halves into which it is cut."""
    (whole,), several = seconds_by_group(network(WAVENET), crops), seconds_by_group(net, crops)
    return {"whole": whole, "slower half": max(several)}


def known(row: SymbolRow, net: ModuleGraph) -> SymbolRow:
    """A row with what a network reads of it."""
    return SymbolRow(row.symbols, {name: value for name, value in row.whole.items() if name in net.inputs})


def shuffled(row: SymbolRow) -> SymbolRow:
    """A row with the code of another speaker."""
    other: Tensor = (row.whole[SPEAKER] + 1 + len(row.symbols) % (len(VOICES) - 1)) % len(VOICES)
    return SymbolRow(row.symbols, {SPEAKER: other})


def all_of(rows: Mapping[str, list[SymbolRow]]) -> list[SymbolRow]:
    """The rows of all voices."""
    return [row for several in rows.values() for row in several]


def mu_law_bins() -> tuple[np.ndarray, np.ndarray]:
    """Between what sound each level of mu-law lies [257], and its middle [256]."""
    middles = decoded(torch.arange(LEVELS)).double().numpy()
    bent = 2 * np.arange(LEVELS + 1) / LEVELS - 1
    edges = np.sign(bent) * np.expm1(np.abs(bent) * np.log(LEVELS)) / (LEVELS - 1)
    edges[0], edges[-1] = -np.inf, np.inf
    return edges, middles


YARDSTICKS: dict[str, Callable[[Any, Any], float]] = {
    "order 0": lambda train, test: table_bits(train, test, LEVELS, 0),
    "pairs": lambda train, test: table_bits(train, test, LEVELS, 1),
    "linear, gaussian": lambda train, test: linear_bits(train, test, *mu_law_bins(), "gaussian"),
    "linear, laplace": lambda train, test: linear_bits(train, test, *mu_law_bins(), "laplace"),
    "linear, adaptive, laplace": lambda train, test: linear_bits(train, test, *mu_law_bins(), "laplace", adaptive=True),
}
