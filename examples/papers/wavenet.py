"""WaveNet (arXiv:1609.03499) on sources of known entropy and on real speech: what its parts are good for, in bits.

python examples/papers/wavenet.py [--quick] [--parts sources echo speech gates cut speakers voices phones told music]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import music_played
import numpy as np
import speech_heard
import speech_told
import torch
from torch import Tensor

from learners.experiment import Cell, grouped, markdown, mean
from learners.papers import PaperSettings, run_parts
from learners.sequences.mu_law import LEVELS, decoded, encoded
from learners.sequences.recurrent import lstm_model, units_of
from learners.sequences.rows import Crops, SymbolRow, bits, surprises
from learners.sequences.training import SequenceTraining
from learners.sequences.wavenet import SPEAKER, receptive_field, wavenet
from learners.sequences.yardsticks import linear_bits, linear_surprises, table_bits
from physim.graph import ModuleGraph, ResidualSynthesizer
from physim.reports import Row
from physim.scripts import run_script
from worlds.real_data.parts import Part
from worlds.real_data.speech import VOICES, recordings
from worlds.sources import ECHO, ECHO_DELAY, RESONANCE, SWITCH

RESULTS = Path(__file__).parent / "results" / "wavenet"
SEEDS = (0, 1, 2)
SOURCES = {"resonance": RESONANCE, "switch": SWITCH}
TRAINED, TESTED, TEST_SEED = 4_000_000, 200_000, 90_000
"""Samples of a source that are learned from, and judged on."""
SOURCE_UPDATES, SOURCE_DILATIONS = 3000, (1, 2, 4)
DEPTHS, ECHO_UPDATES = (4, 5, 6, 7, 8, 9), 1500
"""Of models of an echo, in layers."""
SPEECH_DILATIONS = 2 * tuple(2**power for power in range(9))
SPEECH_UPDATES, CHANNELS, SKIPS = 2000, 32, 64
SECONDS_AN_UPDATE = 0.5
"""Of a WaveNet of speech, on one core, about."""
RATE = 3e-3
LONGER = 2.2
"""How many times as many updates an LSTM makes in a WaveNet's time."""
JUDGED = 40
"""How many recordings of the validation part verdicts are by."""
ALL = ("sources", "echo", "speech", "gates", "cut", "speakers", "voices", "phones", "told", "music")


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Train small WaveNets and what they are measured by, and write bits a sample; finished trainings are kept."""

    parts: tuple[str, ...] = ALL
    """What to do: sources whose entropy is known; an echo, by how far models see; one voice, beside tables, linear
    prediction and an LSTM; gated units beside rectified ones, and dilated layers beside others; a network whose blocks
    are cut from one another; six voices, with and without a code of who speaks; each voice alone; phones that are
    heard, and a voice that is told what to say, in speech by `flite` (apt install flite), with the extra `speech`; and
    music, by how far back models hear (apt install fluidsynth timgm6mb-soundfont), with the extra `music`."""
    out: Path = RESULTS


def main(args: Args) -> None:
    """Run what has not run yet and write the tables."""
    run_parts(args, args.parts, PARTS)


# ---- sources of known entropy


def sources(args: Args) -> str:
    """How near models come to the entropy of sources, and linear prediction."""
    updates = args.shortened(SOURCE_UPDATES)
    cells = [
        Cell("wavenet", seed, (("source", name), ("updates", updates)), updates * 0.1 / 60)
        for name in SOURCES
        for seed in args.few(SEEDS)
    ]
    cells += [Cell("linear prediction", 0, (("source", name), ("updates", 0))) for name in SOURCES]
    values = grouped(args.rows("sources", cells, run_source), ("source", "arm", "name"))
    lines = []
    for name in SOURCES:
        for arm in ("wavenet", "linear prediction"):
            above = mean([100 * value for value in values[name, arm, "above"]])
            errors = mean(values[name, arm, "errors"])
            lines.append([name, arm, mean(values[name, arm, "bits"]), above, errors])
    head = ("source", "", "bits", "above its entropy (%)", "in standard errors of the difference")
    return markdown(head, lines)


def run_source(cell: Cell) -> Sequence[Row]:
    """Bits of a model on samples that it was not trained on, and how far they are above the entropy of these."""
    source = SOURCES[str(dict(cell.setting)["source"])]
    train, test = source.sample(TRAINED, cell.seed), source.sample(TESTED, TEST_SEED)
    entropy = source.surprises(test)
    if cell.arm == "linear prediction":
        edges = np.linspace(-1, 1, source.levels + 1)
        edges[0], edges[-1] = -np.inf, np.inf
        middles = (2 * np.arange(source.levels) + 1) / source.levels - 1
        found = linear_surprises([train], [test], edges, middles, "gaussian")
    else:
        torch.manual_seed(cell.seed)
        net = wavenet(source.levels, CHANNELS, SKIPS, SOURCE_DILATIONS)
        crops = Crops([SymbolRow(torch.from_numpy(train))], 1000, 16, source.levels, 8, cell.seed)
        SequenceTraining(int(str(dict(cell.setting)["updates"])), rate=3e-3).run(net, crops, progress=False)
        found = surprises(net, SymbolRow(torch.from_numpy(test)), source.levels).numpy()
    error = (found - entropy).std() / len(entropy) ** 0.5
    above = found.mean() - entropy.mean()
    told = {"bits": found.mean(), "entropy": entropy.mean(), "above": above / entropy.mean(), "errors": above / error}
    return [{"name": name, "value": float(value)} for name, value in told.items()]


def echoes(args: Args) -> str:
    """Bits of an echo, by how far models see: dilated ones, and as deep ones whose layers all see one sample back."""
    updates = args.shortened(ECHO_UPDATES)
    cells = [
        Cell(arm, seed, (("depth", depth), ("updates", updates)), updates * 0.15 / 60)
        for depth in DEPTHS
        for arm in ("dilated", "not dilated")
        for seed in args.few(SEEDS)
    ]
    values = grouped(args.rows("echo", cells, run_echo), ("depth", "arm"))
    lines = []
    for depth in DEPTHS:
        for arm in ("dilated", "not dilated"):
            lines.append([depth, arm, receptive_field(echo_dilations(arm, depth)), mean(values[depth, arm])])
    entropy = ECHO.surprises(ECHO.sample(TESTED, TEST_SEED)).mean()
    table = markdown(("layers", "", "samples seen", "bits"), lines)
    return f"{table}\nAn echo after {ECHO_DELAY} samples; its entropy: {entropy:.3f} bits.\n"


def echo_dilations(arm: str, depth: int) -> tuple[int, ...]:
    """The dilations of a model of so many layers."""
    return tuple(2**power if arm == "dilated" else 1 for power in range(depth))


def run_echo(cell: Cell) -> Sequence[Row]:
    """Bits of an echo that a model was not trained on."""
    told = dict(cell.setting)
    dilations = echo_dilations(cell.arm, int(str(told["depth"])))
    torch.manual_seed(cell.seed)
    net = wavenet(ECHO.levels, CHANNELS, SKIPS, dilations)
    train, test = (
        SymbolRow(torch.from_numpy(ECHO.sample(length, seed)))
        for length, seed in ((TRAINED, cell.seed), (TESTED, TEST_SEED))
    )
    crops = Crops([train], 2000, receptive_field(dilations), ECHO.levels, 4, cell.seed)
    SequenceTraining(int(str(told["updates"])), rate=3e-3).run(net, crops, progress=False)
    return [{"name": "bits", "value": bits(net, [test], ECHO.levels)}]


# ---- speech

ARMS: dict[str, dict[str, Any]] = {
    "wavenet": {},
    "rectified": {"gated": False, "channels": 39},
    "not dilated": {"dilations": len(SPEECH_DILATIONS) * (1,)},
}
"""What differs: rectified layers have as many parameters in all."""
CUT = {"wavenet": "whole", "cut": "cut, gradients guessed", "severed": "cut, none comes back"}


def speech(args: Args) -> str:
    """Bits of one voice by models of equal parameters, the LSTM for an equal time too, beside tables and prediction."""
    arms = ("order 0", "pairs", "linear, gaussian", "linear, laplace", "lstm", "lstm, longer", "wavenet")
    rows = args.rows("spoken", [_spoken(args, arm, seed, "english") for arm in arms for seed in _seeds(args, arm)], run)
    values = grouped(rows, ("arm", "name"))
    lines = [[arm, *(_mean(values.get((arm, name))) for name in ("bits", "seconds"))] for arm in arms]
    return markdown(("english, 8 kHz", "bits/sample", "seconds of training"), lines)


def gates(args: Args) -> str:
    """Bits of one voice by gated units and by rectified ones; by dilated layers and by others."""
    rows = args.rows("spoken", [_spoken(args, arm, seed, "english") for arm in ARMS for seed in args.few(SEEDS)], run)
    values = grouped([row for row in rows if row["name"] == "bits"], ("arm",))
    return markdown(("english, 8 kHz", "bits/sample"), [[arm, mean(values[arm,])] for arm in ARMS])


def cut(args: Args) -> str:
    """Bits of one voice by a WaveNet cut between its two blocks: nothing comes back to the first but guesses."""
    rows = args.rows("spoken", [_spoken(args, arm, seed, "english") for arm in CUT for seed in args.few(SEEDS)], run)
    values = grouped(rows, ("arm", "name"))
    lines = [[label, *(mean(values[arm, name]) for name in ("bits", "seconds"))] for arm, label in CUT.items()]
    return markdown(("english, 8 kHz", "bits/sample", "seconds of training"), lines)


def speakers(args: Args) -> str:
    """Bits of six voices by one model that is told who speaks, falsely told, or not told at all."""
    arms = ("coded", "wavenet")
    rows = args.rows("spoken", [_spoken(args, arm, seed, "all") for arm in arms for seed in args.few(SEEDS)], run)
    values = grouped(rows, ("arm", "name"))
    names = {"bits": "bits/sample", "shuffled": "codes shuffled", **{f"bits, {voice}": voice for voice in VOICES}}
    lines = [[label, *(_mean(values.get((arm, name))) for arm in arms)] for name, label in names.items()]
    return markdown(("six voices, 8 kHz", "told who speaks", "not told"), lines)


def voices(args: Args) -> str:
    """Bits of each voice by a model of it alone, beside the model of all."""
    cells = [_spoken(args, "wavenet", seed, voice) for voice in VOICES for seed in args.few(SEEDS)]
    alone = grouped([row for row in args.rows("spoken", cells, run) if row["name"] == "bits"], ("voice",))
    together = [_spoken(args, "coded", seed, "all") for seed in args.few(SEEDS)]
    beside = grouped(args.rows("spoken", together, run), ("name",))
    lines = [[voice, mean(alone[voice,]), mean(beside[f"bits, {voice}",])] for voice in VOICES]
    return markdown(("voice, 8 kHz", "alone: bits/sample", "with five others, coded: bits/sample"), lines)


def run(cell: Cell) -> Sequence[Row]:
    """Bits of held-out recordings by one model."""
    told = dict(cell.setting)
    names = tuple(VOICES) if told["voice"] == "all" else (str(told["voice"]),)
    train, valid, test = ({voice: rows_of(voice, part) for voice in names} for part in ("train", "valid", "test"))
    if cell.arm in YARDSTICKS:
        found = YARDSTICKS[cell.arm](*([row.symbols.numpy() for row in all_of(part)] for part in (train, test)))
        return [{"name": "bits", "value": found}]
    torch.manual_seed(cell.seed)
    net = network(cell.arm)
    context = receptive_field(SPEECH_DILATIONS)
    crops = Crops([known(row, net) for row in all_of(train)], 4000, context, LEVELS, 4, cell.seed)
    judged = [known(row, net) for row in all_of(valid)[:: max(1, len(all_of(valid)) // JUDGED)]]
    updates = int(str(told["updates"]))
    settings = SequenceTraining(updates, RATE, every=max(1, updates // 4))
    progress = settings.run(net, crops, lambda judging: bits(judging, judged, LEVELS), progress=False)
    found = {voice: bits(net, [known(row, net) for row in test[voice]], LEVELS) for voice in names}
    sizes = {voice: sum(len(row.symbols) for row in test[voice]) for voice in names}
    total = sum(found[voice] * sizes[voice] for voice in names) / sum(sizes.values())
    made: list[Row] = [{"name": "bits", "value": total}, {"name": "seconds", "value": progress.seconds}]
    made += [{"name": f"bits, {voice}", "value": found[voice]} for voice in names if len(names) > 1]
    if cell.arm == "coded":
        false = [shuffled(row) for row in all_of(test)]
        made.append({"name": "shuffled", "value": bits(net, false, LEVELS)})
    return made


@lru_cache(maxsize=32)
def rows_of(voice: str, part: Part) -> list[SymbolRow]:
    """The recordings of a voice in mu-law, each with who speaks."""
    speaker = torch.tensor(list(VOICES).index(voice))
    found = (encoded(torch.from_numpy(one.sound.copy())) for one in recordings(voice, part))
    return [SymbolRow(symbols, {SPEAKER: speaker}) for symbols in found if len(symbols)]


def network(arm: str) -> ModuleGraph:
    """The network of an arm."""
    settings = {"channels": CHANNELS, "skips": SKIPS, "dilations": SPEECH_DILATIONS}
    if not arm.startswith("lstm"):
        net = wavenet(**{**settings, **ARMS.get(arm, {}), "speakers": len(VOICES) if arm == "coded" else 0})
        if arm in CUT and arm != "wavenet":
            part(net, 1.0 if arm == "cut" else 0.0)
        return net
    size = sum(value.numel() for value in wavenet(**settings).parameters())
    return lstm_model(LEVELS, units_of(size, LEVELS), 32)


def part(net: ModuleGraph, scale: float) -> None:
    """Cut every wire that leaves the first block: to the second, and to the skips."""
    middle = len(SPEECH_DILATIONS) // 2
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


def _seeds(args: Args, arm: str) -> Sequence[int]:
    return (0,) if arm in YARDSTICKS else args.few(SEEDS)


def _spoken(args: Args, arm: str, seed: int, voice: str) -> Cell:
    updates = 0 if arm in YARDSTICKS else args.shortened(SPEECH_UPDATES)
    updates = round(LONGER * updates) if arm == "lstm, longer" else updates
    return Cell(arm, seed, (("voice", voice), ("updates", updates)), updates * SECONDS_AN_UPDATE / 60)


def _mean(values: Sequence[float] | None) -> str:
    return "" if values is None else str(mean(values))


PARTS: dict[str, Callable[[Args], str]] = {
    "sources": sources,
    "echo": echoes,
    "speech": speech,
    "gates": gates,
    "cut": cut,
    "speakers": speakers,
    "voices": voices,
    "phones": speech_heard.table,
    "told": speech_told.table,
    "music": music_played.table,
}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
