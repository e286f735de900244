from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from learners.sequences.beams import search
from physim.graph import ModuleGraph
from tests.learners.sequences.conftest import CLASSES, SOURCES, translator

STOP, LONGEST = 0, 3


def likelihoods(net: ModuleGraph, source: Tensor, written: Tensor) -> Tensor:
    """The log-likelihood of each of many targets [N, T], up to the first STOP."""
    before = torch.cat([torch.full((len(written), 1), CLASSES), written[:, :-1]], 1)
    logits = net({"source": source.expand(len(written), -1), "symbol": before})
    chances = logits.log_softmax(-1).gather(2, written[..., None])[..., 0]
    ended = (written == STOP).long().cumsum(1) - (written == STOP).long()
    return (chances * (ended == 0)).sum(1)


def ends() -> Tensor:
    """Every target that stops in time, STOP behind its end."""
    rows = [row for row in product(range(CLASSES), repeat=LONGEST) if STOP in row]
    kept = [row for row in rows if all(symbol == STOP for symbol in row[row.index(STOP) :])]
    return torch.tensor(kept)


@torch.no_grad()
def test_a_beam_as_wide_as_all_there_is_finds_the_likeliest_target() -> None:
    net, written = translator(), ends()
    sources = torch.randint(0, SOURCES, (4, 6), generator=torch.Generator().manual_seed(2))
    found = search(net, {"source": sources}, STOP, LONGEST, width=CLASSES ** (LONGEST - 1))
    for source, row, likelihood in zip(sources, found.symbols, found.likelihood, strict=True):
        every = likelihoods(net, source[None], written)
        best = written[int(every.argmax())]
        assert float(likelihood) == pytest.approx(float(every.max()), abs=1e-4)
        assert row.tolist() == best[: len(row)].tolist()


@torch.no_grad()
def test_a_beam_of_one_takes_the_likeliest_symbol_each_time() -> None:
    net = translator()
    sources = torch.randint(0, SOURCES, (3, 6), generator=torch.Generator().manual_seed(3))
    found = search(net, {"source": sources}, STOP, 8, width=1)
    for source, row in zip(sources, found.symbols, strict=True):
        before = torch.cat([torch.tensor([CLASSES]), row[:-1]])
        best = net({"source": source[None], "symbol": before[None]})[0].argmax(-1)
        end = row.tolist().index(STOP) + 1 if STOP in row else len(row)
        assert torch.equal(best[:end], row[:end])
