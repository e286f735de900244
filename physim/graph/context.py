"""What one run of a graph knows beside its values: relations, scenes, memory, resets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.graph.ports import OBJECTS, SCENE

State: TypeAlias = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Edges:
    """One set of relations: who sends to whom, with attributes.

    Shapes: index [2, E] int64, row 0 the sender and row 1 the receiver; attributes [E, F] (or [E, T, F] in a sequence).
    Where relations change from tick to tick, `ticks` [E] names the tick of each relation, in ascending order.
    """

    index: Tensor
    attributes: Tensor | None = None
    ticks: Tensor | None = None

    def __post_init__(self) -> None:
        if self.index.dim() != 2 or self.index.shape[0] != 2:
            raise PhysimError(f"Edges: index wants the shape [2, E], got {list(self.index.shape)}")
        for name, value in (("attributes", self.attributes), ("ticks", self.ticks)):
            if value is not None and len(value) != self.index.shape[1]:
                raise PhysimError(f"Edges: {name} has {len(value)} rows for {self.index.shape[1]} relations")
        if self.ticks is not None and bool((self.ticks.diff() < 0).any()):
            raise PhysimError("Edges: ticks must be in ascending order")

    def to(self, device: torch.device) -> Edges:
        """The same relations on a device."""
        attributes, ticks = (None if value is None else value.to(device) for value in (self.attributes, self.ticks))
        return Edges(self.index.to(device), attributes, ticks)

    def at(self, tick: int) -> Edges:
        """The relations of one tick of a sequence."""
        if self.ticks is not None:
            start, stop = torch.searchsorted(self.ticks, self.ticks.new_tensor([tick, tick + 1])).tolist()
            return Edges(self.index[:, start:stop], None if self.attributes is None else self.attributes[start:stop])
        if self.attributes is not None and self.attributes.dim() > 2:
            return Edges(self.index, self.attributes[:, tick])
        return self

    def each(self, length: int) -> Sequence[Edges]:
        """The relations of each of `length` ticks, as `at` gives them, but split all at once."""
        if self.ticks is None:
            return [self.at(tick) for tick in range(length)]
        indices = by_tick(self.index, self.ticks, length, dim=1)
        rows = [None] * length if self.attributes is None else by_tick(self.attributes, self.ticks, length)
        return [Edges(index, attributes) for index, attributes in zip(indices, rows, strict=True)]


def by_tick(value: Tensor, ticks: Tensor, length: int, dim: int = 0) -> Sequence[Tensor]:
    """The rows of `value` (along `dim`) of each of `length` ticks, as views; `ticks` [E] ascend."""
    bounds = torch.searchsorted(ticks, torch.arange(length + 1, dtype=ticks.dtype, device=ticks.device)).tolist()
    sizes = [stop - start for start, stop in pairwise([0, *bounds, len(ticks)])]
    parts: Sequence[Tensor] = value.split(sizes, dim)
    return parts[1:-1]


class Context:
    """One run: relations, membership in scenes, memory before and after, resets; `length` is None for one tick.

    `ended` [B] bool is set where nothing follows; `awaited` holds the slots of values of which somebody will be told
    the gradient once it comes, each with whom to tell.
    """

    def __init__(self, edges: Mapping[str, Edges], items: Mapping[str, int], length: int | None) -> None:
        self.edges = edges
        self.items = dict(items)
        self.length = length
        self.batch: Tensor | None = None
        self.reset: Tensor | None = None
        self.ended: Tensor | None = None
        self.state: State = {}
        self.next_state: State = {}
        self.awaited: list[tuple[int, Callable[[Tensor], None]]] = []
        self._each: dict[str, Sequence[Edges]] | None = None
        self._ends: dict[str, Sequence[Tensor]] = {}

    def count(self, place: str | None) -> int:
        """How many items live on a place."""
        kind = place or SCENE
        if kind in self.edges:
            return self.edges[kind].index.shape[1]
        if kind == SCENE and kind not in self.items and self.batch is not None:
            self.items[kind] = int(self.batch.max()) + 1 if len(self.batch) else 0
        if kind == OBJECTS and kind not in self.items and self.batch is not None:
            self.items[kind] = len(self.batch)
        if kind == SCENE and kind not in self.items and OBJECTS in self.items:
            self.items[kind] = 1
        if kind not in self.items:
            given = "`reset`" if kind == SCENE else "'batch'"
            raise PhysimError(f"how many items live on the {kind} is not known: no input lives there; give {given}")
        return self.items[kind]

    def changing(self, place: str | None) -> bool:
        """Whether a place holds relations that change from tick to tick (their values carry no tick axis)."""
        return self.length is not None and place in self.edges and self.edges[str(place)].ticks is not None

    def senders(self, relations: str) -> Tensor:
        """The row of each relation's sender [E], in objects with the tick axis folded where relations change."""
        return self._rows(relations)[0]

    def receivers(self, relations: str) -> Tensor:
        """The row of each relation's receiver [E], counted as in `senders`."""
        return self._rows(relations)[1]

    def reset_on(self, place: str | None) -> Tensor | None:
        """Where items of a place start anew: [items] bool for one tick, [items, T] for a sequence."""
        return self.spread(self.reset, place)

    def spread(self, told: Tensor | None, place: str | None) -> Tensor | None:
        """What is told of scenes [B, ...], told of the items of a place; of relations, as of their receivers."""
        if told is None or (place or SCENE) == SCENE:
            return told
        rows: Tensor | None = self.batch
        if place != OBJECTS:
            receivers = self.edges[str(place)].index[1]
            rows = receivers if rows is None else rows[receivers]
            if self.batch is None:
                rows = torch.zeros_like(receivers)
        if rows is None:
            rows = torch.zeros(self.count(OBJECTS), dtype=torch.int64, device=told.device)
        return told[rows]

    def memory(self, name: str, items: int | None) -> Any:
        """What the node `name` kept from the tick before (None: nothing); where `items` are known, of as many."""
        kept = self.state.get(name)

        def check(value: Tensor) -> None:
            if len(value) != items:
                raise PhysimError(f"the state of '{name}' is of {len(value)} items, but this run has {items}")

        if kept is not None and items is not None:
            map_tree(check, kept)
        return kept

    def listen(self, values: Sequence[Any]) -> None:
        """Tell the gradients of some values, once they come, to whom awaits them."""
        for slot, hear in self.awaited:
            if isinstance(values[slot], Tensor) and values[slot].requires_grad:
                values[slot].register_hook(hear)

    def at(self, tick: int) -> Context:
        """The context of one tick of this sequence; its memory is this context's newest."""
        if self._each is None:
            self._each = {name: edges.each(self.length or 0) for name, edges in self.edges.items()}
        context = Context({name: each[tick] for name, each in self._each.items()}, self.items, None)
        context.batch = self.batch
        context.reset = None if self.reset is None else self.reset[:, tick]
        context.state = {**self.state, **self.next_state}
        return context

    def _rows(self, relations: str) -> Sequence[Tensor]:
        """The rows of senders and of receivers, the same tensors as long as the run lasts."""
        if relations not in self._ends:
            edges, rows = self.edges[relations], self.edges[relations].index
            if self.length is not None and edges.ticks is not None:
                rows = rows * self.length + edges.ticks
            self._ends[relations] = rows.unbind(0)
        return self._ends[relations]


def where_reset(reset: Tensor | None, initial: Tensor, value: Tensor) -> Tensor:
    """`value`, but `initial` where `reset` [items] (or [items, T]) is set; no gradient crosses a reset."""
    if reset is None:
        return value
    mask = reset.reshape(reset.shape + (1,) * (value.dim() - reset.dim()))
    return torch.where(mask, initial, value)


def map_tree(function: Any, *trees: Any) -> Any:
    """Apply a function to the tensors of trees (tensors in tuples, lists and dictionaries) of one shape."""
    first = trees[0]
    if isinstance(first, Mapping):
        return {key: map_tree(function, *(tree[key] for tree in trees)) for key in first}
    if isinstance(first, tuple | list):
        return type(first)(map_tree(function, *branch) for branch in zip(*trees, strict=True))
    return function(*trees)


def detach(state: Any) -> Any:
    """The same memory without its gradient: what one training window hands to the next."""
    return map_tree(Tensor.detach, state)


def flattened(state: State) -> dict[str, Tensor]:
    """The tensors of a memory by names such as core.0, which `nested` undoes."""
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        parts = {name: value} if isinstance(value, Tensor) else {f"{name}.{k}": part for k, part in enumerate(value)}
        found |= parts
    return found


def nested(tensors: dict[str, Tensor]) -> State:
    """A memory from its tensors by name."""
    state: State = {}
    for key, value in sorted(tensors.items()):
        name, _, place = key.partition(".")
        state[name] = (*state.get(name, ()), value) if place else value
    return state
