"""Generation: symbols one after the other, from any graph that foretells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, final

import torch
from torch import Tensor, nn
from tqdm import tqdm

from learners.sequences.wavenet import EMBEDDING, SYMBOL
from physim.checks import check_positive
from physim.errors import PhysimError
from physim.graph import ModuleGraph, State
from physim.graph.context import flattened, map_tree, nested
from physim.graph.nodes import ModuleNode

CHUNK = 512
"""How many symbols are made at a time: between two, whoever listens is told."""


@final
class Sampling:
    """How a symbol is drawn from logits: at a `temperature`, 0 for the likeliest one, from the `top_k` alone."""

    def __init__(self, temperature: float = 1.0, top_k: int | None = None) -> None:
        if not temperature >= 0:
            raise PhysimError(f"temperature is {temperature}, wanted 0 or more")
        check_positive(top_k=top_k)
        self.temperature, self.top_k = temperature, top_k

    def draw(self, logits: Tensor, chance: Tensor) -> Tensor:
        """Symbols [B] int64 by logits [B, K], where `chance` [B] is uniform in 0 to 1."""
        if not self.temperature:
            return logits.argmax(-1)
        weights = ((logits - logits.max(-1, keepdim=True).values) / self.temperature).exp()
        if self.top_k is not None and self.top_k < weights.shape[-1]:
            weights = weights * (weights >= weights.topk(self.top_k).values[..., -1:])
        summed = weights.double().cumsum(-1)
        found = torch.searchsorted(summed, chance[:, None].double() * summed[:, -1:], right=True)[:, 0]
        last = weights.shape[-1] - 1 - (weights > 0).flip(-1).int().argmax(-1)  # that can be drawn
        return found.minimum(last)


class Way(Protocol):
    """A way to make symbols: the plain one, and faster ones that make the same."""

    def __call__(
        self, last: Tensor, chances: Tensor, inputs: Mapping[str, Tensor], state: State, sampling: Sampling
    ) -> tuple[Tensor, State]:
        """Symbols [B, T] after the `last` [B], one for each of chances [B, T], from a memory; and the one after them.

        `inputs` are what else the graph reads: whole, or [B, T, ...].
        """


@final
class Plain:
    """Each symbol by a `step` of the graph."""

    def __init__(self, net: ModuleGraph) -> None:
        self.net = net

    def __call__(
        self, last: Tensor, chances: Tensor, inputs: Mapping[str, Tensor], state: State, sampling: Sampling
    ) -> tuple[Tensor, State]:
        """Symbols, one after the other."""
        made = []
        for tick in range(chances.shape[1]):
            told = {name: value if self.net[name].node.whole else value[:, tick] for name, value in inputs.items()}
            if tick:
                told = {name: value for name, value in told.items() if not self.net[name].node.whole}
            logits, state = self.net.step({**told, SYMBOL: last}, state)
            last = sampling.draw(logits, chances[:, tick])
            made.append(last)
        return torch.stack(made, 1), state


@final
class Stream:
    """So many `streams` of symbols from a graph, such as `wavenet` or `byte_model`, that goes on where it was.

    `given` are what else the graph reads: values that are whole [B, ...], or ticks [B, T, ...], of which each symbol
    takes one. `way` makes the symbols: `Plain` unless told otherwise. Chances are drawn from `seed`, so that the same
    seed gives the same symbols, however many are asked for at a time.
    """

    def __init__(
        self,
        net: ModuleGraph,
        streams: int = 1,
        *,
        given: Mapping[str, Tensor] | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        seed: int = 0,
        way: Way | None = None,
    ) -> None:
        check_positive(streams=streams)
        self.net, self.way, self.sampling = net, way or Plain(net), Sampling(temperature, top_k)
        self.device = next(net.parameters()).device
        self.given = {name: value.to(self.device) for name, value in (given or {}).items()}
        self.last = torch.full((streams,), _start(net), dtype=torch.int64, device=self.device)
        self.random = torch.Generator().manual_seed(seed)
        self.state: State = {}
        self.ticks = 0
        self._check_given()

    @torch.no_grad()
    def prefill(self, symbols: Tensor) -> None:
        """Take symbols [B, T] for its own, all at once: what it makes then follows them."""
        self._check_streams("symbols", symbols)
        if symbols.dim() != 2 or not symbols.shape[1]:
            raise PhysimError(f"symbols have the shape {list(symbols.shape)}, wanted [B, T] of at least one each")
        _check_classes("symbols", symbols, _start(self.net))
        symbols = symbols.to(self.device)
        before = torch.cat([self.last[:, None], symbols[:, :-1]], 1)
        _, self.state = self.net.window({**self._inputs(symbols.shape[1]), SYMBOL: before}, self.state)
        self.last = symbols[:, -1]
        self.ticks += symbols.shape[1]

    @torch.no_grad()
    def step(self, count: int = 1) -> Tensor:
        """The next `count` symbols [B, count] int64."""
        check_positive(count=count)
        chances = torch.rand(count, len(self.last), generator=self.random, dtype=torch.float64).T.to(self.device)
        made, self.state = self.way(self.last, chances, self._inputs(count), self.state, self.sampling)
        self.last = made[:, -1]
        self.ticks += count
        return made

    @torch.no_grad()
    def foretell(self) -> Tensor:
        """The logits [B, K] of the next symbols; then they are to be taken by `take`."""
        told = {name: value if self.net[name].node.whole else value[:, 0] for name, value in self._inputs(1).items()}
        logits: Tensor
        logits, self.state = self.net.step({**told, SYMBOL: self.last}, self.state)
        self.ticks += 1
        return logits

    def take(self, symbols: Tensor) -> None:
        """Take symbols [B] for those that were foretold."""
        self.last = symbols

    def reorder(self, order: Tensor) -> None:
        """Go on with these of its streams [B'], perhaps some of them several times: beams do so."""
        self.last = self.last[order]
        self.state = map_tree(lambda value: value[order], self.state)
        self.given = {name: value[order] for name, value in self.given.items()}

    def clone(self) -> Stream:
        """Another stream, which goes on from here on its own, with the same chances."""
        other: Stream = object.__new__(Stream)
        other.__dict__ |= self.__dict__
        other.random = torch.Generator()
        other.random.set_state(self.random.get_state())
        return other

    def saved(self) -> dict[str, Tensor]:
        """Where it is, by name: for safetensors files."""
        own = {"last": self.last, "ticks": torch.tensor(self.ticks), "random": self.random.get_state()}
        told = own | {f"state/{name}": value for name, value in flattened(self.state).items()}
        return {name: value.clone(memory_format=torch.contiguous_format) for name, value in told.items()}

    def restore(self, saved: Mapping[str, Tensor]) -> None:
        """Go on from where another stream of the same graph, and of as many, was saved."""
        if saved["last"].shape != self.last.shape:
            raise PhysimError(f"{len(saved['last'])} streams were saved, wanted {len(self.last)}")
        self.last, self.ticks = saved["last"].to(self.device), int(saved["ticks"])
        self.random.set_state(saved["random"].cpu())
        flat = {name.removeprefix("state/"): value for name, value in saved.items() if name.startswith("state/")}
        self.state = nested({name: value.to(self.device) for name, value in flat.items()})

    def _inputs(self, count: int) -> dict[str, Tensor]:
        """What the next so many ticks read; what is whole is told once."""
        told: dict[str, Tensor] = {}
        for name, value in self.given.items():
            if not self.net[name].node.whole:
                if self.ticks + count > value.shape[1]:
                    raise PhysimError(f"given '{name}' has {value.shape[1]} ticks, wanted {self.ticks + count} or more")
                told[name] = value[:, self.ticks : self.ticks + count]
            elif not self.ticks:
                told[name] = value
        return told

    def _check_given(self) -> None:
        wanted = {name for name in self.net.inputs if name != SYMBOL}
        if SYMBOL not in self.net.inputs or wanted != set(self.given):
            raise PhysimError(
                f"given: got {sorted(self.given)}, wanted {sorted(wanted)}, and a graph that reads '{SYMBOL}'"
            )
        for name, value in self.given.items():
            self._check_streams(f"given '{name}'", value)
            for embedding in _embeddings(self.net, name):
                _check_classes(f"given '{name}'", value, embedding.num_embeddings)

    def _check_streams(self, what: str, value: Tensor) -> None:
        if len(value) != len(self.last):
            raise PhysimError(f"{what} are of {len(value)} streams, wanted {len(self.last)}")


def generate(  # noqa: PLR0913 (the words that users know)
    net: ModuleGraph,
    length: int,
    *,
    streams: int = 1,
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

    All streams end once each had the symbol `stop`; what follows it in a stream is `stop` again. `callback` is told of
    new symbols [B, T'] as they come. Graphs in training mode draw dropout: see `eval()`.

    Raises: PhysimError where the prompt, or what is `given`, does not fit the graph.
    """
    check_positive(length=length)
    stream = Stream(net, streams, given=given, temperature=temperature, top_k=top_k, seed=seed, way=way)
    if prompt is not None:
        stream.prefill(prompt)
    made: list[Tensor] = []
    over = torch.zeros(streams, dtype=torch.bool, device=stream.device)
    with tqdm(total=length, unit=" symbols", unit_scale=True, disable=None if progress else True) as bar:
        while (left := length - sum(part.shape[1] for part in made)) and not bool(over.all()):
            part = stream.step(min(left, CHUNK))
            if stop is not None:
                part, over = _ended(part, stop, over)
            made.append(part)
            bar.update(part.shape[1])
            if callback is not None:
                callback(part)
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


def _start(net: ModuleGraph) -> int:
    """The symbol that stands before the first: the last that the embedding has."""
    embedding = dict(net.named_children()).get(EMBEDDING)
    if not isinstance(embedding, nn.Embedding):
        raise PhysimError(f"generation wants a graph with an nn.Embedding called '{EMBEDDING}'")
    return embedding.num_embeddings - 1


def _embeddings(net: ModuleGraph, name: str) -> list[nn.Embedding]:
    """The embeddings that read an input."""
    modules = [node.module for node in net.nodes if isinstance(node, ModuleNode) and net[name] in node.sources]
    return [module for module in modules if isinstance(module, nn.Embedding)]


def _check_classes(what: str, value: Tensor, classes: int) -> None:
    if value.dtype != torch.int64:
        raise PhysimError(f"{what} are of {value.dtype}, wanted int64")
    least, most = (int(bound) for bound in value.aminmax()) if value.numel() else (0, 0)
    if least < 0 or most >= classes:
        raise PhysimError(f"{what} are from {least} to {most}, wanted 0 to {classes - 1}")
