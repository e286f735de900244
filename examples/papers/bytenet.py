"""ByteNet (arXiv:1610.10099): models of characters, and translators without attention beside others.

python examples/papers/bytenet.py [--quick] [--parts toys characters translation]
"""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from learners.experiment import Cell, grouped, markdown, mean
from learners.papers import PaperSettings, run_parts
from learners.sequences.alignment import saliency
from learners.sequences.beams import search
from learners.sequences.bytenet import SET, SOURCE, byte_model, bytenet
from learners.sequences.pairs import END, Alphabet, Pair, PairBatches, pair_bits
from learners.sequences.recurrent import lstm_model, units_of
from learners.sequences.rows import Crops, SymbolRow, bits
from learners.sequences.training import SequenceTraining
from learners.sequences.translators import lstm_translator, transformer
from learners.sequences.wavenet import SYMBOL
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.reports import Row
from physim.scripts import run_script
from worlds.real_data import splits
from worlds.real_data.parts import Part
from worlds.real_data.translations import pairs

RESULTS = Path(__file__).parent / "results" / "bytenet"
SEEDS = (0, 1, 2)
BYTES, TEXT = 256, "gcide"
WIDTH, CHARACTER_UPDATES, CHARACTERS_BATCH = 64, 3000, 16
SEEN, COUNTED = 100, 400
"""Of the characters of a piece, how many only go before, and how many count, as in the paper."""
JUDGED_BYTES = 200_000
TRANSLATED_WIDTH, TRANSLATION_UPDATES, TOY_UPDATES = 96, 6000, 1500
RATE = 2e-3
BLEU_PAIRS, BEAM = 300, 12
"""How many test pairs are translated by beams, and how wide these are."""
CIPHERED, TOY_LETTERS, TOY_TRAIN, TOY_TEST = 30, 26, 20_000, 300
ALL = ("toys", "characters", "translation")
TRANSLATORS = ("bytenet", "lstm", "attention", "transformer")


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Train ByteNets and what they are measured by, on texts and translations; finished trainings are kept."""

    parts: tuple[str, ...] = ALL
    """What to do: sources that are doubled or ciphered; characters of a dictionary, beside an LSTM and compressors; and
    English help pages in German, by four translators of as many parameters."""
    out: Path = RESULTS

    def cells(self, arms: Sequence[str], updates: int, seconds: float) -> list[Cell]:
        """A cell for each arm and seed; an update takes so many seconds on one core, about."""
        wanted = self.shortened(updates)
        return [
            Cell(arm, seed, (("updates", wanted),), wanted * seconds / 60) for seed in self.few(SEEDS) for arm in arms
        ]


def main(args: Args) -> None:
    """Run what has not run yet and write the tables."""
    run_parts(args, args.parts, PARTS)


# ---- toys


def toys(args: Args) -> str:
    """How many targets are exactly right where each letter is doubled, or replaced; and what was looked at."""
    cells = args.cells(("doubled", "ciphered"), TOY_UPDATES, 0.2)
    values = grouped(args.rows("toys", cells, run_toy), ("arm", "name"))
    lines = [[arm, *(_percent(values.get((arm, name))) for name in ("exact", "aligned"))] for arm in TOYS]
    return markdown(("", "targets exactly right (%)", "letters looked at rightly (%)"), lines)


def run_toy(cell: Cell) -> Sequence[Row]:
    """A small ByteNet's exactness on unseen words, and where its gradients lead."""
    torch.manual_seed(cell.seed)
    train, test = (toy(cell.arm, count, seed) for count, seed in ((TOY_TRAIN, cell.seed), (TOY_TEST, 90_000)))
    classes = TOY_LETTERS + 1
    net = bytenet(TOY_LETTERS + 1, classes, 32, (1, 2, 4, 1, 2, 4))
    slope = 2.0 if cell.arm == "doubled" else 1.2
    batches = PairBatches(train, TOY_LETTERS + 1, classes, 2000, slope, cell.seed)
    SequenceTraining(_updates(cell), RATE).run(net, batches, progress=False)
    judged = PairBatches(test, TOY_LETTERS + 1, classes, 2000, slope)
    found = search(net, {SOURCE: judged.read(test)}, END, 3 * CIPHERED, width=1).symbols
    right = [_until_end(row) == pair.target.tolist() for row, pair in zip(found, test, strict=True)]
    rows: list[Row] = [{"name": "exact", "value": sum(right) / len(right)}]
    if cell.arm == "ciphered":
        rows.append({"name": "aligned", "value": aligned(net, judged, test[:50])})
    return rows


def toy(kind: str, count: int, seed: int) -> list[Pair]:
    """Words of drawn letters, and these doubled, or each replaced by its cipher."""
    random = torch.Generator().manual_seed(seed)
    cipher = torch.randperm(TOY_LETTERS, generator=torch.Generator().manual_seed(0)) + 1
    made = []
    for length in torch.randint(5, CIPHERED + 1, (count,), generator=random).tolist():
        word = torch.randint(1, TOY_LETTERS + 1, (length,), generator=random)
        made.append(Pair(word, word.repeat_interleave(2) if kind == "doubled" else cipher[word - 1]))
    return made


def aligned(net: ModuleGraph, batches: PairBatches, words: Sequence[Pair]) -> float:
    """How often the letter with the longest gradient is the one that was ciphered."""
    right, count = 0, 0
    for word in words:
        inputs, targets = batches.batch([word])
        length = len(word.target)
        told = saliency(net, inputs[SOURCE][0], inputs[SYMBOL][0, :length], targets[SYMBOL][0, :length])
        right += int((told.argmax(1) == torch.arange(length)).sum())
        count += length
    return right / count


TOYS = ("doubled", "ciphered")


# ---- characters


def characters(args: Args) -> str:
    """Bits a character of a dictionary's unseen part."""
    arms = ("multiplicative", "rectified", "lstm")
    cells = args.cells(arms, CHARACTER_UPDATES, 0.8)
    rows = args.rows("characters", cells, run_characters)
    values = grouped([row for row in rows if row["name"] == "bits"], ("arm",))
    parts = splits(TEXT)
    lines = [[f"ByteNet, {arm} blocks" if arm != "lstm" else "LSTM", mean(values[arm,])] for arm in arms]
    lines += [[name, 8 * size / len(parts.test)] for name, size in compressed(parts.train, parts.test).items()]
    return markdown((TEXT, "bits/character"), lines)


def run_characters(cell: Cell) -> Sequence[Row]:
    """Bits a character of one model."""
    torch.manual_seed(cell.seed)
    net = character_net(cell.arm)
    train, valid, test = (
        SymbolRow(torch.frombuffer(bytearray(part), dtype=torch.uint8).long()) for part in splits(TEXT)
    )
    crops = Crops([train], COUNTED, SEEN, BYTES, CHARACTERS_BATCH, cell.seed)
    few = SymbolRow(valid.symbols[:JUDGED_BYTES])
    settings = SequenceTraining(_updates(cell), RATE, every=max(1, _updates(cell) // 6))
    progress = settings.run(net, crops, lambda judged: bits(judged, [few], BYTES), progress=False)
    size = sum(value.numel() for value in net.parameters())
    told = {"bits": bits(net, [test], BYTES), "seconds": progress.seconds, "parameters": size}
    return [{"name": name, "value": value} for name, value in told.items()]


def character_net(arm: str) -> ModuleGraph:
    """The network of an arm: all have about as many parameters."""
    if arm == "multiplicative":
        return byte_model(BYTES, WIDTH, 2 * SET)
    size = sum(value.numel() for value in character_net("multiplicative").parameters())
    if arm == "lstm":
        return lstm_model(BYTES, units_of(size, BYTES, 64), 64)

    def rectified(width: int) -> ModuleGraph:
        return byte_model(BYTES, width, 2 * SET, blocks="rectified")

    return rectified(_width(size, rectified))


def compressed(train: bytes, test: bytes) -> dict[str, int]:
    """What compressors make of the test part: alone, and what it adds to the training part's size."""
    return {
        "xz, alone": _xz(test),
        "xz, behind the training part": _xz(train + test) - _xz(train),
        "bzip2, alone": len(bz2.compress(test)),
    }


def _xz(text: bytes) -> int:
    return len(lzma.compress(text, preset=9))


# ---- translation


def translation(args: Args) -> str:
    """Bits a character and BLEU of unseen help pages in German."""
    check_bleu()
    cells = args.cells(TRANSLATORS, TRANSLATION_UPDATES, 0.8)
    values = grouped(args.rows("translation", cells, run_translation), ("arm", "name"))
    names = {"bits": "bits/character", "bleu": "BLEU", "seconds": "seconds of training", "parameters": "parameters"}
    lines = [[arm, *(_mean(values.get((arm, name))) for name in names)] for arm in TRANSLATORS]
    return markdown(("English to German", *names.values()), lines)


def run_translation(cell: Cell) -> Sequence[Row]:
    """One translator's figures."""
    torch.manual_seed(cell.seed)
    english, german = alphabets()
    net = translator(cell.arm, english.size, german.size)
    slope = 1.2 if cell.arm == "bytenet" else 1.0
    train, valid, test = (
        PairBatches(numbers(part), english.size, german.size, 4000, slope, cell.seed)
        for part in ("train", "valid", "test")
    )
    few = PairBatches(valid.pairs[::6], english.size, german.size, 4000, slope)
    settings = SequenceTraining(_updates(cell), RATE, every=max(1, _updates(cell) // 6))
    progress = settings.run(net, train, lambda judged: pair_bits(judged, few), progress=False)
    told: dict[str, float] = {
        "bits": pair_bits(net, test),
        "bleu": bleu(net, test, german),
        "seconds": progress.seconds,
        "parameters": sum(value.numel() for value in net.parameters()),
    }
    return [{"name": name, "value": value} for name, value in told.items()]


def translator(arm: str, sources: int, classes: int) -> ModuleGraph:
    """The network of an arm: all have about as many parameters."""
    made: dict[str, Callable[[int], ModuleGraph]] = {
        "bytenet": lambda width: bytenet(sources, classes, width, 2 * SET),
        "lstm": lambda width: lstm_translator(sources, classes, width),
        "attention": lambda width: lstm_translator(sources, classes, width, attention=True),
        "transformer": lambda width: transformer(sources, classes, 4 * max(1, width // 4)),
    }
    size = sum(value.numel() for value in made["bytenet"](TRANSLATED_WIDTH).parameters())
    return made[arm](TRANSLATED_WIDTH if arm == "bytenet" else _width(size, made[arm]))


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


def check_bleu() -> None:
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


def _width(size: int, make: Callable[[int], ModuleGraph]) -> int:
    """The largest width with which a network has at most so many parameters."""
    low, high = 4, 1024
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if sum(v.numel() for v in make(middle).parameters()) <= size else (low, middle)
    return low


def _updates(cell: Cell) -> int:
    return int(str(dict(cell.setting)["updates"]))


def _until_end(row: Tensor) -> list[int]:
    told: list[int] = row.tolist()
    return told[: [*told, END].index(END)]


def _percent(values: Sequence[float] | None) -> str:
    return "" if values is None else str(mean([100 * value for value in values]))


def _mean(values: Sequence[float] | None) -> str:
    return "" if values is None else str(mean(values))


PARTS: dict[str, Callable[[Args], str]] = {"toys": toys, "characters": characters, "translation": translation}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
