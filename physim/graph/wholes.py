"""What is given once for all ticks, whole: which nodes are made of it, and which go on with what they kept of it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import final

from physim.errors import PhysimError
from physim.graph.attending import Attended
from physim.graph.context import State
from physim.graph.delays import Delayed
from physim.graph.nodes import NestedNode
from physim.graph.ports import Link, Node, Port
from physim.graph.unfolding import Unfolding


@final
class Wholes:
    """The nodes of a graph that are whole, and those that keep what is whole while they tick."""

    def __init__(self) -> None:
        self._made: list[Node] = []
        self._keeping: list[Node] = []

    def take(self, node: Node) -> None:
        """Find out whether a new node is whole, or keeps what is.

        Raises: PhysimError for one that reads both what is whole and what ticks, and has no way to.
        """
        node.whole = node.whole or _made_of_wholes(node)
        if node.whole:
            self._made.append(node)
        elif isinstance(node, Unfolding | Attended | NestedNode) and any(port.node.whole for port in node.sources):
            self._keeping.append(node)

    def kept(self, inputs: Container[str], state: State | None) -> tuple[Link, ...]:
        """What nodes do not read, because they kept it when it was given before, and no other is given."""
        if not state or not self._keeping:
            return ()
        told = {node for node in self._made if node.name in inputs}
        parts = ((node, ports) for node in self._keeping if node.name in state for ports in _parts(node))
        return tuple(
            (node.name, port.name) for node, ports in parts if not told or not told & _behind(ports) for port in ports
        )


def _parts(node: Node) -> list[tuple[Port, ...]]:
    """What a node keeps of what is whole, in parts that are given anew together; a nested graph knows more of its."""
    wholes = tuple(port for port in node.sources if port.node.whole)
    return [(port,) for port in wholes] if isinstance(node, NestedNode) else [wholes]


def _behind(wholes: Sequence[Port]) -> set[Node]:
    """The nodes that whole ports are made of."""
    found: set[Node] = set()
    waiting = [port.node for port in wholes]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [port.node for port in one.sources]
    return found


def _made_of_wholes(node: Node) -> bool:
    """Whether a node reads what is given whole and nothing else; refuses one that reads both."""
    several = {port.node.whole for port in node.sources}
    if isinstance(node, Unfolding | Attended):
        return False
    if isinstance(node, NestedNode):
        return _nested_whole(node, several == {True})
    if len(several) > 1:
        whole, others = ([port.name for port in node.sources if port.node.whole is one] for one in (True, False))
        raise PhysimError(
            f"{node.name} reads {whole}, given whole, and {others} at each tick: use repeated or unfolded"
        )
    if several == {True} and isinstance(node, Delayed):
        raise PhysimError(f"{node.name}: '{node.sources[0].name}' is given whole and has no ticks")
    return several == {True}


def _nested_whole(node: NestedNode, wholes: bool) -> bool:
    """Whether a nested graph gives something whole; it may be read as a module where all it reads is."""
    pairs = list(zip(node.entries, node.sources, strict=True))
    if all(entry.whole == port.node.whole for entry, port in pairs):
        given = {port.node.whole for port in node.inner.outputs}
        if len(given) > 1:
            raise PhysimError(f"'{node.name}' gives {[port.name for port in node.inner.outputs]}, of which some tick")
        return given == {True}
    if wholes and not node.inner.remembers:
        return True
    entry, port = next((entry, port) for entry, port in pairs if entry.whole != port.node.whole)
    raise PhysimError(f"'{node.name}' reads '{port.name}' as its '{entry.name}': one is given whole, the other ticks")
