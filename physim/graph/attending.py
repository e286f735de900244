"""A wire from a whole sequence to what ticks: each tick looks where it wants."""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.graph.context import Context
from physim.graph.ports import Node, Port, same_graph, same_place


@final
class Attended(Node):
    """What queries find in a whole sequence; see `attended`. It keeps the sequence, as `unfolded` does."""

    kind = "attended"
    brief = True

    def __init__(self, query: Port, keys: Port, values: Port, there: Port, heads: int) -> None:
        wholes = (keys, values, there)
        for port in wholes:
            if not port.node.whole:
                raise PhysimError(
                    f"attended: '{port.name}' ticks, wanted what is given once: an input(..., whole=True)"
                )
        if heads < 1:
            raise PhysimError(f"attended: heads are {heads}, wanted a positive number")
        if query.node.whole:
            raise PhysimError(f"attended: the query '{query.name}' is given whole, wanted one at each tick")
        place = same_place("attended", (query, *wholes))
        super().__init__(query.graph, f"attended({query.label}, {keys.label})", (query, *wholes))
        self.heads = heads
        self.graph.connect(self, (place,))

    @property
    def remembers(self) -> bool:
        return True

    def tick(self, values: list[Any], context: Context) -> None:
        query = values[self.sources[0].slot][:, None]
        values[self.ports[0].slot] = self._found(query, values, context)[:, 0]

    def ticks(self, values: list[Any], context: Context) -> None:
        values[self.ports[0].slot] = self._found(values[self.sources[0].slot], values, context)

    def _found(self, query: Tensor, values: list[Any], context: Context) -> Tensor:
        given = tuple(values[port.slot] for port in self.sources[1:])
        kept = context.memory(self.name, len(query)) if given[0] is None else self._checked(*given)
        context.next_state[self.name] = kept
        keys, told, there = kept
        for value in (query, told):
            if value.shape[-1] % self.heads:
                raise PhysimError(
                    f"{self.name}: features are {value.shape[-1]}, wanted a multiple of {self.heads} heads"
                )
        asked, known, said = (_split(value, self.heads) for value in (query, keys, told))
        scores = asked @ known.transpose(-1, -2) / asked.shape[-1] ** 0.5
        weights = scores.masked_fill(~there[:, None, None, :, 0], -torch.inf).softmax(-1)
        return (weights @ said).transpose(1, 2).flatten(2)

    def _checked(self, keys: Tensor, told: Tensor, there: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What is given; refused where nothing of an item can be found: a softmax of nothing is not a number."""
        empty = (~there).flatten(1).all(1).nonzero().flatten().tolist()
        if empty:
            raise PhysimError(
                f"{self.name}: '{self.sources[3].name}' says that nothing is there of the items {empty}, wanted at "
                "least one element of each"
            )
        return keys, told, there


def attended(query: Port, keys: Port, values: Port, there: Port, heads: int = 1) -> Port:
    """What each tick's query finds in a whole sequence: softmax(q k / sqrt F) v, in each of `heads` parts of features.

    Shapes: query [B, T, F], keys [B, S, F], values [B, S, G], which of them are there [B, S, 1] bool -> [B, T, G].
    """
    same_graph("attended", (query, keys, values, there))
    return Attended(query, keys, values, there, heads).ports[0]


def _split(value: Tensor, heads: int) -> Tensor:
    """[B, T, F] -> [B, heads, T, F / heads]."""
    return value.unflatten(2, (heads, -1)).transpose(1, 2)
