"""Wires from what is given once, whole, to what ticks: a sequence one element a tick, or one value at every tick."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, final

import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.graph.context import Context
from physim.graph.ports import SCENE, Node, Port, same_graph


class Unfolding(Node):
    """A node that reads a whole value and gives one at each tick.

    It keeps the whole value, so that a run that is not given it again goes on with it.
    """

    brief = True

    def __init__(self, port: Port) -> None:
        if not port.node.whole:
            raise PhysimError(
                f"{self.kind}('{port.name}') wants what is given once: input(..., whole=True), or made of it"
            )
        super().__init__(port.graph, f"{self.kind}({port.label})", (port,))
        self.graph.connect(self, (port.place,))

    @property
    def remembers(self) -> bool:
        return True

    def tick(self, values: list[Any], context: Context) -> None:
        reset = context.reset_on(self.ports[0].place.kind)
        result = self._run(values, context, 1, None if reset is None else reset[:, None])
        values[self.ports[0].slot] = result[:, 0]

    def ticks(self, values: list[Any], context: Context) -> None:
        reset = context.reset_on(self.ports[0].place.kind)
        values[self.ports[0].slot] = self._run(values, context, context.length or 0, reset)

    def _run(self, values: list[Any], context: Context, length: int, reset: Tensor | None) -> Tensor:
        given, place = values[self.sources[0].slot], self.ports[0].place.kind
        if given is None:  # perhaps nothing else is given either that says how many items there are
            context.items.setdefault(place or SCENE, len(context.state[self.name][0]))
        items = context.count(place)
        kept = context.memory(self.name, items)
        whole = kept[0] if given is None else given
        position = torch.zeros(items, dtype=torch.int64, device=whole.device) if kept is None else kept[1]
        result, context.next_state[self.name] = self.handed(whole, position, length, reset)
        return result

    @abstractmethod
    def handed(
        self, whole: Tensor, position: Tensor, length: int, reset: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """What so many ticks read [B, length, ...] of a whole [B, ...], and what is kept for those that follow.

        `position` [B] counts the ticks that went before; `reset` [B, length] is set where an item starts anew.
        """


@final
class Unfolded(Unfolding):
    """A sequence, one element a tick; see `unfolded`."""

    kind = "unfolded"

    def handed(
        self, whole: Tensor, position: Tensor, length: int, reset: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        if whole.dim() < 2:
            raise PhysimError(f"{self.name} wants a sequence [items, elements, ...], got the shape {list(whole.shape)}")
        places = position[:, None] + torch.arange(length, device=whole.device)
        if reset is not None:
            ticks = torch.arange(length, device=whole.device)
            begun = torch.where(reset, ticks, -1).cummax(dim=1).values
            places = torch.where(begun >= 0, ticks - begun, places)
        rows = torch.arange(len(whole), device=whole.device)[:, None]
        there = (places < whole.shape[1]).reshape(*places.shape, *[1] * (whole.dim() - 2))
        elements = whole[rows, places.clamp(max=whole.shape[1] - 1)]
        return torch.where(there, elements, torch.zeros_like(elements)), (whole, places[:, -1] + 1)


@final
class Repeated(Unfolding):
    """One value, at every tick; see `repeated`."""

    kind = "repeated"

    def handed(
        self, whole: Tensor, position: Tensor, length: int, reset: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        return whole[:, None].expand(-1, length, *whole.shape[1:]), (whole, position)


def unfolded(port: Port) -> Port:
    """A sequence that is given whole, handed out one element a tick; zeros once it has ended (arXiv:1610.10099).

    A reset begins it anew. Shapes: [B, S, ...] -> [B, T, ...], of any T.
    """
    same_graph("unfolded", (port,))
    return Unfolded(port).ports[0]


def repeated(port: Port) -> Port:
    """A value that is given whole, at every tick: [B, ...] -> [B, T, ...]."""
    same_graph("repeated", (port,))
    return Repeated(port).ports[0]
