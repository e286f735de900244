"""`ModuleGraph`: modules that compute and wires that carry, as one `nn.Module`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, overload

import networkx as nx
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import bridges, drawing, edits
from physim.graph.bridges import Bridge
from physim.graph.context import Edges, State
from physim.graph.delays import check_cycle
from physim.graph.edits import Edit
from physim.graph.nodes import Input, Later, ModuleNode, RelationsNode
from physim.graph.plan import Plan
from physim.graph.ports import Node, Place, Port, Relations, same_graph, same_place
from physim.graph.wholes import Wholes

Outputs = Port | Sequence[Port] | None
Inputs = Mapping[str, Tensor | Edges]
Given = Mapping[Port, Tensor] | None


class ModuleGraph(nn.Module):
    """A graph of modules that pass messages.

    `input`, `relations`, `later` and `add` return ports; wires take and return ports. `graph(inputs)` runs whole
    sequences, `graph.step(inputs, state)` one tick; the two agree. A graph is a module, so graphs nest.

    Shapes: axis 0 of every value counts items, axis 1 ticks (in graphs with memory, except in `step`), the rest are
    features. Scenes are batched as torch-geometric does: objects and relations of all scenes stand in a row, and the
    input "batch" [N] names each object's scene.
    """

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self.slots = 0
        self.recipe: tuple[str, dict[str, Any]] | None = None
        self.bridges: list[Bridge] = []
        self.edits: list[Edit] = []
        self.changes = 0
        self._returned: tuple[Port, ...] = ()
        self._wholes = Wholes()
        self._laters: list[str] = []
        self._plans: dict[Any, Plan] = {}

    # ---- building

    def input(self, name: str, whole: bool = False) -> Port:
        """A value given to the graph under `name`; where it lives follows from the wires it meets.

        What is `whole` is given once for all ticks and has no tick axis: a sentence to translate, who speaks. Modules
        read it as it is; `unfolded` and `repeated` lead from there to what ticks, and go on with what they were given.
        """
        node = Input(self, self._free(name), ())
        node.whole = whole
        return self.connect(node, (Place(),))[0]

    def relations(self, name: str) -> Relations:
        """A named set of relations, given to the graph as `Edges`."""
        if name in ("scene", "objects"):
            raise PhysimError(f"relations cannot be called '{name}': that is a place of its own")
        node = RelationsNode(self, self._free(name), ())
        self.connect(node, (Place(name),))
        return node.handle

    def later(self, name: str) -> Port:
        """A port that `tie` will bind; given as an input under `name`, it replaces what it is tied to."""
        port = self.connect(Later(self, self._free(name), ()), (Place(),))[0]
        self._laters.append(name)
        return port

    def tie(self, later: Port, port: Port) -> None:
        """Bind a `later` port to what it stands for; a cycle must pass a delayed wire whose `initial` is a tensor."""
        same_graph("tie", (later, port))
        if not isinstance(later.node, Later):
            raise PhysimError(f"tie('{later.name}', '{port.name}'): '{later.name}' was not made by later(...)")
        if later.node.sources:
            raise PhysimError(f"tie: '{later.name}' is tied to '{later.node.sources[0].name}' already")
        if port.node.whole:
            raise PhysimError(
                f"tie('{later.name}', '{port.name}'): '{port.name}' is given whole: use repeated or unfolded"
            )
        same_place("tie", (later, port))
        later.node.sources = (port,)
        check_cycle(self.nodes, later, port)
        self.changed()

    @overload
    def add(  # type: ignore[overload-overlap]
        self, name: str, module: nn.Module, *ports: Port | Relations, outputs: Literal[1] = 1
    ) -> Port: ...
    @overload
    def add(self, name: str, module: nn.Module, *ports: Port | Relations, outputs: int) -> tuple[Port, ...]: ...
    def add(self, name: str, module: nn.Module, *ports: Port | Relations, outputs: int = 1) -> Port | tuple[Port, ...]:
        """Add a module that reads `ports` (for a nested graph: its inputs in order) and gives `outputs` ports.

        The same module added again shares its weights.
        """
        if self._free(name) in dir(self):
            raise PhysimError(f"add('{name}', ...): '{name}' is a name of ModuleGraph's own; call the module otherwise")
        node, places = ModuleNode.reading(self, name, module, ports, outputs)
        if all(module is not known for known in self.children()):
            self.add_module(name, module)
        made = self.connect(node, places)
        return made[0] if outputs == 1 else made

    def returns(self, *ports: Port) -> None:
        """Say what `graph(inputs)` gives when no `outputs=` are named (else: the ports that nothing reads)."""
        same_graph("returns", ports)
        self._returned = ports

    def cut(self, source: Port, into: Port, synthesizer: nn.Module, **ways: Any) -> Port:
        """Let the node that gives `into` read `source` through a wire `decoupled(source, synthesizer, **ways)`.

        Optimisers of all parameters are made afterwards: they want to know the synthesizer's.
        """
        self._check_own("cut", source)
        return edits.cut(source, into, synthesizer, **ways)

    def mend(self, source: Port, into: Port) -> None:
        """Take away what was cut between a port and the node that gives `into`."""
        self._check_own("mend", source)
        edits.mend(source, into)

    def bridge(
        self, memory: Port, synthesizer: nn.Module, scale: float = 1.0, given: Port | tuple[Port, ...] = ()
    ) -> Bridge:
        """Let a synthetic gradient cross from one training window to the one before, at a module's or wire's memory.

        A window ends as if it knew how all later losses depend on its memory, by the guess of
        `synthesizer(memory, *given)` [B, F], times `scale`; what the next window finds out trains the synthesizer
        (arXiv:1608.05343, section 2.2). The tensors of a memory stand in a row: hidden and cell of an LSTM; of what is
        given [B, T, ...] the last tick counts: labels of what is to come, say. The guess comes with every `backward` of
        the window's outputs: take one for all losses of a window.

        Raises: PhysimError where ports are of another graph, or one has no memory, or is bridged already.
        """
        self._check_own("bridge", memory)
        return bridges.bridge(memory, synthesizer, scale, given)

    def _check_own(self, what: str, port: Port) -> None:
        if same_graph(what, (port,)) is not self:
            raise PhysimError(f"{what}: '{port.name}' belongs to a different graph")

    def changed(self) -> None:
        """Forget what was planned for the graph as it was."""
        self.changes += 1
        self._plans.clear()

    def connect(self, node: Node, places: Sequence[Place]) -> tuple[Port, ...]:
        """Take a node into the graph, with one port a place; wires call this."""
        names = {known.name for known in self.nodes}
        base, copies = node.name, 2
        while node.name in names:
            node.name, copies = f"{base}#{copies}", copies + 1
        self._wholes.take(node)
        node.ports = tuple(Port(node, index, place, self.slots + index) for index, place in enumerate(places))
        self.slots += len(places)
        self.nodes.append(node)
        self.changed()
        return node.ports

    def equip(self, name: str, module: nn.Module) -> nn.Module:
        """Hold the module of a wire or bridge, of that name; the same module again shares its weights."""
        if all(module is not known for known in self.children()):
            self.add_module(name, module)
        return module

    def keep(self, name: str, value: Tensor) -> str:
        """Hold a wire's tensor: a parameter is learned, anything else moves with the graph but is not saved."""
        if isinstance(value, nn.Parameter):
            self.register_parameter(name, value)
        else:
            self.register_buffer(name, value, persistent=False)
        return name

    # ---- reading

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, relations excluded, in the order they were made."""
        return tuple(node.name for node in self.nodes if node.kind == Input.kind)

    @property
    def relation_names(self) -> tuple[str, ...]:
        """The names of the sets of relations."""
        return tuple(node.name for node in self.nodes if node.kind == RelationsNode.kind)

    @property
    def remembers(self) -> bool:
        """Whether the graph holds memory or delays, and so takes a tick axis."""
        return any(node.remembers for node in self.nodes)

    @property
    def outputs(self) -> tuple[Port, ...]:
        """What `graph(inputs)` gives: the returned ports, else the module outputs that nothing reads."""
        if self._returned:
            return self._returned
        nodes = [node for node in self.nodes if not isinstance(node, Later)]  # a tie only names what it is tied to
        read = {port for node in nodes for port in node.sources}
        read |= {port for bridge in self.bridges for port in bridge.given}
        sinks = tuple(port for node in nodes for port in node.ports if port not in read and node.sources)
        if not sinks:
            raise PhysimError("the graph gives nothing: name ports by returns(...) or outputs=...")
        return sinks

    def followed(self, outputs: Outputs = None) -> tuple[str, ...]:
        """The names of the sets of relations that some outputs, or all that the graph gives, depend on."""
        return tuple(self._prepared({}, outputs, None)[1].related)

    def relations_named(self, name: str) -> Relations:
        """The handle of a set of relations."""
        return next(node.handle for node in self.nodes if isinstance(node, RelationsNode) and node.name == name)

    def __getitem__(self, name: str) -> Port:
        """The first port of the node called `name`: for graphs that were loaded, whose handles nobody holds."""
        for node in self.nodes:
            if node.name == name:
                return node.ports[0]
        known = ", ".join(node.name for node in self.nodes)
        raise PhysimError(f"the graph has no node '{name}'; it has {known}")

    # ---- running

    def forward(
        self,
        inputs: Inputs,
        state: State | None = None,
        reset: Tensor | None = None,
        outputs: Outputs = None,
        given: Given = None,
    ) -> Any:
        """Run everything at once (whole sequences, in a graph with memory); give one tensor, or a tuple.

        `given` are values of ports, which are taken as they are: what only they need is not run.

        Raises: PhysimError for a missing input, sequences of unequal lengths or an untied port, by name.
        """
        return self.window(inputs, state, reset, outputs, given)[0]

    def window(
        self,
        inputs: Inputs,
        state: State | None = None,
        reset: Tensor | None = None,
        outputs: Outputs = None,
        given: Given = None,
        ended: Tensor | None = None,
    ) -> tuple[Any, State]:
        """As `forward`, from a memory `state`; also give the memory after the last tick, for the next window.

        Shapes: `reset` [B, T] bool, set where a scene (or sample) starts anew; `ended` [B] bool, where nothing follows
        after this window, so that bridges bring nothing back.
        """
        inputs, plan = self._prepared(inputs, outputs, given, state, self._open_bridges)
        if not self.remembers or plan.whole:
            return plan.step(inputs, state if self.remembers else None, None)
        return self._joined(plan, inputs, state, reset, plan.length(inputs, reset), ended)

    def step(
        self,
        inputs: Inputs,
        state: State | None = None,
        reset: Tensor | None = None,
        outputs: Outputs = None,
        given: Given = None,
    ) -> tuple[Any, State]:
        """Run one tick from a memory `state` (None: fresh); give the outputs and the memory after it.

        Shapes: inputs and `given` without the tick axis; `reset` [B] bool.
        """
        inputs, plan = self._prepared(inputs, outputs, given, state)
        return plan.step(inputs, state, reset)

    def run(
        self,
        inputs: Inputs,
        state: State | None,
        reset: Tensor | None,
        length: int | None,
        ended: Tensor | None = None,
    ) -> tuple[Any, State]:
        """Run inside another graph: one tick where `length` is None, else a sequence, memory or not."""
        if length is None:
            inputs, plan = self._prepared(inputs, None, None, state)
            return plan.step(inputs, state, reset)
        inputs, plan = self._prepared(inputs, None, None, state, self._open_bridges)
        return self._joined(plan, inputs, state, reset, length, ended)

    def _joined(
        self,
        plan: Plan,
        inputs: Inputs,
        state: State | None,
        reset: Tensor | None,
        length: int,
        ended: Tensor | None,
    ) -> tuple[Any, State]:
        """A window, between the bridges that lead into it and out of it."""
        joined = [bridge for bridge in self._open_bridges if bridge.name in plan.memories]
        known = state or {}
        for bridge in joined:
            begun = None if reset is None else plan.spread("reset", reset[:, 0], bridge.place, inputs)
            known = bridge.entered(known, begun)
        result, after = plan.window(inputs, known, reset, length, ended)
        for bridge in joined:
            over = None if ended is None else plan.spread("ended", ended, bridge.place, inputs)
            result = bridge.left(after, result, over)
        return result, after

    @property
    def teaches(self) -> bool:
        """Whether wires are cut and windows bridged now: in graphs that train, where gradients are taken."""
        return self.training and torch.is_grad_enabled()

    @property
    def _open_bridges(self) -> list[Bridge]:
        return self.bridges if self.teaches else []

    def _prepared(
        self,
        inputs: Inputs,
        outputs: Outputs,
        given: Given,
        state: State | None = None,
        bridges: Sequence[Bridge] = (),
    ) -> tuple[Inputs, Plan]:
        """The inputs with the given ports among them, by the names of their nodes, and the plan for them."""
        names = tuple(name for name in self._laters if name in inputs)
        if given:
            inputs = {**inputs, **{self._alone(port).name: value for port, value in given.items()}}
            names += tuple(port.node.name for port in given)
        wanted = outputs if outputs is None or isinstance(outputs, Port) else tuple(outputs)
        kept = {bridge.name: bridge.given for bridge in bridges if bridge.given}
        unread = self._wholes.kept(inputs, state)
        key = wanted, names, tuple(kept), unread, self.teaches
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = Plan(self.nodes, self._checked(wanted), set(names), kept, unread)
        return inputs, plan

    def _alone(self, port: Port) -> Node:
        """The node of a port that may be given: all of what it gives."""
        if same_graph("given", (port,)) is not self:
            raise PhysimError(f"given: '{port.name}' belongs to a different graph")
        if len(port.node.ports) > 1:
            outputs = len(port.node.ports)
            raise PhysimError(f"given: '{port.name}' is one of {outputs} outputs of one module, wanted its only one")
        return port.node

    def _checked(self, outputs: Outputs) -> Port | tuple[Port, ...]:
        if outputs is None:
            return self.outputs
        ports = (outputs,) if isinstance(outputs, Port) else tuple(outputs)
        if same_graph("outputs", ports) is not self:
            raise PhysimError(f"outputs: '{ports[0].name}' belongs to a different graph")
        return outputs if isinstance(outputs, Port) else ports

    def _free(self, name: str) -> str:
        if not name or "." in name or name == "batch":
            raise PhysimError(f"'{name}' cannot name a node: names are not empty, hold no dot and are not 'batch'")
        if any(node.name == name for node in self.nodes):
            raise PhysimError(f"the graph has a node '{name}' already; every node needs a name of its own")
        return name

    def __getstate__(self) -> dict[str, Any]:
        ties = [(node, node.sources) for node in self.nodes if isinstance(node, Later)]  # after the nodes: not too deep
        return {**self.__dict__, "_plans": {}, "_ties": ties}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for later, sources in state.pop("_ties"):
            later.sources = sources
        super().__setstate__(state)  # type: ignore[no-untyped-call]

    # ---- pictures and pickles

    def to_networkx(self) -> nx.MultiDiGraph:
        """The graph for networkx: nodes by name (`kind`, `place`), edges by port (`port`, `delayed`)."""
        return drawing.to_networkx(self)

    def draw(self, axes: Any = None) -> Any:
        """Draw the graph on matplotlib axes (new ones if None) and return them; delayed wires are dashed."""
        return drawing.draw(self, axes)

    def __repr__(self) -> str:
        return drawing.table(self)
