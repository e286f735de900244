"""English help pages in German, by ByteNets and three other translators of as many parameters: a part of bytenet.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path

import torch

from learners.experiment import TUNING_SEED, Cell, grouped, markdown, mean
from learners.papers import PaperSettings, net_path
from learners.sequences.alignment import heat_map, saliency
from learners.sequences.beams import search
from learners.sequences.bytenet import SET, SOURCE, bytenet
from learners.sequences.kept import trained
from learners.sequences.pairs import END, Alphabet, Pair, PairBatches, pair_bits
from learners.sequences.translators import lstm_translator, transformer
from learners.sequences.wavenet import SYMBOL
from parts.sequence_cells import best_rates, cells, costs, less, size_of, training_of, valid_row, width_for
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.outputs import replacing
from physim.reports import Row
from worlds.real_data.parts import Part
from worlds.real_data.translations import pairs

WIDTH, UPDATES = 96, 6000
RATES, TUNING_SHARE = (1e-3, 2e-3, 4e-3), 6
"""Rates that are tried, for a part of the updates, on the validation part."""
ARMS = {"bytenet": 0.4, "lstm": 0.8, "attention": 0.9, "transformer": 0.6}
"""Seconds an update takes on one core, about."""
LONGER = {"bytenet, as long": ("bytenet", 1.8)}
"""A ByteNet that takes about as long as the others do."""
VERDICTS = 6
BLEU_PAIRS, BEAM = 300, 12
"""How many test pairs are translated by beams, and how wide these are."""
SAMPLES, DRAWN = 20, 40
"""How many test pairs are shown as they were translated, and how long the one is, about, that is drawn by letters."""


def table(args: PaperSettings) -> str:
    """Bits a character and BLEU of unseen help pages in German."""
    work = partial(run, args.folder)
    rates = best_rates(args, "translation", ARMS, UPDATES // TUNING_SHARE, RATES, work)
    asked = cells(args, ARMS, UPDATES, rates, LONGER)
    values = grouped(args.rows("translation", asked, work), ("arm", "name"))
    names = {"bits": "bits/character", "bleu": "BLEU", "updates": "updates", "seconds": "seconds of training"}
    names |= {"parameters": "parameters"}
    arms = (*ARMS, *LONGER)
    lines = [[arm, *(mean(values[arm, name]) for name in names)] for arm in arms]
    told = markdown(("English to German", *names.values()), lines)
    bleus = [[arm, less(values[arms[0], "bleu"], values[arm, "bleu"])] for arm in arms[1:]]
    return f"{told}\n{markdown(('BLEU of bytenet less that of', ''), bleus)}"


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """One translator's figures; where a rate is chosen, of the validation part alone. Seed 0 shows samples."""
    torch.manual_seed(cell.seed)
    english, german = alphabets()
    like, _ = LONGER.get(cell.arm, (cell.arm, 1.0))
    net = translator(like, english.size, german.size)
    slope = 1.2 if like == "bytenet" else 1.0
    train, valid, test = (
        PairBatches(numbers(part), english.size, german.size, 4000, slope, cell.seed)
        for part in ("train", "valid", "test")
    )
    few = PairBatches(valid.pairs[::6], english.size, german.size, 4000, slope)
    settings = training_of(cell, VERDICTS)
    path = net_path(folder, "translation", cell)
    progress = trained(path, net, settings, train, lambda judged: pair_bits(judged, few))
    if cell.seed == TUNING_SEED:
        return [valid_row(progress)]
    if cell.seed == 0:
        show(folder, cell.arm, net, test)
    told: dict[str, float] = {"bits": pair_bits(net, test), "bleu": bleu(net, test, german), **costs(net, progress)}
    return [{"name": name, "value": value} for name, value in told.items()]


def show(folder: Path, arm: str, net: ModuleGraph, test: PairBatches) -> None:
    """Write the first test pairs as they are translated, unpicked; and draw where a ByteNet looked."""
    english, german = alphabets()
    asked = test.pairs[:SAMPLES]
    lines = []
    for pair, said in zip(asked, written(net, test, asked, german), strict=True):
        lines.append([english.decoded(pair.source), german.decoded(pair.target), said])
    name = arm.replace(", ", "_").replace(" ", "_")
    with replacing(folder / f"samples_{name}.md") as draft:
        draft.write_text(markdown(("English", "German", arm), lines), encoding="utf-8")
    if arm == "bytenet":
        pair = min(asked, key=lambda each: abs(len(each.source) - DRAWN))
        inputs, targets = test.batch([pair])
        length = len(pair.target)
        told = saliency(net, inputs[SOURCE][0], inputs[SYMBOL][0, :length], targets[SYMBOL][0, :length])
        figure = heat_map(told, english.decoded(pair.source), german.decoded(pair.target))
        with replacing(folder / "alignment.png") as draft:
            figure.savefig(draft, format="png", dpi=120)


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
def alphabets() -> tuple[Alphabet, Alphabet]:
    """The characters of both languages in the training part."""
    train = pairs("train")
    return Alphabet.of(pair.english for pair in train), Alphabet.of(pair.german for pair in train)


@lru_cache(maxsize=3)
def numbers(part: Part) -> list[Pair]:
    """The pairs of a part as numbers."""
    english, german = alphabets()
    return [Pair(english.encoded(pair.english), german.encoded(pair.german)) for pair in pairs(part)]


def check() -> None:
    """Refuse, before anything is trained, to go on without sacrebleu."""
    if find_spec("sacrebleu") is None:
        raise PhysimError("BLEU is sacrebleu's, which is not installed: pip install 'physim[translation]'")


def bleu(net: ModuleGraph, batches: PairBatches, german: Alphabet) -> float:
    """BLEU of translations by beams."""
    import sacrebleu

    step = max(1, len(batches.pairs) // BLEU_PAIRS)
    asked = sorted(batches.pairs[::step], key=lambda pair: len(pair.source))
    several = [asked[first : first + 16] for first in range(0, len(asked), 16)]
    said = [text for some in several for text in written(net, batches, some, german)]
    wanted = [german.decoded(pair.target) for pair in asked]
    return float(sacrebleu.corpus_bleu(said, [wanted]).score)


def written(net: ModuleGraph, batches: PairBatches, asked: Sequence[Pair], german: Alphabet) -> list[str]:
    """Translations by beams."""
    sources = batches.read(asked)
    longest = 40 + int(1.6 * max(len(pair.source) for pair in asked))
    return [german.decoded(row) for row in search(net, {SOURCE: sources}, END, longest, BEAM).symbols]
