"""English help pages in German, by ByteNets and three other translators of as many parameters: a part of bytenet.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path

import torch

from learners.experiment import Cell, markdown
from learners.papers import PaperSettings, net_path
from learners.sequences.alignment import heat_map, saliency
from learners.sequences.beams import search
from learners.sequences.bytenet import SET, SOURCE, bytenet
from learners.sequences.kept import trained
from learners.sequences.pairs import END, Languages, Pair, PairBatches, pair_bits
from learners.sequences.translators import lstm_translator, transformer
from learners.sequences.wavenet import SYMBOL
from parts.sequence_cells import (
    COSTS,
    OVER_SEEDS,
    best_rates,
    cells,
    curves,
    figures_of,
    less,
    means,
    outcome,
    rows_of,
    size_of,
    training_of,
    width_for,
)
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.outputs import replacing
from physim.reports import Row
from worlds.real_data.parts import PARTS, Part
from worlds.real_data.translations import pairs

WIDTH, UPDATES = 64, 2400
RATES, TUNING_SHARE = (1e-3, 2e-3, 4e-3), 3
"""Rates that are tried, for a part of the updates, on the validation part."""
ARMS = {"bytenet": 0.27, "lstm": 0.46, "attention": 0.46, "transformer": 0.52}
"""Seconds an update takes on one core, about."""
LONGER = {"bytenet, as long": ("bytenet", 1.7)}
"""A ByteNet that takes about as long as the LSTM does."""
VERDICTS = 6
NOTE = f"""The ByteNet that trains as long makes so many updates that its time is about the LSTM's, and attention's.
LSTMs train in float32, the others in bfloat16 where the processor has it. By how many more bits a target costs where
the source is another pair's is seen whether a model reads it, or knows German alone. {OVER_SEEDS}
"""
BLEU_PAIRS, BEAM = 200, 12
"""How many test pairs are translated by beams, and how wide these are."""
SAMPLES, DRAWN = 20, 40
"""How many test pairs are shown as they were translated, and how long the one is, about, that is drawn by letters."""


def table(args: PaperSettings) -> str:
    """Bits a character and BLEU of unseen help pages in German."""
    work = partial(run, args.folder)
    rates = best_rates(args, "translation", ARMS, UPDATES // TUNING_SHARE, RATES, work)
    rows = rows_of(args, "translation", cells(args, ARMS, UPDATES, rates, LONGER), work)
    args.draw("translation", curves(rows, "bits/character"))
    values = figures_of(rows, ("arm", "name"))
    names = {"bits": "bits/character", "astray": "more, of other pairs' sources", "bleu": "BLEU", "chrf": "chrF"}
    arms = (*ARMS, *LONGER)
    lines = [[arm, *means(values, (*names, *COSTS), arm)] for arm in arms]
    told = markdown(("English to German", *names.values(), *COSTS.values()), lines)
    ours, others = (arms[0], *LONGER), arms[1 : len(ARMS)]
    pairs = [(arm, name) for arm in ours for name in ("bits", "bleu", "chrf")]
    beside = [
        [other, *(less(values.get((arm, name)), values.get((other, name))) for arm, name in pairs)] for other in others
    ]
    head = ("less that of", *(f"{names[name]} of {arm}" for arm, name in pairs))
    return f"{told}\n{NOTE}\n{markdown(head, beside)}"


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """What comes of one translator."""
    torch.manual_seed(cell.seed)
    like, _ = LONGER.get(cell.arm, (cell.arm, 1.0))
    net = translator(like, languages().source.size, languages().target.size)
    train, valid, test = (batches_of(part, slope_of(like)) for part in PARTS)
    train, few = replace(train, seed=cell.seed), replace(valid, pairs=valid.pairs[::6])
    settings = training_of(cell, VERDICTS)
    path = net_path(folder, "translation", cell)
    progress = trained(path, net, settings, train, lambda judged: pair_bits(judged, few))
    if cell.seed == 0:  # here, because networks are kept for a while, and what they show for good
        show(folder, cell.arm, net, test)
    return outcome(cell, net, progress, partial(figures, net, test))


def figures(net: ModuleGraph, test: PairBatches) -> dict[str, float]:
    """Bits a character, how many more they are with the sources of other pairs, of about the length, and translations'
    scores.
    """
    ordered = sorted(test.pairs, key=lambda pair: (len(pair.source), len(pair.target)))
    swapped = [
        pair._replace(source=other.source) for pair, other in zip(ordered, [*ordered[1:], ordered[0]], strict=True)
    ]
    right, astray = pair_bits(net, test), pair_bits(net, replace(test, pairs=swapped))
    return {"bits": right, "astray": astray - right, **scores(net, test)}


def show(folder: Path, arm: str, net: ModuleGraph, test: PairBatches) -> None:
    """Write test pairs from first to last as they are translated, unpicked; and draw where a ByteNet looked."""
    english, german = languages().source, languages().target
    asked = test.pairs[:: max(1, len(test.pairs) // SAMPLES)][:SAMPLES]
    lines = []
    for pair, said in zip(asked, written(net, test, asked), strict=True):
        texts = (english.decoded(pair.source), german.decoded(pair.target), said)
        lines.append([text.replace("|", "\\|") for text in texts])
    with replacing(folder / f"samples_{arm.replace(', ', '_').replace(' ', '_')}.md") as draft:
        draft.write_text(markdown(("English", "German", arm), lines), encoding="utf-8")
    if arm == "bytenet":
        pair = min(asked, key=lambda each: abs(len(each.source) - DRAWN))
        inputs, targets = test.batch([pair])
        length = len(pair.target)
        told = saliency(net, inputs[SOURCE][0], inputs[SYMBOL][0, :length], targets[SYMBOL][0, :length])
        figure = heat_map(told, english.decoded(pair.source), german.decoded(pair.target))
        with replacing(folder / "alignment.png") as draft:
            figure.savefig(draft, format="png", dpi=110)


def translator(arm: str, sources: int, classes: int) -> ModuleGraph:
    """The network of an arm: all have about as many parameters."""
    made: dict[str, Callable[[int], ModuleGraph]] = {
        "bytenet": lambda width: bytenet(sources, classes, width, 2 * SET),
        "lstm": lambda width: lstm_translator(sources, classes, width),
        "attention": lambda width: lstm_translator(sources, classes, width, attention=True),
        "transformer": lambda width: transformer(sources, classes, 4 * max(1, width // 4)),
    }
    size = size_of(made["bytenet"](WIDTH))
    return made[arm](WIDTH if arm == "bytenet" else width_for(size, made[arm]))


@lru_cache(maxsize=1)
def languages() -> Languages:
    """The characters of both languages in the training part."""
    return Languages.of(pairs("train"))


@lru_cache(maxsize=3)
def batches_of(part: Part, slope: float) -> PairBatches:
    """The pairs of a part."""
    return languages().batches(pairs(part), slope)


def slope_of(arm: str) -> float:
    """How much longer than they are sources are taken to be: a ByteNet's targets want room."""
    return 1.2 if arm == "bytenet" else 1.0


def check() -> None:
    """Refuse to begin without the pages and sacrebleu."""
    pairs("test")
    if find_spec("sacrebleu") is None:
        raise PhysimError("BLEU is sacrebleu's, which is not installed: pip install 'physim[texts]'")


def scores(net: ModuleGraph, batches: PairBatches) -> dict[str, float]:
    """BLEU of translations by beams, which counts words, and chrF, which counts characters."""
    import sacrebleu

    step = max(1, len(batches.pairs) // BLEU_PAIRS)
    asked = sorted(batches.pairs[::step], key=lambda pair: len(pair.source))
    several = [asked[first : first + 16] for first in range(0, len(asked), 16)]
    said = [text for some in several for text in written(net, batches, some)]
    wanted = [languages().target.decoded(pair.target) for pair in asked]
    judged = {"bleu": sacrebleu.corpus_bleu(said, [wanted]), "chrf": sacrebleu.corpus_chrf(said, [wanted])}
    return {name: float(found.score) for name, found in judged.items()}


def written(net: ModuleGraph, batches: PairBatches, asked: Sequence[Pair]) -> list[str]:
    """Translations by beams."""
    sources = batches.read(asked)
    longest = 40 + int(1.6 * max(len(pair.source) for pair in asked))
    found = search(net, {SOURCE: sources}, END, longest, BEAM).symbols
    return [languages().target.decoded(row) for row in found]
