"""Characters of a dictionary, foretold by a ByteNet, an LSTM and compressors: a part of bytenet.py."""

from __future__ import annotations

import bz2
import lzma
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from learners.experiment import Cell, markdown
from learners.papers import PaperSettings, net_path
from learners.sequences.bytenet import SET, byte_model
from learners.sequences.kept import trained
from learners.sequences.recurrent import lstm_model, units_of
from learners.sequences.rows import Crops, SymbolRow, bits
from parts.sequence_cells import (
    COSTS,
    SEEDS,
    best_rates,
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
)
from physim.graph import ModuleGraph
from physim.reports import Row
from worlds.real_data import splits

BYTES, TEXT = 256, "gcide"
WIDTH, UPDATES, BATCH = 48, 3500, 16
SEEN, COUNTED = 100, 400
"""Of the characters of a piece, how many only go before, and how many count, as in the paper."""
JUDGED_BYTES = 100_000
RATES, TUNING_SHARE = (1e-3, 2e-3, 4e-3), 6
"""Rates that are tried, for a part of the updates, on the validation part."""
BYTENET, LSTM = "bytenet", "lstm"
ARMS = {BYTENET: 0.39, LSTM: 0.30}
"""Seconds an update takes on one core, about."""
LONGER = {"lstm, as long": (LSTM, 1.35)}
"""An LSTM that takes about as long as the ByteNet does."""
TWICE = {"lstm, twice as long": (LSTM, 2.7)}
"""By one seed: by what it gains is seen whether the others had enough."""
VERDICTS = 6
PRECISIONS = "The LSTM trains in float32, the ByteNet in bfloat16 where the processor has it, and seconds are of both."


def table(args: PaperSettings) -> str:
    """Bits a character of a dictionary's unseen part."""
    work = partial(run, args.folder)
    rates = best_rates(args, "characters", ARMS, UPDATES // TUNING_SHARE, RATES, work)
    asked = [cell for cell in cells(args, ARMS, UPDATES, rates, LONGER) if cell.arm != LSTM]
    asked += [cell for cell in cells(args, ARMS, UPDATES, rates, TWICE, seeds=SEEDS[:1]) if cell.arm in TWICE]
    parts = splits(TEXT)
    still = {name: 8 * size / len(parts.test) for name, size in compressed(parts.train, parts.test).items()}
    print("\n".join(f"{name}: {bits:.4f} bits/character" for name, bits in still.items()), file=sys.stderr)
    rows = rows_of(args, "characters", asked, work)
    args.draw("characters", curves(rows, "bits/character"))
    values = figures_of(rows, ("arm", "name"))
    lines: list[list[object]] = []
    for arm in (BYTENET, *LONGER, *TWICE):
        ours, more = (values.get((name, "bits")) for name in (arm, BYTENET))
        beside = less(ours, more) if arm in LONGER else None
        lines.append([arm, mean_or_diverged(ours), beside, *means(values, COSTS, arm)])
    lines += [[name, bits, *(1 + len(COSTS)) * [None]] for name, bits in still.items()]
    return f"{markdown((TEXT, 'bits/character', f'less {BYTENET}', *COSTS.values()), lines)}\n{PRECISIONS}\n"


def check() -> None:
    """Refuse to begin without the dictionary."""
    splits(TEXT)


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Bits a character of one model."""
    torch.manual_seed(cell.seed)
    net = network(LSTM if LSTM in cell.arm else BYTENET)
    train, valid, test = (
        SymbolRow(torch.frombuffer(bytearray(part), dtype=torch.uint8).long()) for part in splits(TEXT)
    )
    crops = Crops([train], COUNTED, SEEN, BYTES, BATCH, cell.seed)
    few = SymbolRow(valid.symbols[:JUDGED_BYTES])
    settings = training_of(cell, VERDICTS)
    path = net_path(folder, "characters", cell)
    progress = trained(path, net, settings, crops, lambda judged: bits(judged, [few], BYTES))
    return outcome(cell, net, progress, lambda: {"bits": bits(net, [test], BYTES)})


def network(arm: str) -> ModuleGraph:
    """The network of an arm: all have about as many parameters."""
    net = byte_model(BYTES, WIDTH, 2 * SET, dropout=0.0)  # in less than an epoch there is nothing to learn by heart
    return net if arm == BYTENET else lstm_model(BYTES, units_of(size_of(net), BYTES, 64), 64)


def compressed(train: bytes, test: bytes) -> dict[str, int]:
    """What compressors make of the test part: alone, and what it adds to the training part's size."""
    return {
        "xz, alone": _xz(test),
        "xz, behind the training part": _xz(train + test) - _xz(train),
        "bzip2, alone": len(bz2.compress(test)),
    }


def _xz(text: bytes) -> int:
    return len(lzma.compress(text, preset=9))
