"""Letters of known entropy, foretold by ByteNet's decoder, dilated or not: a part of bytenet.py."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from learners.experiment import Cell, markdown
from learners.papers import PaperSettings, net_path
from learners.sequences.bytenet import byte_model
from learners.sequences.kept import trained
from learners.sequences.rows import Crops, SymbolRow, surprises
from parts.sequence_cells import (
    COSTS,
    OVER_SEEDS,
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
from worlds.sources import CHAIN, RECALL, Chain, Recall

TRAINED, TESTED = 2_000_000, 200_000
"""Letters that are learned from, and judged on."""
WIDTH, LENGTH, CONTEXT, BATCH = 32, 400, 100, 16
UPDATES, RATE, SECONDS, VERDICTS = 4000, 1e-3, 0.08, 1
"""At three times the rate multiplicative units never come to see what was long before."""


class Task(NamedTuple):
    """A source, and the dilations of who foretells it."""

    source: Chain | Recall
    dilations: tuple[int, ...]


TASKS = {
    "a chain": Task(CHAIN, (1, 2, 4, 8, 16)),
    f"what was {RECALL.delay} letters before, dilated": Task(RECALL, (1, 2, 4, 8, 16)),
    f"what was {RECALL.delay} letters before, not dilated": Task(RECALL, (1, 1, 1, 1, 1)),
}
"""Not dilated as many layers see ten letters back."""


def table(args: PaperSettings) -> str:
    """Bits of each source, above its entropy."""
    asked = cells(args, dict.fromkeys(TASKS, SECONDS), UPDATES, dict.fromkeys(TASKS, RATE))
    values = figures_of(rows_of(args, "letters", asked, partial(run, args.folder)), ("arm", "name"))
    lines = []
    for task in TASKS:
        lowest = min(values.get((task, "errors"), [math.nan]))
        lines.append([task, *means(values, ("bits", "above"), task), lowest, *means(values, COSTS, task)])
    head = ("", "bits/letter", "above its entropy (%)", "in standard errors of the difference, the lowest")
    return f"{markdown((*head, *COSTS.values()), lines)}\n{OVER_SEEDS}\n"


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Bits of letters that a model was not trained on, and how far they are above their entropy."""
    source, dilations = TASKS[cell.arm]
    torch.manual_seed(cell.seed)
    net = byte_model(source.letters, WIDTH, dilations, dropout=0.0)
    train = SymbolRow(torch.from_numpy(source.sample(TRAINED, cell.seed)))
    crops = Crops([train], LENGTH, CONTEXT, source.letters, BATCH, cell.seed)
    progress = trained(net_path(folder, "letters", cell), net, training_of(cell, VERDICTS), crops)
    test = source.sample(TESTED, TEST_SEEDS_FROM)

    def judge() -> dict[str, float]:
        found = surprises(net, SymbolRow(torch.from_numpy(test)), source.letters).numpy()
        return above_entropy(found, source.surprises(test))

    return outcome(cell, net, progress, judge)
