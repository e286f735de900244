"""Characters of a dictionary, foretold by a ByteNet, an LSTM and compressors: a part of bytenet.py."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import torch

from learners.experiment import Cell, markdown
from learners.papers import PaperSettings, net_path
from learners.sequences.bytenet import SET, byte_model
from learners.sequences.kept import trained
from learners.sequences.recurrent import lstm_model
from learners.sequences.rows import Crops, SymbolRow, bits
from parts.sequence_cells import (
    COSTS,
    OVER_SEEDS,
    SEEDS,
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
    tuned,
    width_for,
)
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.reports import Row
from worlds.real_data import splits

BYTES, TEXT = 256, "gcide"
WIDTH, UPDATES, BATCH = 64, 8000, 8
SEEN, COUNTED = 100, 400
"""Of the characters of a piece, how many only go before, and how many count, as in the paper."""
JUDGED_BYTES = 100_000
RATES, TUNING_SHARE = (1e-3, 2e-3, 4e-3), 8
"""Rates that are tried, for a part of the updates, on the validation part."""
BYTENET, LSTM = "bytenet", "lstm"
ARMS = {BYTENET: 0.14, LSTM: 0.15}
"""Seconds an update takes on one core, about."""
LONGER = {"lstm, as long": LSTM}
"""An LSTM that takes about as long as the ByteNet does, by the time that updates took while rates were tried."""
TWICE = {"bytenet, twice as long": BYTENET, "lstm, twice as long": LSTM}
"""By one seed: by what they gain is seen whether the others had enough."""
VERDICTS = 6
NOTE = f"""The LSTM trains in float32, the ByteNet in bfloat16 where the processor has it, and seconds are of both.
The dictionary is in the order of its words, and so are its parts: what is judged are the last letters'. Compressors go
on learning there; networks, and what xz and PPMd have of the training part, are as they were. In training a character
has {SEEN} to {SEEN + COUNTED - 1} before it, in the test all. {OVER_SEEDS}
"""
PPMD_ORDER, PPMD_MEMORY = 8, 1 << 30


def table(args: PaperSettings) -> str:
    """Bits a character of a dictionary's unseen part."""
    work = partial(run, args.folder)
    found = tuned(args, "characters", ARMS, UPDATES // TUNING_SHARE, RATES, work)
    longer = {name: found.as_long(arm, BYTENET) for name, arm in LONGER.items()}
    twice = {name: found.as_long(arm, BYTENET, 2.0) for name, arm in TWICE.items()}
    asked = [cell for cell in cells(args, ARMS, UPDATES, found.rates, longer) if cell.arm != LSTM]
    asked += [cell for cell in cells(args, ARMS, UPDATES, found.rates, twice, seeds=SEEDS[:1]) if cell.arm in TWICE]
    still = [Cell(name, 0, (("updates", 0), ("rate", 0.0)), 2.0) for name in COMPRESSORS]
    rows = rows_of(args, "characters", [*still, *asked], work)
    args.draw("characters", curves(rows, "bits/character"))
    values = figures_of(rows, ("arm", "name"))
    lines: list[list[object]] = []
    for arm in (BYTENET, *LONGER, *TWICE):
        ours, more = (values.get((name, "bits")) for name in (arm, BYTENET))
        beside = less(ours, more) if arm in LONGER else None
        lines.append([arm, mean_or_diverged(ours), beside, *means(values, COSTS, arm)])
    lines += [[name, *values[name, "bits"], *(1 + len(COSTS)) * [None]] for name in COMPRESSORS]
    return f"{markdown((TEXT, 'bits/character', f'less {BYTENET}', *COSTS.values()), lines)}\n{NOTE}"


def check() -> None:
    """Refuse to begin without the dictionary, or PPMd."""
    splits(TEXT)
    if find_spec("pyppmd") is None:
        raise PhysimError("PPMd is pyppmd's, which is not installed: pip install 'physim[texts]'")


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Bits a character of one model, or of a compressor."""
    if cell.arm in COMPRESSORS:
        parts = splits(TEXT)
        return [{"name": "bits", "value": 8 * COMPRESSORS[cell.arm](parts.train, parts.test) / len(parts.test)}]
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
    if arm == BYTENET:
        return net
    return lstm_model(BYTES, width_for(size_of(net), lambda units: lstm_model(BYTES, units, 64)), 64)


def _xz(text: bytes) -> int:
    return len(lzma.compress(text, preset=9))


def _ppmd(text: bytes) -> int:
    import pyppmd

    return len(pyppmd.compress(text, max_order=PPMD_ORDER, mem_size=PPMD_MEMORY))


COMPRESSORS: dict[str, Callable[[bytes, bytes], int]] = {
    "bzip2, alone": lambda _, test: len(bz2.compress(test)),
    "xz, alone": lambda _, test: _xz(test),
    "xz, behind the training part": lambda train, test: _xz(train + test) - _xz(train),
    "PPMd, alone": lambda _, test: _ppmd(test),
    "PPMd, behind the training part": lambda train, test: _ppmd(train + test) - _ppmd(train),
}
"""How many bytes compressors make of the test part: alone, or what it adds to the training part's."""
