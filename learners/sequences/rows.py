"""Rows of symbols, such as recordings or texts: cut for training, and whole for judging."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from learners.sequences.losses import UNCOUNTED
from learners.sequences.wavenet import SYMBOL
from physim.checks import check_whole
from physim.errors import PhysimError
from physim.graph import ModuleGraph, State
from physim.graph.context import map_tree

Batch = tuple[dict[str, Tensor], dict[str, Tensor]]
"""Inputs and targets."""


@final
@dataclass(frozen=True)
class SymbolRow:
    """Symbols [T] int64, and what else is known of them: whole values, or ticks [T, ...], by the inputs' names.

    `frames` [S, ...] are of several symbols each. `wanted` are further targets [T] int64 by name, UNCOUNTED where none
    is.
    """

    symbols: Tensor
    whole: Mapping[str, Tensor] = field(default_factory=dict)
    ticks: Mapping[str, Tensor] = field(default_factory=dict)
    frames: Mapping[str, Tensor] = field(default_factory=dict)
    wanted: Mapping[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.symbols.dtype != torch.int64 or self.symbols.dim() != 1:
            raise PhysimError(f"symbols are {self.symbols.dtype} {list(self.symbols.shape)}, wanted int64 [T]")
        for name, value in {**self.ticks, **self.wanted}.items():
            if len(value) != len(self.symbols):
                raise PhysimError(f"'{name}' has {len(value)} ticks, wanted {len(self.symbols)}, one for each symbol")


@final
@dataclass(frozen=True)
class Crops:
    """Pieces of rows for training: `length` symbols that count, after as many as `context` that only go before.

    `start` is the symbol that stands before the first of a row. What counts lies anywhere, beyond a row's ends too,
    so that all symbols are as likely to be learned from: then fewer of them count. Update k draws its pieces from
    (seed, k) alone. Where rows have frames of so many symbols (`frame`), what counts begins and ends where frames do;
    there is one frame more, with which the last is blended.
    """

    rows: Sequence[SymbolRow]
    length: int
    context: int
    start: int
    batch: int = 4
    seed: int = 0
    frame: int = 1

    def __post_init__(self) -> None:
        check_whole(1, length=self.length, batch=self.batch, frame=self.frame)
        check_whole(0, context=self.context)
        if not all(isinstance(row, SymbolRow) for row in self.rows):
            raise PhysimError("crops: rows are several SymbolRow")
        if self.length % self.frame or self.context % self.frame:
            raise PhysimError(f"crops of {self.context} + {self.length} symbols are not whole frames of {self.frame}")
        if not any(len(row.symbols) for row in self.rows):
            raise PhysimError("crops: there is no symbol in any row")
        for number, row in enumerate(self.rows):
            self._check(number, row)

    def _check(self, number: int, row: SymbolRow) -> None:
        if set(row.whole) != set(self.rows[0].whole):
            raise PhysimError(
                f"row {number} tells {sorted(row.whole)} as a whole, the first {sorted(self.rows[0].whole)}"
            )
        for name, value in row.frames.items():
            wanted = math.ceil(len(row.symbols) / self.frame)
            if len(value) != wanted:
                raise PhysimError(
                    f"row {number}: '{name}' has {len(value)} frames, wanted {wanted} of {self.frame} symbols each: "
                    "Crops(frame=) says of how many"
                )

    def __call__(self, update: int) -> Batch:
        """The pieces of an update: inputs and targets [B, context + length]."""
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + update)
        places = torch.randint(0, int(self._ends[-1]), (self.batch,), generator=random)
        numbers = torch.searchsorted(self._ends, places, right=True)
        before = torch.cat([self._ends.new_zeros(1), self._ends])[numbers] + self.length // self.frame - 1
        first = (places - before) * self.frame
        pieces = [
            self._piece(self.rows[number], place)
            for number, place in zip(numbers.tolist(), first.tolist(), strict=True)
        ]
        inputs, targets = zip(*pieces, strict=True)
        return _stacked(inputs), _stacked(targets)

    @cached_property
    def _ends(self) -> Tensor:
        """At how many places what counts may begin, in all rows up to each [R]."""
        frames = [math.ceil(len(row.symbols) / self.frame) for row in self.rows]
        return torch.tensor([count + self.length // self.frame - 1 if count else 0 for count in frames]).cumsum(0)

    def _piece(self, row: SymbolRow, place: int) -> Batch:
        """The piece whose symbols that count begin at `place`; where a row begins they have less context."""
        size, begin = self.context + self.length, max(0, place - self.context)
        before = _cut(row.symbols, begin - 1, size, self.start)
        several = {SYMBOL: row.symbols, **row.wanted}
        wanted = {name: _cut(value, begin, size, UNCOUNTED).clone() for name, value in several.items()}
        for value in wanted.values():
            value[: max(0, place) - begin] = UNCOUNTED
            value[place + self.length - begin :] = UNCOUNTED
        ticks = {name: _cut(value, begin, size, 0) for name, value in row.ticks.items()}
        first, count = begin // self.frame, size // self.frame + 1  # the last is blended with the one after it
        frames = {name: _cut(value, first, count, 0) for name, value in row.frames.items()}
        return {SYMBOL: before, **row.whole, **ticks, **frames}, wanted


def _stacked(several: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([one[name] for one in several]) for name in several[0]}


def bits(net: ModuleGraph, rows: Sequence[SymbolRow], start: int, chunk: int = 8192) -> float:
    """Bits a symbol that a graph needs for whole rows, each from its first symbol; with memory, exact."""
    return float(torch.cat([surprises(net, row, start, chunk) for row in rows]).mean())


def surprises(net: ModuleGraph, row: SymbolRow, start: int, chunk: int = 8192) -> Tensor:
    """Bits [T] float64 that a graph needs for each symbol of a row, from the first on; PhysimError without any."""
    if not len(row.symbols):
        raise PhysimError("a row without symbols has no surprises")
    parts = [
        -logits.double().log_softmax(-1).gather(1, wanted[:, None])[:, 0]
        for logits, wanted in logits_of(net, row, start, chunk)
    ]
    return torch.cat(parts).cpu() / math.log(2)


@torch.no_grad()
def logits_of(net: ModuleGraph, row: SymbolRow, start: int, chunk: int = 8192) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits [T, classes] of a row's symbols, and these [T], part by part; the graph should be in `eval()`."""
    device = next(net.parameters()).device
    before = _cut(row.symbols, -1, len(row.symbols), start)
    state: State = {}
    for begin in range(0, len(row.symbols), chunk):
        inputs = {SYMBOL: before[begin : begin + chunk]} | {
            name: value[begin : begin + chunk] for name, value in row.ticks.items()
        }
        inputs |= {**row.whole, **row.frames} if not begin else {}
        logits, state = net.window({name: value[None].to(device) for name, value in inputs.items()}, state)
        state = map_tree(torch.clone, state)
        yield logits[0], row.symbols[begin : begin + chunk].to(device)


def _cut(value: Tensor, begin: int, size: int, outside: int) -> Tensor:
    """So many elements from `begin` on; where there are none, before the first or behind the last, `outside`."""
    inside = value[max(0, begin) : max(0, begin + size)]
    before = value.new_full((min(size, max(0, -begin)), *value.shape[1:]), outside)
    behind = value.new_full((size - len(before) - len(inside), *value.shape[1:]), outside)
    return torch.cat([before, inside, behind])
