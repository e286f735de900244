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
    cells,
    curves,
    figures_of,
    less,
    means,
    outcome,
    rows_of,
    size_of,
    training_of,
    tuned,
    width_for,
)
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.outputs import replacing
from physim.reports import Row
from worlds.real_data.parts import PARTS, Part
from worlds.real_data.translations import pairs

WIDTH, UPDATES, SYMBOLS = 64, 6000, 2000
"""Symbols are of the targets of an update."""
RATES, TUNING_SHARE = (1e-3, 2e-3, 4e-3), 3
"""Rates that are tried, for a part of the updates, on the validation part."""
ARMS = {"bytenet": 0.1, "lstm": 0.14, "attention": 0.16, "transformer": 0.2}
"""Seconds an update takes on one core, about."""
LONGER = {f"bytenet, as long as the {other}": other for other in ("lstm", "transformer")}
"""ByteNets that take about as long as others do, by the time that updates took while rates were tried."""
VERDICTS = 6
NOTE = f"""LSTMs train in float32, the others in bfloat16 where the processor has it. By how many more bits a target
costs where the source is another pair's is seen whether a model reads it, or knows German alone. {OVER_SEEDS}
"""
BLEU_PAIRS, BEAM = 400, 12
"""How many test pairs are translated by beams, and how wide these are."""
SAMPLES, DRAWN = 20, 40
"""How many test pairs are shown as they were translated, and how long the one is, about, that is drawn by letters."""


def table(args: PaperSettings) -> str:
    """Bits a character and BLEU of unseen help pages in German."""
    work = partial(run, args.folder)
    found = tuned(args, "translation", ARMS, UPDATES // TUNING_SHARE, RATES, work)
    longer = {name: found.as_long("bytenet", other) for name, other in LONGER.items()}
    rows = rows_of(args, "translation", cells(args, ARMS, UPDATES, found.rates, longer), work)
    args.draw("translation", curves(rows, "bits/character"))
    values = figures_of(rows, ("arm", "name"))
    names = {"bits": "bits/character", "astray": "more, of other pairs' sources"}
    names |= {"bleu": "BLEU", "chrf": "chrF", "length": "words written over those wanted"}
    arms = (*ARMS, *LONGER)
    lines: list[list[object]] = [[arm, *means(values, (*names, *COSTS), arm)] for arm in arms]
    copied = judged([(languages().source.decoded(pair.source), pair) for pair in asked_of(batches_of("test", 1.0))])
    lines.append(["the English itself", None, None, *copied.values(), *[None] * len(COSTS)])
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
    like = "bytenet" if cell.arm in LONGER else cell.arm
    net = translator(like, languages().source.size, languages().target.size)
    train, valid, test = (batches_of(part, slope_of(like)) for part in PARTS)
    train, few = replace(train, seed=cell.seed), replace(valid, pairs=valid.pairs[::6])
    settings = training_of(cell, VERDICTS)
    path = net_path(folder, "translation", cell)
    progress = trained(path, net, settings, train, lambda judged: pair_bits(judged, few))
    return outcome(cell, net, progress, partial(figures, net, test), partial(show, folder, cell.arm, net, test))


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
    return replace(languages().batches(pairs(part), slope), symbols=SYMBOLS)


def slope_of(arm: str) -> float:
    """How much longer than they are sources are taken to be: a ByteNet's targets want room."""
    return 1.2 if arm == "bytenet" else 1.0


def check() -> None:
    """Refuse to begin without the pages and sacrebleu."""
    pairs("test")
    if find_spec("sacrebleu") is None:
        raise PhysimError("BLEU is sacrebleu's, which is not installed: pip install 'physim[texts]'")


def scores(net: ModuleGraph, batches: PairBatches) -> dict[str, float]:
    """What translations by beams are judged by."""
    asked = asked_of(batches)
    several = [asked[first : first + 16] for first in range(0, len(asked), 16)]
    said = [text for some in several for text in written(net, batches, some)]
    return judged(list(zip(said, asked, strict=True)))


def asked_of(batches: PairBatches) -> list[Pair]:
    """The pairs that are translated, by their length."""
    step = max(1, len(batches.pairs) // BLEU_PAIRS)
    return sorted(batches.pairs[::step], key=lambda pair: len(pair.source))


def judged(said: Sequence[tuple[str, Pair]]) -> dict[str, float]:
    """BLEU of what was said for pairs, which counts words, chrF, which counts characters, and how much was said."""
    import sacrebleu

    texts, wanted = [text for text, _ in said], [languages().target.decoded(pair.target) for _, pair in said]
    words, characters = sacrebleu.corpus_bleu(texts, [wanted]), sacrebleu.corpus_chrf(texts, [wanted])
    return {"bleu": float(words.score), "chrf": float(characters.score), "length": words.sys_len / words.ref_len}


def written(net: ModuleGraph, batches: PairBatches, asked: Sequence[Pair]) -> list[str]:
    """Translations by beams."""
    sources = batches.read(asked)
    longest = 40 + int(1.6 * max(len(pair.source) for pair in asked))
    found = search(net, {SOURCE: sources}, END, longest, BEAM).symbols
    return [languages().target.decoded(row) for row in found]
