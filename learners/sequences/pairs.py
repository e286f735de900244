"""Sources and targets, such as sentences in two languages: in batches of like lengths, and judged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, final

import torch
from torch import Tensor

from learners.sequences.bytenet import SOURCE, padded
from learners.sequences.losses import UNCOUNTED
from learners.sequences.rows import Batch
from learners.sequences.wavenet import SYMBOL
from physim.checks import check_positive
from physim.errors import PhysimError
from physim.graph import ModuleGraph

END = 0
"""The symbol that ends a target."""
UNKNOWN = "\ufffd"


@final
@dataclass(frozen=True)
class Alphabet:
    """The characters of some texts as numbers, from 1 on: 0 is the end. What is not among them is told as unknown."""

    characters: str

    @classmethod
    def of(cls, texts: Iterable[str]) -> Alphabet:
        """The characters that occur, and the unknown one."""
        return cls("".join(sorted({UNKNOWN, *(character for text in texts for character in text)})))

    @property
    def size(self) -> int:
        """How many symbols there are, with the end."""
        return len(self.characters) + 1

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {character: number for number, character in enumerate(self.characters, 1)}

    def encoded(self, text: str) -> Tensor:
        """A text as numbers [T] int64."""
        unknown = self._numbers[UNKNOWN]
        return torch.tensor([self._numbers.get(character, unknown) for character in text], dtype=torch.int64)

    def decoded(self, symbols: Tensor) -> str:
        """Numbers [T] as a text, up to the end."""
        told = symbols.tolist()
        return "".join(self.characters[number - 1] for number in told[: [*told, END].index(END)])


class Pair(NamedTuple):
    """A source [S] and its target [T], int64, without the end."""

    source: Tensor
    target: Tensor


@final
@dataclass(frozen=True)
class PairBatches:
    """Batches of pairs of like lengths: about so many `symbols` of targets each.

    Sources of `sources` characters are `padded` with that `slope`; `classes` are the symbols of targets. Update k draws
    from (seed, k) alone: a symbol of the targets, and pairs from its own on, so that long pairs come as often as short
    ones, of which a batch has more.
    """

    pairs: Sequence[Pair]
    sources: int
    classes: int
    symbols: int = 4000
    slope: float = 1.2
    seed: int = 0

    def __post_init__(self) -> None:
        check_positive(symbols=self.symbols, slope=self.slope)
        if not self.pairs:
            raise PhysimError("pairs: there are none")

    @cached_property
    def _sorted(self) -> list[Pair]:
        return sorted(self.pairs, key=lambda pair: (len(pair.target), len(pair.source)))

    @cached_property
    def _ends(self) -> Tensor:
        """How many symbols the targets have up to each [P], with their ends."""
        return torch.tensor([1 + len(pair.target) for pair in self._sorted]).cumsum(0)

    def __call__(self, update: int) -> Batch:
        """The batch of an update."""
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + update)
        place = torch.randint(0, int(self._ends[-1]), (), generator=random)
        return self.batch(self._from(int(torch.searchsorted(self._ends, place, right=True))))

    def every(self) -> Iterable[Batch]:
        """All pairs, once each."""
        first = 0
        while first < len(self.pairs):
            several = self._from(first)
            yield self.batch(several)
            first += len(several)

    def batch(self, pairs: Sequence[Pair]) -> Batch:
        """Pairs as inputs and targets: what is written begins with `classes` and ends with the end."""
        longest = 1 + max(len(pair.target) for pair in pairs)
        before = torch.full((len(pairs), longest), END, dtype=torch.int64)
        wanted = torch.full((len(pairs), longest), UNCOUNTED, dtype=torch.int64)
        before[:, 0] = self.classes
        for row, pair in enumerate(pairs):
            length = len(pair.target)
            before[row, 1 : length + 1] = pair.target
            wanted[row, :length] = pair.target
            wanted[row, length] = END
        return {SOURCE: self.read(pairs), SYMBOL: before}, {SYMBOL: wanted}

    def read(self, pairs: Sequence[Pair]) -> Tensor:
        """The sources of pairs as one batch [B, S]."""
        return padded([pair.source for pair in pairs], self.sources, self.slope)

    def _from(self, first: int) -> list[Pair]:
        """Pairs from a place on, as many as make the batch's symbols."""
        longest = 1 + len(self._sorted[min(len(self.pairs) - 1, first + 8)].target)
        return self._sorted[first : first + max(1, self.symbols // longest)]


@final
@dataclass(frozen=True)
class Languages:
    """The characters of texts, and of what they are translated into."""

    source: Alphabet
    target: Alphabet

    @classmethod
    def of(cls, texts: Sequence[tuple[str, str]]) -> Languages:
        """Those of texts with their translations."""
        return cls(Alphabet.of(text for text, _ in texts), Alphabet.of(told for _, told in texts))

    def batches(self, texts: Iterable[tuple[str, str]], slope: float = 1.2) -> PairBatches:
        """Texts with their translations, as batches of a translator."""
        pairs = [Pair(self.source.encoded(text), self.target.encoded(told)) for text, told in texts]
        return PairBatches(pairs, self.source.size, self.target.size, slope=slope)


@torch.no_grad()
def pair_bits(net: ModuleGraph, batches: PairBatches) -> float:
    """Bits a character of targets, their ends among them, that a graph needs for all pairs."""
    total, count = 0.0, 0
    device = next(net.parameters()).device
    for inputs, targets in batches.every():
        logits = net({name: value.to(device) for name, value in inputs.items()})
        wanted = targets[SYMBOL].to(device)
        counts = wanted != UNCOUNTED
        chances = logits.float().log_softmax(-1).gather(2, wanted.clamp(min=0)[..., None])[..., 0]
        total -= float(chances[counts].double().sum())
        count += int(counts.sum())
    return total / count / math.log(2)
