"""Real speech, sample by sample, by WaveNets and what they are measured by: parts of wavenet.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from learners.experiment import Cell, Interval, grouped, markdown, mean, mean_if_known
from learners.papers import PaperSettings, net_path
from learners.sequences.kept import trained
from learners.sequences.mu_law import LEVELS, decoded, encoded
from learners.sequences.recurrent import lstm_model, units_of
from learners.sequences.rows import Crops, SymbolRow, bits
from learners.sequences.wavenet import SPEAKER, receptive_field, wavenet
from learners.sequences.yardsticks import linear_bits, table_bits
from parts.sequence_cells import COSTS, best_rates, cells, curves, less, outcome, size_of, training_of
from physim.graph import ModuleGraph, ResidualSynthesizer
from physim.reports import Row
from worlds.real_data.parts import Part
from worlds.real_data.speech import RATE, VOICES, recordings

WAVENET, LSTM, CODED = "wavenet", "lstm", "coded"
DILATIONS = 2 * tuple(2**power for power in range(9))
UPDATES, CHANNELS, SKIPS = 1200, 32, 64
SECONDS_AN_UPDATE = 0.35
"""On one core, about."""
LONGER = {"lstm, longer": (LSTM, 1.5)}
"""An LSTM that makes half as many updates again: it has more time than the WaveNet then."""
RATES, TUNING_SHARE = (1e-3, 3e-3, 1e-2), 4
"""Rates that are tried, for a part of the updates, on the validation part."""
JUDGED = 40
"""How many recordings of the validation part verdicts are by."""
FIELDS: dict[str, dict[str, Any]] = {
    "short": {"dilations": 6 * (1, 2, 4)},
    "middle": {"dilations": 3 * tuple(2**power for power in range(6))},
    WAVENET: {"dilations": DILATIONS},
    "long": {"dilations": tuple(2**power for power in (*range(12), *range(6)))},
}
"""As many layers, that hear back less far, as far as all others here do, and farther."""
GATES: dict[str, dict[str, Any]] = {
    WAVENET: {},
    "rectified": {"gated": False, "channels": 39},
    "not dilated": {"dilations": len(DILATIONS) * (1,)},
}
"""What differs: rectified layers have as many parameters in all."""
CUT = {WAVENET: "whole", "cut": "cut, gradients guessed", "severed": "cut, none comes back"}
TUNED = (*GATES, LSTM)
"""Who has a rate of its own; others take the WaveNet's, and the longer LSTM the LSTM's."""


def speech(args: PaperSettings) -> str:
    """Bits of one voice by models of equal parameters, the LSTM for a longer time too, beside tables and prediction."""
    arms = (*YARDSTICKS, LSTM, *LONGER, WAVENET)
    rows = foretold(args, arms)
    args.draw("speech", curves(rows, "bits/sample"))
    values = by_arm(rows)
    lines = [[arm, *(mean_if_known(values.get((arm, name))) for name in ("bits", *COSTS))] for arm in arms]
    return markdown(("english, 8 kHz", "bits/sample", *COSTS.values()), lines)


def fields(args: PaperSettings) -> str:
    """Bits of one voice by how far back models of as many layers hear."""
    values = by_arm(foretold(args, tuple(FIELDS)))
    heard = {arm: receptive_field(setting["dilations"]) for arm, setting in FIELDS.items()}
    lines = [[heard[arm], 1000 * heard[arm] / RATE, *beside(values, arm)] for arm in FIELDS]
    head = ("samples heard", "ms", "english, 8 kHz: bits/sample", f"less that of {heard[WAVENET]}")
    return markdown((*head, *COSTS.values()), lines)


def gates(args: PaperSettings) -> str:
    """Bits of one voice by gated units and by rectified ones; by dilated layers and by others."""
    values = by_arm(foretold(args, tuple(GATES)))
    lines = [[arm, *beside(values, arm)] for arm in GATES]
    return markdown(("english, 8 kHz", "bits/sample", "less the wavenet's", *COSTS.values()), lines)


def cut(args: PaperSettings) -> str:
    """Bits of one voice by a WaveNet cut between its two blocks: nothing comes back to the first but guesses."""
    values = by_arm(foretold(args, tuple(CUT)))
    lines = [[label, *beside(values, arm)] for arm, label in CUT.items()]
    return markdown(("english, 8 kHz", "bits/sample", "less the whole's", *COSTS.values()), lines)


def speakers(args: PaperSettings) -> str:
    """Bits of six voices by one model that is told who speaks, falsely told, or not told at all."""
    arms = (CODED, WAVENET)
    values = by_arm(foretold(args, arms, ("all",)))
    names = {"bits": "bits/sample", "shuffled": "codes shuffled", **{f"bits, {voice}": voice for voice in VOICES}}
    names |= COSTS
    lines = []
    for name, label in names.items():
        ours, theirs = (values.get((arm, name)) for arm in arms)
        lines.append([label, mean_if_known(ours), mean_if_known(theirs), less(ours, theirs)])
    table = markdown(("six voices, 8 kHz", "told who speaks", "not told", "difference"), lines)
    return f"{table}\nOf the wrong codes of the English and of the Spanish voice one is the same woman's.\n"


def voices(args: PaperSettings) -> str:
    """Bits of each voice by a model of it alone, by one that heard it as often as the model of all, and by that one."""
    alone, seldom = (foretold(args, (WAVENET,), tuple(VOICES), share) for share in (1.0, 1 / len(VOICES)))
    together = by_arm(foretold(args, (CODED,), ("all",)))
    several = [grouped(rows, ("voice", "name")) for rows in (alone, seldom)]
    lines = []
    for voice in VOICES:
        ours = [*(values[voice, "bits"] for values in several), together[CODED, f"bits, {voice}"]]
        lines.append([voice, *map(mean, ours), less(ours[2], ours[1])])
    spent = [by_arm(alone)[WAVENET, "seconds"], by_arm(seldom)[WAVENET, "seconds"], together[CODED, "seconds"]]
    lines.append([COSTS["seconds"], *map(mean, spent), None])
    head = ("alone: bits/sample", "alone, heard as much", "with five others, coded", "less alone, as much")
    return markdown(("voice, 8 kHz", *head), lines)


def check() -> None:
    """Refuse to begin without recordings."""
    recordings("english", "test")


def beside(values: Mapping[Any, list[float]], arm: str) -> list[Interval | None]:
    """The bits of an arm, by how much they are more than the WaveNet's, seed by seed, and its costs."""
    more = less(values[arm, "bits"], values[WAVENET, "bits"]) if arm != WAVENET else None
    return [mean(values[arm, "bits"]), more, *(mean(values[arm, name]) for name in COSTS)]


def by_arm(rows: Sequence[Row]) -> dict[Any, list[float]]:
    """Figures by arm and name."""
    return grouped(rows, ("arm", "name"))


def foretold(
    args: PaperSettings, arms: Sequence[str], voices: Sequence[str] = ("english",), share: float = 1.0
) -> list[Row]:
    """The rows of arms that learn voices one by one, or "all", by a share of the usual updates."""
    work = partial(run, args.folder)
    tuned = dict.fromkeys(TUNED, SECONDS_AN_UPDATE)
    rates = best_rates(args, "spoken", tuned, UPDATES // TUNING_SHARE, RATES, work, (("voice", "english"),))
    learning = {arm: SECONDS_AN_UPDATE for arm in arms if arm not in (*YARDSTICKS, *LONGER)}
    longer = {arm: LONGER[arm] for arm in arms if arm in LONGER}
    chosen, updates = {arm: rates.get(arm, rates[WAVENET]) for arm in learning}, round(share * UPDATES)
    asked = [cell for voice in voices for cell in cells(args, learning, updates, chosen, longer, (("voice", voice),))]
    still = (("voice", "english"), ("updates", 0), ("rate", 0.0))
    asked += [Cell(arm, 0, still, 0.1) for arm in arms if arm in YARDSTICKS]
    return args.rows("spoken", asked, work)


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Bits of held-out recordings by one model."""
    names = tuple(VOICES) if cell["voice"] == "all" else (cell["voice"],)
    train, valid, test = ({voice: rows_of(voice, part) for voice in names} for part in ("train", "valid", "test"))
    if cell.arm in YARDSTICKS:
        found = YARDSTICKS[cell.arm](*([row.symbols.numpy() for row in all_of(part)] for part in (train, test)))
        return [{"name": "bits", "value": found}]
    torch.manual_seed(cell.seed)
    net = network(cell.arm)
    context = receptive_field(FIELDS.get(cell.arm, FIELDS[WAVENET])["dilations"])
    crops = Crops([known(row, net) for row in all_of(train)], 4000, context, LEVELS, 4, cell.seed)
    judged = [known(row, net) for row in all_of(valid)[:: max(1, len(all_of(valid)) // JUDGED)]]
    settings = training_of(cell, 4)
    path = net_path(folder, "spoken", cell)
    progress = trained(path, net, settings, crops, lambda judging: bits(judging, judged, LEVELS))
    return outcome(cell, net, progress, partial(figures, net, test, cell.arm == CODED))


def figures(net: ModuleGraph, test: Mapping[str, list[SymbolRow]], coded: bool) -> dict[str, float]:
    """Bits of all voices together, of each, and, of a `coded` model, of all with wrong codes."""
    found = {voice: bits(net, [known(row, net) for row in rows], LEVELS) for voice, rows in test.items()}
    sizes = {voice: sum(len(row.symbols) for row in rows) for voice, rows in test.items()}
    told = {"bits": sum(found[voice] * sizes[voice] for voice in test) / sum(sizes.values())}
    if len(test) > 1:
        told |= {f"bits, {voice}": value for voice, value in found.items()}
    return told | ({"shuffled": bits(net, [shuffled(row) for row in all_of(test)], LEVELS)} if coded else {})


@lru_cache(maxsize=32)
def rows_of(voice: str, part: Part) -> list[SymbolRow]:
    """The recordings of a voice in mu-law, each with who speaks."""
    speaker = torch.tensor(list(VOICES).index(voice))
    found = (encoded(torch.from_numpy(one.sound.copy())) for one in recordings(voice, part))
    return [SymbolRow(symbols, {SPEAKER: speaker}) for symbols in found if len(symbols)]


def network(arm: str) -> ModuleGraph:
    """The network of an arm."""
    settings: dict[str, Any] = {"channels": CHANNELS, "skips": SKIPS, "dilations": DILATIONS}
    if arm in (LSTM, *LONGER):
        return lstm_model(LEVELS, units_of(size_of(wavenet(**settings)), LEVELS), 32)
    changed = {**FIELDS, **GATES}.get(arm, {})
    net = wavenet(**{**settings, **changed, "speakers": len(VOICES) if arm == CODED else 0})
    if arm in CUT and arm != WAVENET:
        cut_in_two(net, 1.0 if arm == "cut" else 0.0)
    return net


def cut_in_two(net: ModuleGraph, scale: float) -> None:
    """Cut every wire that leaves the first block: to the second, and to the skips."""
    middle = len(DILATIONS) // 2
    (skips,) = net["skips"].node.sources
    for number in range(middle):
        net.cut(net[f"gate_{number}"], skips, ResidualSynthesizer(CHANNELS), scale=scale)
    after = net[f"residual_{middle}"]
    net.cut(net[f"gate_{middle - 1}"], after, ResidualSynthesizer(CHANNELS), scale=scale)
    (value,) = net[f"taps_{middle}"].node.sources
    for port in value.node.sources:
        if port.node is not after.node:
            net.cut(port, value, ResidualSynthesizer(CHANNELS), scale=scale)


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
}
