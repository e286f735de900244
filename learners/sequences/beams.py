"""Beam search: the likeliest ends of sequences that a graph foretells, on the memory of its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from learners.sequences.streams import Stream, check_stop
from physim.checks import check_whole
from physim.errors import PhysimError
from physim.graph import ModuleGraph


class Found(NamedTuple):
    """What a search found for each of B items: symbols [B, T], `stop` behind their end, and log-likelihoods [B]."""

    symbols: Tensor
    likelihood: Tensor


@torch.no_grad()
def search(net: ModuleGraph, given: Mapping[str, Tensor], stop: int, longest: int, width: int = 12) -> Found:
    """The likeliest symbols that end with `stop`, by beams `width` wide and at most `longest` long.

    By their whole log-likelihood, without regard to length (arXiv:1610.10099, section 4.2); where no beam of an item
    has ended, its likeliest one. `given` [B, ...] are what the graph reads besides, of B items.
    """
    check_whole(1, longest=longest, width=width)
    check_stop(net, stop)
    if not given:
        raise PhysimError(
            "given is empty, wanted what the graph reads besides: without, one stream is searched by itself"
        )
    items = len(next(iter(given.values())))
    rows = torch.arange(items).repeat_interleave(width)
    stream = Stream(net, items * width, given={name: value[rows] for name, value in given.items()})
    score = torch.full((items, width), -torch.inf, device=stream.device)
    score[:, 0] = 0  # all beams begin alike
    over = torch.zeros(items, width, dtype=torch.bool, device=stream.device)
    symbols = torch.empty(items, width, 0, dtype=torch.int64, device=stream.device)
    for _ in range(longest):
        logits = stream.foretell().float()
        if bool(logits.isnan().any()):
            raise PhysimError("what is foretold is no number: has the training diverged?")
        chances = logits.log_softmax(-1).unflatten(0, (items, width))
        only_stop = torch.full_like(chances[0, 0], -torch.inf)
        only_stop[stop] = 0
        total = (score[..., None] + torch.where(over[..., None], only_stop, chances)).flatten(1)
        score, places = total.topk(width)
        beams, made = places // chances.shape[-1], places % chances.shape[-1]
        stream.reorder((torch.arange(items, device=stream.device)[:, None] * width + beams).flatten())
        stream.take(made.flatten())
        symbols = torch.cat([symbols.gather(1, beams[..., None].expand_as(symbols)), made[..., None]], 2)
        over = over.gather(1, beams) | (made == stop)
        if bool(over[:, 0].all()):  # what follows can only be less likely
            break
    best = torch.where(over, score, score - 1e9).argmax(1)
    here = torch.arange(items, device=stream.device)
    return Found(symbols[here, best], score[here, best])
