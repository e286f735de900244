"""The contract of memory, as a check that anybody can run on a module or graph."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.graph.context import Edges
from physim.graph.module_graph import Inputs, ModuleGraph
from physim.graph.ports import SCENE, Port


def check_steps(
    graph: ModuleGraph, inputs: Inputs, reset: Tensor | None = None, tolerance: float = 1e-10, split: int | None = None
) -> None:
    """Check that `step` repeated over the ticks gives what `window` gives at once; what is whole is given at the first.

    `split`: also cut the sequence there into two windows with the memory handed over. Run it in float64.
    Raises: PhysimError with the output, the tick and the difference.
    """
    ports = graph.outputs
    whole, _ = graph.window(inputs, None, reset, ports)
    expected = dict(zip(ports, _several(whole), strict=True))
    length = _length(graph, inputs, reset)
    state = None
    for tick in range(length):
        now = None if reset is None else reset[:, tick]
        given, state = graph.step(_cut(graph, inputs, tick, tick + 1, one=True), state, now, ports)
        for port, value in zip(ports, _several(given), strict=True):
            want = _part(expected[port], _ticks(port, inputs), tick, tick + 1, one=True)
            _compare(f"'{port.name}' at tick {tick} by step", value, want, tolerance)
    if split is None:
        return
    before, after = (None, None) if reset is None else (reset[:, :split], reset[:, split:])
    first, state = graph.window(_cut(graph, inputs, 0, split), None, before, ports)
    second, _ = graph.window(_cut(graph, inputs, split, length), state, after, ports)
    for port, *halves in zip(ports, _several(first), _several(second), strict=True):
        both = torch.cat(halves, dim=1 if _ticks(port, inputs) is None else 0)
        _compare(f"'{port.name}' in two windows", both, expected[port], tolerance)


def _compare(what: str, value: Tensor, want: Tensor, tolerance: float) -> None:
    if value.shape != want.shape:
        raise PhysimError(f"{what} has shape {list(value.shape)}, forward gives {list(want.shape)}")
    difference = float((value - want).detach().abs().max()) if value.numel() else 0.0
    if not difference <= tolerance:
        raise PhysimError(f"{what} differs from forward by {difference:.3g}, allowed is {tolerance:.3g}")


def _several(values: Any) -> tuple[Tensor, ...]:
    return (values,) if isinstance(values, Tensor) else values


def _length(graph: ModuleGraph, inputs: Inputs, reset: Tensor | None) -> int:
    if reset is not None:
        return reset.shape[1]
    for name, value in inputs.items():
        if (
            isinstance(value, Tensor)
            and name != "batch"
            and not graph[name].node.whole
            and _ticks(graph[name], inputs) is None
        ):
            return value.shape[1]
    raise PhysimError("check_steps: no input says how many ticks to run; give `reset` [B, T]")


def _ticks(port: Port, inputs: Inputs) -> Tensor | None:
    """The tick of each row of a port's value, where it lives on relations that change from tick to tick."""
    edges = inputs.get(port.place.kind or SCENE)
    return edges.ticks if isinstance(edges, Edges) else None


def _cut(graph: ModuleGraph, inputs: Inputs, start: int, stop: int, one: bool = False) -> dict[str, Any]:
    """The ticks from start to stop, without their axis if `one`; what is whole comes with the first."""
    cut: dict[str, Any] = {}
    for name, value in inputs.items():
        if isinstance(value, Edges):
            cut[name] = value.at(start) if one else _window_of(value, start, stop)
        elif name == "batch":
            cut[name] = value
        elif graph[name].node.whole:
            cut |= {} if start else {name: value}
        else:
            cut[name] = _part(value, _ticks(graph[name], inputs), start, stop, one)
    return cut


def _part(value: Tensor, ticks: Tensor | None, start: int, stop: int, one: bool) -> Tensor:
    if ticks is not None:
        return value[(ticks >= start) & (ticks < stop)]
    return value[:, start] if one else value[:, start:stop]


def _window_of(edges: Edges, start: int, stop: int) -> Edges:
    if edges.ticks is not None:
        rows = (edges.ticks >= start) & (edges.ticks < stop)
        attributes = None if edges.attributes is None else edges.attributes[rows]
        return Edges(edges.index[:, rows], attributes, edges.ticks[rows] - start)
    if edges.attributes is not None and edges.attributes.dim() > 2:
        return Edges(edges.index, edges.attributes[:, start:stop])
    return edges
