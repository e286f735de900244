"""Generation: symbols one after the other, from any graph that foretells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from tqdm import tqdm

from learners.sequences.streams import Stream, check_stop
from learners.sequences.ways import Way
from physim.checks import check_whole
from physim.errors import PhysimError
from physim.graph import ModuleGraph

CHUNK = 512
"""How many symbols are made at a time: between two, whoever listens is told."""


def generate(  # noqa: PLR0913 (the words that users know)
    net: ModuleGraph,
    length: int,
    *,
    streams: int | None = None,
    prompt: Tensor | None = None,
    given: Mapping[str, Tensor] | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    stop: int | None = None,
    seed: int = 0,
    way: Way | None = None,
    callback: Callable[[Tensor], None] | None = None,
    progress: bool = False,
) -> Tensor:
    """Symbols [B, T] int64 that a graph goes on with, at most `length` of them, after a `prompt` [B, S], if any.

    There are as many streams as the prompt has, or what is `given`, unless told otherwise. All end once each had the
    symbol `stop`; what follows it in a stream is `stop` again. `callback` is told of new symbols [B, T'] as they come.
    Graphs in training mode draw dropout: see `eval()`.

    Raises: PhysimError where the prompt, or what is `given`, does not fit the graph.
    """
    check_whole(1, length=length)
    if stop is not None:
        check_stop(net, stop)
    if prompt is not None and prompt.dim() != 2:
        raise PhysimError(f"prompt has the shape {list(prompt.shape)}, wanted [B, S]")
    streams = len(prompt) if streams is None and prompt is not None else streams
    stream = Stream(net, streams, given=given, temperature=temperature, top_k=top_k, seed=seed, way=way)
    if prompt is not None:
        stream.prefill(prompt)
    made: list[Tensor] = []
    over = torch.zeros_like(stream.last, dtype=torch.bool)
    with tqdm(total=length, unit=" symbols", unit_scale=True, disable=None if progress else True) as bar:
        while (left := length - sum(part.shape[1] for part in made)) and not bool(over.all()):
            part = stream.step(min(left, CHUNK))
            if stop is not None:
                part, over = _ended(part, stop, over)
            made.append(part)
            bar.update(part.shape[1])
            if callback is not None:
                callback(part.clone())
    return torch.cat(made, 1)


def _ended(part: Tensor, stop: int, over: Tensor) -> tuple[Tensor, Tensor]:
    """Symbols [B, T] with nothing but `stop` behind the first, up to where all streams have ended; and which have."""
    ends = (part == stop) | over[:, None]
    behind = ends.int().cumsum(1) - ends.int() > 0
    part = torch.where(behind | over[:, None], stop, part)
    ended = ends.int().cummax(1).values.bool()
    all_over = ended.all(0).nonzero()
    length = int(all_over[0]) + 1 if len(all_over) else part.shape[1]
    return part[:, :length], ended[:, -1]
