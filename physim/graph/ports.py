"""Ports: the handles that a module graph hands out, and the places where they live."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from physim.errors import PhysimError

if TYPE_CHECKING:
    from physim.graph.context import Context
    from physim.graph.module_graph import ModuleGraph

SCENE, OBJECTS = "scene", "objects"


class Place:
    """Where a port lives: on the scene (or sample), on the objects, or on one named set of relations.

    An input's place follows from the wires it meets: a place starts open, and `meet` makes two places one.
    """

    def __init__(self, kind: str | None = None) -> None:
        self._kind = kind
        self._parent: Place | None = None

    @property
    def kind(self) -> str | None:
        """'scene', 'objects', the name of a set of relations, or None while it is open."""
        return self._root()._kind

    def meet(self, other: Place) -> bool:
        """Make the two places one; False where both are settled and differ."""
        mine, theirs = self._root(), other._root()
        if mine is theirs or mine._kind == theirs._kind is not None:
            return True
        if mine._kind is not None and theirs._kind is not None:
            return False
        if mine._kind is None:
            mine._parent = theirs
        else:
            theirs._parent = mine
        return True

    def _root(self) -> Place:
        place = self
        while place._parent is not None:
            place = place._parent
        return place

    def __str__(self) -> str:
        kind = self.kind
        if kind is None or kind == SCENE:
            return "the scene"
        return "the objects" if kind == OBJECTS else f"the relations '{kind}'"


class Node(ABC):
    """What produces the values of one or more ports: an input, a module, a wire.

    `tick` computes one tick (or, in a graph without memory, everything); `ticks` a whole sequence at once. Both read
    and write `values`, which holds one entry a port of the graph. What is whole has no ticks, and runs by `tick`.
    """

    kind: str
    brief = False  # whether wires that read the node call it by its kind, so that names stay short

    def __init__(self, graph: ModuleGraph, name: str, sources: tuple[Port, ...]) -> None:
        self.graph = graph
        self.name = name
        self.sources = sources
        self.ports: tuple[Port, ...] = ()
        self.whole = False
        """Whether its values are given, or made of what is given, once for all ticks; the graph finds out."""

    @property
    def remembers(self) -> bool:
        """Whether the node carries something from one tick to the next."""
        return False

    @property
    def reads(self) -> tuple[Port, ...]:
        """Those of its sources that a run reads now."""
        return self.sources

    @abstractmethod
    def tick(self, values: list[Any], context: Context) -> None:
        """Compute one tick."""

    def ticks(self, values: list[Any], context: Context) -> None:
        """Compute a whole sequence; the same as one tick where the tick axis does not matter."""
        self.tick(values, context)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Port:
    """A handle on one value of a module graph; made by `input`, `add`, `later` and the wires, never by name.

    Shapes: the value of a port is [items, features...] for one tick and [items, ticks, features...] for a sequence.
    """

    __slots__ = ("index", "node", "place", "slot")

    def __init__(self, node: Node, index: int, place: Place, slot: int) -> None:
        self.node = node
        self.index = index
        self.place = place
        self.slot = slot

    @property
    def graph(self) -> ModuleGraph:
        """The graph that this port belongs to."""
        return self.node.graph

    @property
    def name(self) -> str:
        """The node's name, with the output's number where there are several."""
        return self.node.name if len(self.node.ports) < 2 else f"{self.node.name}[{self.index}]"

    @property
    def label(self) -> str:
        """How the name of a wire calls this port."""
        return self.node.kind if self.node.brief else self.name

    def __repr__(self) -> str:
        return f"<port '{self.name}' on {self.place}>"


Link = tuple[str, str]
"""The names of a node, and of a port that it reads."""


class Relations:
    """A handle on one named set of relations, and the port of its attributes."""

    def __init__(self, attributes: Port) -> None:
        self.attributes = attributes

    @property
    def name(self) -> str:
        """The name under which the relations' `Edges` are given to the graph."""
        return self.attributes.node.name

    def __repr__(self) -> str:
        return f"<relations '{self.name}'>"


def same_graph(what: str, ports: tuple[Port, ...]) -> ModuleGraph:
    """The one graph of `ports`; refuses anything that is not a port, and ports of two graphs."""
    if not ports:
        raise PhysimError(f"{what} needs at least one port")
    for port in ports:
        if not isinstance(port, Port):
            raise PhysimError(f"{what} takes ports, got {type(port).__name__} {port!r}")
        if port.graph is not ports[0].graph:
            raise PhysimError(f"{what}: '{ports[0].name}' and '{port.name}' belong to different graphs")
    return ports[0].graph


def same_place(what: str, ports: tuple[Port, ...]) -> Place:
    """The one place of `ports`; refuses ports that live in different places."""
    first = ports[0]
    for port in ports[1:]:
        if not first.place.meet(port.place):
            raise PhysimError(f"{what}: '{first.name}' lives on {first.place}, but '{port.name}' lives on {port.place}")
    return first.place
