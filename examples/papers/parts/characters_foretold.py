"""Characters of a dictionary, foretold by a ByteNet, an LSTM and compressors: a part of bytenet.py."""

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
from parts.sequence_cells import COSTS, FEWER_SEEDS, best_rates, cells, curves, outcome, size_of, training_of
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
ARMS = {"bytenet": 0.39, "lstm": 0.30}
"""Seconds an update takes on one core, about."""
LONGER = {"lstm, as long": ("lstm", 1.35)}
"""An LSTM that takes about as long as the ByteNet does."""
TWICE = {"bytenet, twice the updates": "bytenet", "lstm, twice the updates": "lstm"}
"""By one seed: by what they gain is seen whether the others had enough."""
VERDICTS = 6
PRECISIONS = "The LSTM trains in float32, the ByteNet in bfloat16 where the processor has it, and seconds are of both."


def table(args: PaperSettings) -> str:
    """Bits a character of a dictionary's unseen part."""
    work = partial(run, args.folder)
    rates = best_rates(args, "characters", ARMS, UPDATES // TUNING_SHARE, RATES, work)
    asked = cells(args, ARMS, UPDATES, rates, LONGER, seeds=FEWER_SEEDS)
    seconds, chosen = ({arm: told[like] for arm, like in TWICE.items()} for told in (ARMS, rates))
    asked += cells(args, seconds, 2 * UPDATES, chosen, seeds=FEWER_SEEDS[:1])
    rows = args.rows("characters", asked, work)
    args.draw("characters", curves(rows, "bits/character"))
    values = grouped(rows, ("arm", "name"))
    parts = splits(TEXT)
    names = {"bits": "bits/character", **COSTS}
    lines: list[list[object]] = [
        [arm, *(mean(values[arm, name]) for name in names)] for arm in (*ARMS, *LONGER, *TWICE)
    ]
    lines += [
        [name, 8 * size / len(parts.test), *[None] * (len(names) - 1)]
        for name, size in compressed(parts.train, parts.test).items()
    ]
    return f"{markdown((TEXT, *names.values()), lines)}\n{PRECISIONS}\n"


def check() -> None:
    """Refuse to begin without the dictionary."""
    splits(TEXT)


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Bits a character of one model."""
    torch.manual_seed(cell.seed)
    net = network("lstm" if "lstm" in cell.arm else "bytenet")
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
    net = byte_model(BYTES, WIDTH, 2 * SET)
    return net if arm == "bytenet" else lstm_model(BYTES, units_of(size_of(net), BYTES, 64), 64)


def compressed(train: bytes, test: bytes) -> dict[str, int]:
    """What compressors make of the test part: alone, and what it adds to the training part's size."""
    return {
        "xz, alone": _xz(test),
        "xz, behind the training part": _xz(train + test) - _xz(train),
        "bzip2, alone": len(bz2.compress(test)),
    }


def _xz(text: bytes) -> int:
    return len(lzma.compress(text, preset=9))
