from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from physim.graph import (
    LSTM,
    CausalConv1d,
    Edges,
    ModuleGraph,
    Port,
    added,
    averaged,
    delayed,
    detached,
    exchanged,
    joined,
    largest,
    pooled,
    receivers,
    senders,
    spread,
    summed,
)
from physim.graph.regression import Regression

FEATURES = 3
RELATIONS = "pairs"


@dataclass(frozen=True)
class Case:
    """A graph with memory in float64, and what to run it on: B scenes, N objects, T ticks."""

    graph: ModuleGraph
    inputs: dict[str, Tensor | Edges]
    reset: Tensor


class Oracle(nn.Module):
    """Writes down the true gradients that come to a wire in one run, and gives them in the next."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[Tensor] = []
        self.seen: dict[int, Tensor] = {}
        self.known: list[Tensor] = []

    def forward(self, value: Tensor, *given: Tensor) -> Tensor:
        number = len(self.given)
        self.given.append(self.known[number] if self.known else torch.zeros_like(value))
        return self.given[-1]

    def watch(self, regression: Regression) -> None:
        """Look at what a wire meets."""
        met = regression.met

        def watched(gradient: Tensor, synthetic: Tensor) -> tuple[Tensor, Tensor]:
            self.seen[synthetic.data_ptr()] = gradient.clone()
            return met(gradient, synthetic)

        regression.met = watched  # type: ignore[method-assign]

    def ask(self) -> None:
        """Know for the next run what came in the last one; nothing came to what no loss depends on."""
        self.known = [self.seen.get(one.data_ptr(), torch.zeros_like(one)) for one in self.given]
        self.given, self.seen = [], {}


@pytest.fixture(scope="session")
def oracle() -> type[Oracle]:
    """A synthesizer that knows the true gradients of its last run."""
    return Oracle


class RandomGraph:
    """Grows a graph at random; every port carries three features."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.torch = torch.Generator().manual_seed(seed)
        self.changing = bool(self.rng.random() < 0.4)
        self.graph = ModuleGraph()
        self.pairs = self.graph.relations(RELATIONS)
        self.shared = {place: self.line() for place in ("scene", "objects", RELATIONS)}
        scene, objects = self.graph.input("scene_input"), self.graph.input("objects_input")
        self.pool = {"scene": [scene], "objects": [objects], RELATIONS: [self.pairs.attributes]}
        pooled(objects), spread(scene)
        self.names = iter(f"node{number}" for number in range(1000))
        for _ in range(14):
            self.grow()

    def case(self) -> Case:
        laters = [self.later(place) for place in ("scene", "objects")]
        for _ in range(14):
            self.grow()
        for later, before, place in laters:
            self.graph.tie(later, self.bounded(added(before, self.pool[place][-1])))
        wanted = [port for place in self.pool for port in self.pool[place][-2:]]
        self.graph.returns(*dict.fromkeys([*wanted, laters[0][0]]))
        return Case(
            self.graph.double(), self.inputs(), torch.rand(self.scenes, self.ticks, generator=self.torch) < 0.25
        )

    def later(self, place: str) -> tuple[Port, Port, str]:
        later = self.graph.later(next(self.names))
        initial = torch.randn(FEATURES, generator=self.torch)
        before = added(delayed(later, nn.Parameter(initial)), self.pick(place))
        self.pool[place].append(before)
        return later, before, place

    def bounded(self, port: Port) -> Port:
        return self.graph.add(next(self.names), nn.Sequential(self.line(), nn.Tanh()), port)

    def line(self, features: int = FEATURES) -> nn.Module:
        line = nn.Linear(features, FEATURES)
        for parameter in line.parameters():
            nn.init.uniform_(parameter, -0.5, 0.5, generator=self.torch)
        return line

    def pick(self, place: str) -> Port:
        return self.pool[place][self.rng.integers(len(self.pool[place]))]

    def grow(self) -> None:
        source = str(self.rng.choice(list(self.pool)))
        place, make = self.rng.choice(np.array(self.choices(source), dtype=object))
        self.pool[place].append(make(self.pick(source)))

    def choices(self, source: str) -> list[tuple[str, Callable[[Port], Port]]]:
        here: list[tuple[str, Callable[[Port], Port]]] = [
            (source, self.bounded),
            (source, lambda port: self.add(self.shared[source], port)),
            (source, lambda port: self.add(self.line(2 * FEATURES), joined(port, self.pick(source)))),
            (source, lambda port: added(port, self.pick(source))),
            (source, detached),
            (source, lambda port: self.add(self.inner(), port)),
        ]
        if source != RELATIONS or not self.changing:
            here += [
                (source, lambda port: delayed(port, 0.5)),
                (source, lambda port: delayed(delayed(port))),
                (source, lambda port: self.add(LSTM(FEATURES, FEATURES), port)),
                (source, lambda port: self.add(CausalConv1d(FEATURES, FEATURES, 2, dilation=2), port)),
                (source, lambda port: self.add(self.inner_with_memory(), port)),
            ]
        if source == RELATIONS:
            return here + [("objects", wire) for wire in (summed, averaged, largest, exchanged)]
        if source == "scene":
            return [*here, ("objects", spread), ("objects", spread)]
        along = [(RELATIONS, lambda port, wire=wire: wire(port, self.pairs)) for wire in (senders, receivers)]
        return [*here, *along, ("scene", pooled)]

    def add(self, module: nn.Module, port: Port) -> Port:
        return self.graph.add(next(self.names), module, port)

    def inner(self) -> ModuleGraph:
        inner = ModuleGraph()
        inner.add("line", self.line(), inner.input("value"))
        return inner

    def inner_with_memory(self) -> ModuleGraph:
        inner = ModuleGraph()
        value, back = inner.input("value"), inner.later("back")
        initial = torch.ones(FEATURES)
        core = inner.add("core", nn.Sequential(self.line(), nn.Tanh()), added(value, delayed(back, initial)))
        inner.tie(back, core)
        inner.returns(core)
        return inner

    def inputs(self) -> dict[str, Tensor | Edges]:
        self.scenes, self.ticks, relations = 3, 6, 20
        batch = torch.tensor([0, 0, 1, 1, 1, 2])
        values = {
            "scene_input": self.normal(self.scenes, self.ticks, FEATURES),
            "objects_input": self.normal(len(batch), self.ticks, FEATURES),
            "batch": batch,
        }
        index = torch.randint(len(batch), (2, relations), generator=self.torch)
        if self.changing:
            ticks = torch.randint(self.ticks, (relations,), generator=self.torch).sort().values
            return {**values, RELATIONS: Edges(index, self.normal(relations, FEATURES), ticks)}
        shape = (relations, self.ticks, FEATURES) if self.rng.random() < 0.5 else (relations, FEATURES)
        return {**values, RELATIONS: Edges(index, self.normal(*shape))}

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.torch, dtype=torch.float64)


@pytest.fixture(scope="session")
def random_case() -> Callable[[int], Case]:
    """A random graph with delayed cycles, memories, nested graphs and relations, by its seed."""
    return lambda seed: RandomGraph(seed).case()
