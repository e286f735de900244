"""The nodes that are not wires: inputs, relations, promises (`later`), modules and nested graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph.context import Context, Edges
from physim.graph.memory import Memory
from physim.graph.ports import OBJECTS, SCENE, Node, Place, Port, Relations, same_graph, same_place

if TYPE_CHECKING:
    from physim.graph.module_graph import ModuleGraph


class Input(Node):
    """A value given to the graph; the plan fills it in."""

    kind = "input"

    def tick(self, values: list[Any], context: Context) -> None:
        pass


class RelationsNode(Node):
    """A named set of relations given to the graph; its port carries their attributes."""

    kind = "relations"

    @property
    def handle(self) -> Relations:
        """The handle that wires follow."""
        return Relations(self.ports[0])

    def tick(self, values: list[Any], context: Context) -> None:
        values[self.ports[0].slot] = context.edges[self.name].attributes

    def ticks(self, values: list[Any], context: Context) -> None:
        edges = context.edges[self.name]
        attributes = edges.attributes
        if attributes is not None and attributes.dim() == 2 and edges.ticks is None:
            attributes = attributes[:, None].expand(-1, context.length or 1, -1)
        values[self.ports[0].slot] = attributes


class Later(Node):
    """A promise of a value; after `tie` it passes on what it was tied to."""

    kind = "later"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "sources"}  # the graph keeps the ties

    def tick(self, values: list[Any], context: Context) -> None:
        values[self.ports[0].slot] = values[self.sources[0].slot]


class ModuleNode(Node):
    """A module without memory: in a sequence it sees items and ticks folded into axis 0."""

    kind = "module"

    def __init__(self, graph: ModuleGraph, name: str, module: nn.Module, sources: tuple[Port, ...]) -> None:
        super().__init__(graph, name, sources)
        self.module = module

    @staticmethod
    def reading(
        graph: ModuleGraph, name: str, module: nn.Module, ports: Sequence[Port | Relations], outputs: int
    ) -> tuple[ModuleNode, list[Place]]:
        """The node for a module that reads `ports`, and the places of its outputs."""
        checked_module(f"add('{name}', ...)", module)
        if outputs < 1:
            raise PhysimError(f"add('{name}', ...): outputs must be at least 1, got {outputs}")
        handles = tuple(port.attributes if isinstance(port, Relations) else port for port in ports)
        if same_graph(f"add('{name}', ...)", handles) is not graph:
            raise PhysimError(f"add('{name}', ...): '{handles[0].name}' belongs to a different graph")
        if isinstance(module, type(graph)):
            return NestedNode.nesting(graph, name, module, ports, outputs)
        if any(isinstance(port, Relations) for port in ports):
            raise PhysimError(f"add('{name}', ...): only a nested graph reads relations; a module reads .attributes")
        place = same_place(f"add('{name}', ...)", handles)
        if not isinstance(module, Memory):
            return ModuleNode(graph, name, module, handles), [place] * outputs
        if len(handles) != 1 or outputs != 1:
            raise PhysimError(
                f"add('{name}', ...): a module with memory reads one port (join them) and gives one output"
            )
        return MemoryNode(graph, name, module, handles), [place]

    def tick(self, values: list[Any], context: Context) -> None:
        self.store(values, self.module(*[values[port.slot] for port in self.sources]))

    def ticks(self, values: list[Any], context: Context) -> None:
        if context.changing(self.ports[0].place.kind):
            self.tick(values, context)
            return
        read = [values[port.slot] for port in self.sources]
        shape = read[0].shape[:2]
        result = self.module(*[value.flatten(0, 1) for value in read])
        unfolded = result.unflatten(0, shape) if len(self.ports) == 1 else [part.unflatten(0, shape) for part in result]
        self.store(values, unfolded)

    def store(self, values: list[Any], result: Any) -> None:
        """Hand the module's result to the node's ports."""
        if len(self.ports) == 1:
            values[self.ports[0].slot] = result
            return
        if isinstance(result, Tensor) or len(result) != len(self.ports):
            gave = "one tensor" if isinstance(result, Tensor) else len(result)
            raise PhysimError(f"module '{self.name}' was added with {len(self.ports)} outputs, but gave {gave}")
        for port, part in zip(self.ports, result, strict=True):
            values[port.slot] = part


class MemoryNode(ModuleNode):
    """A module with memory: it sees items and ticks, or the elements of a whole sequence, each time afresh."""

    kind = "memory"

    @property
    def remembers(self) -> bool:
        return not self.whole

    def tick(self, values: list[Any], context: Context) -> None:
        if self.whole:
            self.store(values, self.module(values[self.sources[0].slot])[0])
            return
        value, reset = values[self.sources[0].slot], context.reset_on(self.ports[0].place.kind)
        before = context.memory(self.name, len(value))
        result, context.next_state[self.name] = self.module.step(value, before, reset)  # type: ignore[operator]
        self.store(values, result)

    def ticks(self, values: list[Any], context: Context) -> None:
        kind = self.ports[0].place.kind
        if context.changing(kind):
            raise PhysimError(f"'{self.name}' remembers, but the relations '{kind}' change from tick to tick")
        value = values[self.sources[0].slot]
        before = context.memory(self.name, len(value))
        result, context.next_state[self.name] = self.module(value, before, context.reset_on(kind))
        self.store(values, result)


class NestedNode(ModuleNode):
    """A graph inside a graph; its inputs and sets of relations are read in the order in which they were made."""

    kind = "graph"

    def __init__(self, graph: ModuleGraph, name: str, module: ModuleGraph, ports: Sequence[Port | Relations]) -> None:
        super().__init__(graph, name, module, tuple(p.attributes if isinstance(p, Relations) else p for p in ports))
        self.inner = module
        self.handles = tuple(ports)
        self.entries = tuple(node for node in module.nodes if isinstance(node, Input | RelationsNode))

    @staticmethod
    def nesting(
        graph: ModuleGraph, name: str, module: ModuleGraph, ports: Sequence[Port | Relations], outputs: int
    ) -> tuple[NestedNode, list[Place]]:
        """The node for a nested graph; the places of its ports must fit the places inside."""
        node = NestedNode(graph, name, module, ports)
        names = [entry.name for entry in node.entries]
        if len(names) != len(ports):
            raise PhysimError(
                f"add('{name}', ...): the nested graph reads {len(names)} ports {names}, got {len(ports)}"
            )
        if len(module.outputs) != outputs:
            raise PhysimError(
                f"add('{name}', ...): the nested graph gives {len(module.outputs)} outputs, not {outputs}"
            )
        if not node.relational:
            return node, [same_place(f"add('{name}', ...)", node.sources)] * outputs
        outer = {SCENE: Place(SCENE), OBJECTS: Place(OBJECTS)}
        for entry, handle in zip(node.entries, ports, strict=True):
            if isinstance(entry, RelationsNode) != isinstance(handle, Relations):
                raise PhysimError(f"add('{name}', ...): '{entry.name}' and {handle!r} are not both relations")
            if isinstance(handle, Relations):
                outer[entry.name] = handle.attributes.place
        for entry, port in zip(node.entries, node.sources, strict=True):
            place = outer[entry.ports[0].place.kind or SCENE]
            if not port.place.meet(place):
                raise PhysimError(
                    f"add('{name}', ...): '{entry.name}' wants {place}, '{port.name}' lives on {port.place}"
                )
        return node, [outer[port.place.kind or SCENE] for port in module.outputs]

    @property
    def relational(self) -> bool:
        """Whether the nested graph knows objects and relations, and so the same scenes as the outer one."""
        return any(entry.ports[0].place.kind not in (None, SCENE) for entry in self.entries)

    @property
    def remembers(self) -> bool:
        return self.inner.remembers

    def tick(self, values: list[Any], context: Context) -> None:
        self._run(values, context, None)

    def ticks(self, values: list[Any], context: Context) -> None:
        kind = self.ports[0].place.kind
        if context.changing(kind) and self.remembers:
            raise PhysimError(f"'{self.name}' remembers, but the relations '{kind}' change from tick to tick")
        self._run(values, context, None if context.changing(kind) and not self.relational else context.length)

    def _run(self, values: list[Any], context: Context, length: int | None) -> None:
        inputs: dict[str, Tensor | Edges] = {}
        for entry, handle, port in zip(self.entries, self.handles, self.sources, strict=True):
            value = context.edges[handle.name] if isinstance(handle, Relations) else values[port.slot]
            if value is not None:  # else the graph goes on with what it was given before
                inputs[entry.name] = value
        if self.relational and context.batch is not None:
            inputs["batch"] = context.batch
        place = SCENE if self.relational else self.ports[0].place.kind
        before = context.memory(self.name, None if self.relational else context.items.get(place or SCENE))
        reset, ended = context.reset_on(place), context.spread(context.ended, place)
        result, state = self.inner.run(inputs, before, reset, length, ended)
        if self.remembers:
            context.next_state[self.name] = state
        self.store(values, result)


def checked_module(what: str, module: nn.Module) -> nn.Module:
    """The module; refuses anything else."""
    if not isinstance(module, nn.Module):
        raise PhysimError(f"{what} wants an nn.Module, got {type(module).__name__}")
    return module
