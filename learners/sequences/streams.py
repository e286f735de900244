"""Streams of symbols, from any graph that foretells them, which go on where they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import final

import torch
from torch import Tensor, nn

from learners.sequences.fused import Fused
from learners.sequences.layers import Upsampling
from learners.sequences.wavenet import EMBEDDING, SPEAKER, SYMBOL
from learners.sequences.ways import Plain, Sampling, Way
from physim.checks import check_whole
from physim.errors import PhysimError
from physim.graph import ModuleGraph, State
from physim.graph.context import flattened, map_tree, nested
from physim.graph.nodes import ModuleNode

PART = 8192
"""How many ticks are run at a time, at most: what a graph makes meanwhile is to fit into memory."""


@final
class Stream:
    """So many `streams` of symbols from a graph, such as `wavenet` or `byte_model`, that goes on where it was.

    `given` are what else the graph reads: values that are whole [B, ...], or ticks [B, T, ...], of which each symbol
    takes one; there are as many streams, or one. `way` makes the symbols, the fastest that the graph has unless told
    otherwise. Chances are drawn from `seed`, so that the same seed gives the same symbols, however many are asked for
    at a time.
    """

    def __init__(
        self,
        net: ModuleGraph,
        streams: int | None = None,
        *,
        given: Mapping[str, Tensor] | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        seed: int = 0,
        way: Way | None = None,
    ) -> None:
        if way is not None and way.net is not net:
            raise PhysimError("way makes the symbols of another graph, wanted one of this graph")
        _check_tensors(given or {})
        streams = (
            next((len(value) for value in (given or {}).values() if value.dim()), 1) if streams is None else streams
        )
        check_whole(1, streams=streams)
        self.net, self.way, self.sampling = net, way or fastest(net), Sampling(temperature, top_k)
        self.device = next(net.parameters()).device
        self.given = {name: value.to(self.device) for name, value in (given or {}).items()}
        self.last = torch.full((streams,), _start(net), dtype=torch.int64, device=self.device)
        self.random = torch.Generator().manual_seed(seed)
        self.state: State = {}
        self.ticks = 0
        self.foretold: Tensor | None = None
        self._check_given()

    @torch.no_grad()
    def prefill(self, symbols: Tensor) -> None:
        """Take symbols [B, T] for its own, all at once: what it makes then follows them."""
        self._check_symbols(symbols)
        for part in symbols.to(self.device).split(PART, 1):
            before = torch.cat([self.last[:, None], part[:, :-1]], 1)
            _, state = self.net.window({**self._inputs(part.shape[1]), SYMBOL: before}, self.state)
            self.state = map_tree(torch.clone, state)  # views would keep all that was seen
            self.last = part[:, -1]
            self.ticks += part.shape[1]

    @torch.no_grad()
    def step(self, count: int = 1) -> Tensor:
        """The next `count` symbols [B, count] int64."""
        check_whole(1, count=count)
        self._check_taken()
        chances = torch.rand(count, len(self.last), generator=self.random, dtype=torch.float64).T.to(self.device)
        return torch.cat([self._made(part) for part in chances.split(PART, 1)], 1)

    @torch.no_grad()
    def foretell(self) -> Tensor:
        """The logits [B, K] of the next symbols, which are then to be taken by `take`."""
        if self.foretold is None:
            told = self._inputs(1)
            told = {name: value if self.net[name].node.whole else value[:, 0] for name, value in told.items()}
            self.foretold, self.state = self.net.step({**told, SYMBOL: self.last}, self.state)
        return self.foretold

    def take(self, symbols: Tensor) -> None:
        """Take symbols [B] for those that were foretold."""
        if self.foretold is None:
            raise PhysimError("take: nothing was foretold, wanted foretell() before, or prefill()")
        if symbols.shape != self.last.shape:
            raise PhysimError(f"symbols have the shape {list(symbols.shape)}, wanted {list(self.last.shape)}")
        _check_classes("symbols", symbols, _start(self.net))
        self.last, self.foretold = symbols.to(self.device), None
        self.ticks += 1

    def reorder(self, order: Tensor) -> None:
        """Go on with these of its streams [B'], perhaps some of them several times: beams do so."""
        self.last = self.last[order]
        self.state = map_tree(lambda value: value[order], self.state)
        self.foretold = None if self.foretold is None else self.foretold[order]
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
        self._check_taken()
        own = {"last": self.last, "ticks": torch.tensor(self.ticks), "random": self.random.get_state()}
        told = own | {f"state/{name}": value for name, value in flattened(self.state).items()}
        return {name: value.clone(memory_format=torch.contiguous_format) for name, value in told.items()}

    def restore(self, saved: Mapping[str, Tensor]) -> None:
        """Go on from where another stream of the same graph, and of as many, was saved."""
        self._check_saved(saved)
        self.foretold = None
        self.last, self.ticks = saved["last"].to(self.device), int(saved["ticks"])
        self.random.set_state(saved["random"].cpu())
        flat = {name.removeprefix("state/"): value for name, value in saved.items() if name.startswith("state/")}
        self.state = nested({name: value.to(self.device) for name, value in flat.items()})

    def _made(self, chances: Tensor) -> Tensor:
        """A symbol for each of chances [B, T]."""
        inputs = self._inputs(chances.shape[1])
        made, self.state = self.way(self.last, chances, inputs, self.state, self.sampling)
        self.last = made[:, -1]
        self.ticks += made.shape[1]
        return made

    def _inputs(self, count: int) -> dict[str, Tensor]:
        """What the next so many ticks read; what is whole is told once."""
        told: dict[str, Tensor] = {}
        for name, value in self.given.items():
            whole = self.net[name].node.whole
            ticks = _ticks_of(self.net, name, value) if whole else value.shape[1]
            if ticks is not None and self.ticks + count > ticks:
                raise PhysimError(f"given '{name}' has {ticks} ticks, wanted {self.ticks + count} or more")
            if not whole:
                told[name] = value[:, self.ticks : self.ticks + count]
            elif not self.ticks:
                told[name] = value
        return told

    def _check_given(self) -> None:
        """Refuse what is given where the graph cannot read it."""
        wanted = {name for name in self.net.inputs if name != SYMBOL}
        if SYMBOL not in self.net.inputs or wanted != set(self.given):
            raise PhysimError(
                f"given: got {sorted(self.given)}, wanted {sorted(wanted)}, and a graph that reads '{SYMBOL}'"
            )
        for name, value in self.given.items():
            self._check_streams(f"given '{name}'", value)
            for module in _readers(self.net, name):
                _check_read(f"given '{name}'", value, module)

    def _check_symbols(self, symbols: Tensor) -> None:
        """Refuse what is no prompt."""
        self._check_taken()
        self._check_streams("symbols", symbols)
        if symbols.dim() != 2 or not symbols.shape[1]:
            raise PhysimError(f"symbols have the shape {list(symbols.shape)}, wanted [B, T] of at least one each")
        _check_classes("symbols", symbols, _start(self.net))

    @torch.no_grad()
    def _check_saved(self, saved: Mapping[str, Tensor]) -> None:
        """Refuse what another graph, or other streams, saved."""
        for name in ("last", "ticks", "random"):
            if name not in saved:
                raise PhysimError(f"saved lacks '{name}', wanted what saved() of a stream gives")
        if saved["last"].shape != self.last.shape:
            raise PhysimError(f"{len(saved['last'])} streams were saved, wanted {len(self.last)}")
        _check_classes("saved 'last'", saved["last"], _start(self.net) + 1)
        if not int(saved["ticks"]):
            return
        first = {name: value[:, :1] if not self.net[name].node.whole else value for name, value in self.given.items()}
        _, memory = self.net.window({**first, SYMBOL: self.last[:, None]}, {})
        wanted = {f"state/{name}": value for name, value in flattened(memory).items()}
        found = {name: value for name, value in saved.items() if name.startswith("state/")}
        for name in sorted({*wanted, *found}):
            shapes = [list(several[name].shape) if name in several else "nothing" for several in (found, wanted)]
            if shapes[0] != shapes[1]:
                raise PhysimError(
                    f"saved '{name}' has the shape {shapes[0]}, this graph's {shapes[1]}: it is another's"
                )

    def _check_taken(self) -> None:
        if self.foretold is not None:
            raise PhysimError("symbols were foretold: take(...) them first")

    def _check_streams(self, what: str, value: Tensor) -> None:
        if value.dim() == 0 or len(value) != len(self.last):
            streams = len(value) if value.dim() else "no"
            raise PhysimError(f"{what} are of {streams} streams, wanted {len(self.last)}")


def fastest(net: ModuleGraph) -> Way:
    """The fastest way to make symbols that a graph has."""
    return Fused(net) if Fused.fits(net) else Plain(net)


def _start(net: ModuleGraph) -> int:
    """The symbol that stands before the first: the last that the embedding has."""
    embedding = dict(net.named_children()).get(EMBEDDING)
    if not isinstance(embedding, nn.Embedding):
        raise PhysimError(f"generation wants a graph with an nn.Embedding called '{EMBEDDING}'")
    return embedding.num_embeddings - 1


def _readers(net: ModuleGraph, name: str) -> Iterator[nn.Module]:
    """The modules that read an input."""
    return (node.module for node in net.nodes if isinstance(node, ModuleNode) and net[name] in node.sources)


def _ticks_of(net: ModuleGraph, name: str, value: Tensor) -> int | None:
    """For how many ticks there are frames [B, S, ...], if they are frames of several ticks each."""
    several = [module.samples for module in _readers(net, name) if isinstance(module, Upsampling)]
    return min(several) * value.shape[1] if several else None


def _check_read(what: str, value: Tensor, module: nn.Module) -> None:
    """Refuse what a module cannot read."""
    if value.is_floating_point() and not bool(value.isfinite().all()):
        raise PhysimError(f"{what} is not finite, wanted numbers")
    if isinstance(module, nn.Embedding):
        _check_classes(what, value, module.num_embeddings)
    elif isinstance(module, nn.Linear | Upsampling):
        features = module.in_features if isinstance(module, nn.Linear) else module.features
        kind = next(module.parameters()).dtype
        if value.dim() != 3 or value.shape[2] != features:
            raise PhysimError(f"{what} has the shape {list(value.shape)}, wanted [B, T, {features}]")
        if value.dtype != kind:
            raise PhysimError(f"{what} is of {value.dtype}, wanted {kind}")


def check_stop(net: ModuleGraph, stop: int) -> None:
    """Refuse a symbol to stop at that a graph never makes."""
    if not isinstance(stop, int) or not 0 <= stop < _start(net):
        raise PhysimError(f"stop is {stop!r}, wanted a symbol from 0 to {_start(net) - 1}")


def _check_tensors(given: Mapping[str, Tensor]) -> None:
    for name, value in given.items():
        if not isinstance(value, Tensor):
            raise PhysimError(f"given '{name}' is a {type(value).__name__}, wanted a tensor")
        if name == SPEAKER and value.dim() != 1:
            raise PhysimError(f"given '{name}' has the shape {list(value.shape)}, wanted [B]")


def _check_classes(what: str, value: Tensor, classes: int) -> None:
    if value.dtype != torch.int64:
        raise PhysimError(f"{what} are of {value.dtype}, wanted int64")
    least, most = (int(bound) for bound in value.aminmax()) if value.numel() else (0, 0)
    if least < 0 or most >= classes:
        raise PhysimError(f"{what} are from {least} to {most}, wanted 0 to {classes - 1}")
