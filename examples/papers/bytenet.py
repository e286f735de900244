"""ByteNet (arXiv:1610.10099): models of characters, and translators without attention beside others.

python examples/papers/bytenet.py [--quick] [--parts letters toys characters translation]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from learners.experiment import Cell, markdown, mean_if_known
from learners.papers import DRAWING, Checks, PaperSettings, net_path, run_parts
from learners.sequences.alignment import saliency
from learners.sequences.beams import search
from learners.sequences.bytenet import SET, SOURCE, bytenet
from learners.sequences.kept import trained
from learners.sequences.pairs import END, Pair, PairBatches, pair_bits
from learners.sequences.wavenet import SYMBOL
from parts import characters_foretold, letters_foretold, pages_translated
from parts.sequence_cells import (
    COSTS,
    cells,
    curves,
    figures_of,
    mean_or_diverged,
    means,
    outcome,
    rows_of,
    training_of,
)
from physim.checks import TEST_SEEDS_FROM
from physim.graph import ModuleGraph
from physim.reports import Row
from physim.scripts import run_script

RESULTS = Path(__file__).parent / "results" / "bytenet"
TOYS = {"doubled": (8000, 5e-3), "ciphered": (600, 2e-3)}
"""Updates, and their rate."""
SECONDS, VERDICTS = 0.06, 16
"""How long an update takes on one core, about, and how often a training is judged."""
CIPHERED, LETTERS, TRAIN, VALID, TEST = 30, 26, 20_000, 500, 300


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Train ByteNets and what they are measured by, on texts and translations; finished trainings are kept."""

    parts: tuple[str, ...] = ("letters", "toys", "characters", "translation")
    """What to do: letters whose entropy is known, by dilated layers and by others; sources that are doubled or
    ciphered; characters of a dictionary, beside an LSTM and compressors; and English help pages in German, by four
    translators of as many parameters, judged by sacrebleu. The last two want the extra `texts`."""
    out: Path = RESULTS


def main(args: Args) -> None:
    """Run what has not run yet and write the tables; what is missing is missed before anything runs."""
    run_parts(args, args.parts, PARTS, CHECKS)


def toys(args: Args) -> str:
    """Shares of targets that are exactly right where each letter is doubled, or replaced; and what was looked at."""
    asked = [
        cell for arm, (updates, rate) in TOYS.items() for cell in cells(args, {arm: SECONDS}, updates, {arm: rate})
    ]
    rows = rows_of(args, "toys", asked, partial(run_toy, args.folder))
    args.draw("toys", curves(rows, "bits/letter"))
    values = figures_of(rows, ("arm", "name"))
    lines = []
    for arm in TOYS:
        exact, right = (values.get((arm, name)) for name in ("exact", "aligned"))
        lines.append([arm, mean_or_diverged(exact), mean_if_known(right), *means(values, COSTS, arm)])
    return markdown(("", "targets exactly right", "letters looked at rightly", *COSTS.values()), lines)


def run_toy(folder: Path, cell: Cell) -> Sequence[Row]:
    """A small ByteNet's exactness on unseen words, and where its gradients lead."""
    torch.manual_seed(cell.seed)
    parts = ((TRAIN, cell.seed), (VALID, 1000 + cell.seed), (TEST, TEST_SEEDS_FROM))
    train, valid, test = (toy(cell.arm, count, seed) for count, seed in parts)
    classes = LETTERS + 1
    net = bytenet(LETTERS + 1, classes, 32, 2 * SET)  # a last letter's double lies CIPHERED letters behind it
    slope = 2.0 if cell.arm == "doubled" else 1.2
    batches = PairBatches(train, LETTERS + 1, classes, 2000, slope, cell.seed)
    few = PairBatches(valid, LETTERS + 1, classes, 2000, slope)
    path = net_path(folder, "toys", cell)
    progress = trained(path, net, training_of(cell, VERDICTS), batches, lambda judging: pair_bits(judging, few))
    judged = PairBatches(test, LETTERS + 1, classes, 2000, slope)
    return outcome(cell, net, progress, partial(figures, net, judged, cell.arm == "ciphered"))


def figures(net: ModuleGraph, judged: PairBatches, ciphered: bool) -> dict[str, float]:
    """How many targets are exactly right, and, of `ciphered` letters, how many were looked at rightly."""
    found = search(net, {SOURCE: judged.read(judged.pairs)}, END, 3 * CIPHERED, width=1).symbols
    right = [_until_end(row) == pair.target.tolist() for row, pair in zip(found, judged.pairs, strict=True)]
    told = {"exact": sum(right) / len(right)}
    return told | ({"aligned": aligned(net, judged, judged.pairs[:50])} if ciphered else {})


def toy(kind: str, count: int, seed: int) -> list[Pair]:
    """Words of drawn letters, and these doubled, or each replaced by its cipher."""
    random = torch.Generator().manual_seed(seed)
    cipher = torch.randperm(LETTERS, generator=torch.Generator().manual_seed(0)) + 1
    made = []
    for length in torch.randint(5, CIPHERED + 1, (count,), generator=random).tolist():
        word = torch.randint(1, LETTERS + 1, (length,), generator=random)
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


def _until_end(row: Tensor) -> list[int]:
    told: list[int] = row.tolist()
    return told[: [*told, END].index(END)]


PARTS: dict[str, Callable[[Args], str]] = {
    "letters": letters_foretold.table,
    "toys": toys,
    "characters": characters_foretold.table,
    "translation": pages_translated.table,
}
CHECKS: Checks = {
    "toys": (DRAWING,),
    "characters": (characters_foretold.check, DRAWING),
    "translation": (pages_translated.check, DRAWING),
}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
