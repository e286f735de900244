"""Characters of a dictionary, foretold by ByteNets, an LSTM and compressors: a part of bytenet.py."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from learners.experiment import Cell, grouped, markdown, mean
from learners.papers import PaperSettings, net_path
from learners.sequences.bytenet import SET, byte_model
from learners.sequences.kept import trained
from learners.sequences.recurrent import lstm_model, units_of
from learners.sequences.rows import Crops, SymbolRow, bits
from parts.sequence_cells import COSTS, FEWER_SEEDS, best_rates, cells, curves, outcome, size_of, training_of, width_for
from physim.graph import ModuleGraph
from physim.reports import Row
from worlds.real_data import splits

BYTES, TEXT = 256, "gcide"
WIDTH, UPDATES, BATCH = 64, 3000, 16
SEEN, COUNTED = 100, 400
"""Of the characters of a piece, how many only go before, and how many count, as in the paper."""
JUDGED_BYTES = 200_000
RATES, TUNING_SHARE = (1e-3, 2e-3, 4e-3), 6
"""Rates that are tried, for a part of the updates, on the validation part."""
ARMS = {"multiplicative": 0.45, "rectified": 0.35, "lstm": 0.6}
"""Seconds an update takes on one core, about."""
LONGER = {"lstm, longer": ("lstm", 3.0)}
"""An LSTM that makes more updates: by what it gains is seen whether the others had enough."""
VERDICTS = 6


def table(args: PaperSettings) -> str:
    """Bits a character of a dictionary's unseen part."""
    work = partial(run, args.folder)
    rates = best_rates(args, "characters", ARMS, UPDATES // TUNING_SHARE, RATES, work)
    asked = cells(args, ARMS, UPDATES, rates, LONGER, seeds=FEWER_SEEDS)
    rows = args.rows("characters", asked, work)
    args.draw("characters", curves(rows, "bits/character"))
    values = grouped(rows, ("arm", "name"))
    parts = splits(TEXT)
    names = {"bits": "bits/character", **COSTS}
    lines: list[list[object]] = [
        [f"ByteNet, {arm} blocks" if "lstm" not in arm else arm, *(mean(values[arm, name]) for name in names)]
        for arm in (*ARMS, *LONGER)
    ]
    lines += [
        [name, 8 * size / len(parts.test), *[None] * (len(names) - 1)]
        for name, size in compressed(parts.train, parts.test).items()
    ]
    return markdown((TEXT, *names.values()), lines)


def check() -> None:
    """Refuse to begin without the dictionary."""
    splits(TEXT)


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Bits a character of one model."""
    torch.manual_seed(cell.seed)
    like, _ = LONGER.get(cell.arm, (cell.arm, 1.0))
    net = network(like)
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
    if arm == "multiplicative":
        return byte_model(BYTES, WIDTH, 2 * SET)
    size = size_of(network("multiplicative"))
    if arm == "lstm":
        return lstm_model(BYTES, units_of(size, BYTES, 64), 64)

    def rectified(width: int) -> ModuleGraph:
        return byte_model(BYTES, width, 2 * SET, blocks="rectified")

    return rectified(width_for(size, rectified))


def compressed(train: bytes, test: bytes) -> dict[str, int]:
    """What compressors make of the test part: alone, and what it adds to the training part's size."""
    return {
        "xz, alone": _xz(test),
        "xz, behind the training part": _xz(train + test) - _xz(train),
        "bzip2, alone": len(bz2.compress(test)),
    }


def _xz(text: bytes) -> int:
    return len(lzma.compress(text, preset=9))
