"""Agents as graphs: A3C with and without memory, Nav-A3C, and the heads of auxiliary losses."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import nn

from learners.agents.message_passing import UNITS, Messages
from learners.agents.modules import (
    Convolutions,
    DuellingMaps,
    GaussianSample,
    Means,
    PlainWorths,
    Sample,
    StochasticDuelling,
    perceptron,
)
from learners.agents.unrolls import ACTION, REWARD, TRIED
from physim.checks import check_is, check_several, check_whole
from physim.errors import PhysimError
from physim.graph import LSTM, ModuleGraph, Port, ResidualSynthesizer, builder, decoupled, delayed, joined

CONVOLUTIONS, MESSAGES, HIDDEN, FEATURES = "convolutions", "messages", "hidden", "features"
FIRST_CORE, CORE = "first_core", "core"
POLICY, VALUE, CHOICE, ACTION_VALUES = "policy", "value", "choice", "action_values"
DUELLING, PLAIN_WORTHS = "duelling", "plain_worths"
SEEN = ("image", "depth", "vector", "objects", "velocity")
"""What agents have modules for."""
PIXEL = 4
"""The sides of the cells, in pixels, whose change is controlled (arXiv:1611.05397)."""
DEPTH_MAP, DEPTH_BINS = (4, 16), 8
"""Rows and columns of the depth that is told, and in how many classes (arXiv:1611.03673)."""


@final
@dataclass(frozen=True)
class Parts:
    """What heads stand on: the graph, and the ports and sizes of its parts; without LSTMs the features are the core."""

    graph: ModuleGraph
    actions: int
    convolutions: Convolutions | None
    features: tuple[Port, int]
    core: tuple[Port, int]

    def maps(self, name: str, cells: tuple[int, int]) -> Port:
        """Worths of actions in the cells of a map."""
        core, units = self.core
        return self.graph.add(name, DuellingMaps(units, self.actions, cells), core)

    def foresight(self, name: str, seen: Convolutions) -> Port:
        """Logits of the next reward's sign from three frames, without the core."""
        now = self.graph[CONVOLUTIONS]
        before = delayed(now)
        return self.graph.add(name, perceptron(3 * seen.features, 128, 3), joined(delayed(before), before, now))

    def told(self, name: str, source: tuple[Port, int], hidden: int, outputs: int) -> Port:
        """A perceptron on the features, or on the core."""
        port, units = source
        return self.graph.add(name, perceptron(units, hidden, outputs), port)

    def worths(self, name: str) -> Port:
        """The worth of each action [B, T, A]."""
        core, units = self.core
        return self.graph.add(name, nn.Linear(units, self.actions), core)

    def numbers(self, name: str, kind: type[StochasticDuelling] | type[PlainWorths]) -> Port:
        """The worths of numbers that were told and that are tried."""
        core, units = self.core
        read = (core, self.graph[VALUE], self.graph[POLICY], self.graph[ACTION], self.graph.input(TRIED))
        return self.graph.add(name, kind(units, self.actions), *read, outputs=3)[0]

    def head(self, name: str) -> Port:
        """Add the head of that name; raises PhysimError where there is none, or it wants an image."""
        if name in SEEING:
            if self.convolutions is None:
                raise PhysimError(f"the head '{name}' wants an image, and this agent sees none")
            return SEEING[name](self, self.convolutions)
        if name in TELLING:
            return TELLING[name](self)
        raise PhysimError(f"heads: got '{name}', wanted some of {', '.join([*SEEING, *TELLING])}")


def pixel_cells(image: Sequence[int]) -> tuple[int, int]:
    """Rows and columns of the largest map of even sides that covers the middle of an image, 4 x 4 pixels a cell."""
    return image[0] // PIXEL // 2 * 2, image[1] // PIXEL // 2 * 2


_CLASSES = DEPTH_BINS * DEPTH_MAP[0] * DEPTH_MAP[1]
SEEING: dict[str, Callable[[Parts, Convolutions], Port]] = {
    "pixel_control": lambda parts, seen: parts.maps("pixel_control", pixel_cells(seen.image)),
    "feature_control": lambda parts, seen: parts.maps("feature_control", seen.map[1:]),
    "reward_prediction": lambda parts, seen: parts.foresight("reward_prediction", seen),
}
TELLING: dict[str, Callable[[Parts], Port]] = {
    DUELLING: lambda parts: parts.numbers(DUELLING, StochasticDuelling),
    PLAIN_WORTHS: lambda parts: parts.numbers(PLAIN_WORTHS, PlainWorths),
    ACTION_VALUES: lambda parts: parts.worths(ACTION_VALUES),
    "depth_from_features": lambda parts: parts.told("depth_from_features", parts.features, 128, _CLASSES),
    "depth_from_core": lambda parts: parts.told("depth_from_core", parts.core, 128, _CLASSES),
    "loop_closure": lambda parts: parts.told("loop_closure", parts.core, 64, 1),
    "placebo": lambda parts: parts.told("placebo", parts.core, 128, _CLASSES),
}
"""The heads of auxiliary losses, by name: those that want an image, and the others."""


@builder("agent")
def agent(  # noqa: PLR0913 (a file names them all)
    sees: Mapping[str, Sequence[int]],
    actions: int,
    cores: Sequence[int] = (256,),
    told: bool = True,
    features: int = 256,
    heads: Sequence[str] = (),
    *,
    continuous: bool = False,
    cut: bool = False,
) -> ModuleGraph:
    """An agent that sees observations of these shapes by name and chooses among `actions`, or tells so many numbers.

    `sees` has an "image" (rows, columns, channels), perhaps with "depth" (rows, columns); a "vector"; "objects" (how
    many, columns: whether it is there, numbers, its kind), among which messages pass (see Messages); or several of
    these; and "velocity", which only cores read. `cores` are the units of LSTMs: none (feed-forward), one (A3C-LSTM),
    or two, wired as in Nav-A3C: the first reads features and reward, the second features, the first, velocity and
    action. Reward and action are the last ones, where an agent with cores is `told` them. `heads` are the names of
    auxiliary heads. If `cut`, the core reads the features through a decoupled wire: what sees learns by synthetic
    gradients.

    Ports: "features", "core" (the last of them), "policy" (logits [B, T, A], or means of numbers if `continuous`,
    from -1 to 1: see Means), "value" [B, T, 1], "choice", and heads.
    Raises: PhysimError for unknown heads or observations, or sizes of which no agent is made.
    """
    check_is(Mapping, sees=sees)
    check_several(cores=cores, heads=heads)
    if unknown := set(sees) - set(SEEN):
        raise PhysimError(f"sees: got {', '.join(sorted(unknown))}, wanted some of {', '.join(SEEN)}")
    if "depth" in sees and "image" not in sees:
        raise PhysimError("sees: a 'depth' is seen beside an 'image', and there is none")
    check_whole(1, actions=actions, features=features, **{f"core {number}": size for number, size in enumerate(cores)})
    graph = ModuleGraph()
    seen = _convolutions(graph, sees)
    found = _features(graph, seen, sees, features)
    read = (decoupled(found[0], ResidualSynthesizer(features)), features) if cut else found
    core = _core(graph, read, cores, math.prod(sees.get("velocity", (0,))), actions if told else 0)
    choice = decide(graph, core, actions, continuous=continuous)
    acted = graph[ACTION] if told and cores else graph.later(ACTION)
    graph.tie(acted, choice)
    parts = Parts(graph, actions, seen, found, core)
    for name in heads:
        parts.head(name)
    return graph


def decide(graph: ModuleGraph, core: tuple[Port, int], actions: int, *, continuous: bool = False) -> Port:
    """Let an agent decide by its core, a port [B, F] and its size; gives the choice.

    Adds "policy", "value" and "choice": a graph that has them is an agent, whatever stands before them.
    """
    port, units = core
    policy = graph.add(POLICY, (Means if continuous else nn.Linear)(units, actions), port)
    graph.add(VALUE, nn.Linear(units, 1), port)
    return graph.add(CHOICE, GaussianSample() if continuous else Sample(), policy, graph.input("chance"))


def actions_of(graph: ModuleGraph) -> tuple[int, bool]:
    """How many actions an agent chooses among, or how many numbers it tells, and whether it tells numbers.

    Raises: PhysimError for a graph that does not decide as `decide` lets it.
    """
    names = {node.name for node in graph.nodes}
    if missing := {CHOICE, POLICY, VALUE} - names:
        raise PhysimError(f"this graph is no agent: it has no {', '.join(sorted(missing))}")
    policy, choice = graph.get_submodule(POLICY), graph.get_submodule(CHOICE)
    if not isinstance(policy, nn.Linear) or not isinstance(choice, Sample | GaussianSample):
        raise PhysimError("this graph is no agent: its policy and choice are others than `decide` adds")
    return policy.out_features, isinstance(choice, GaussianSample)


def check_image(graph: ModuleGraph, shape: Sequence[int]) -> None:
    """Refuse images [rows, columns, channels] of another shape than an agent sees, if it has our convolutions."""
    if CONVOLUTIONS in {node.name for node in graph.nodes}:
        seen = graph.get_submodule(CONVOLUTIONS).image
        if seen != tuple(shape):
            raise PhysimError(f"the agent sees images of the shape {seen}, but it is shown {tuple(shape)}")


def _convolutions(graph: ModuleGraph, sees: Mapping[str, Sequence[int]]) -> Convolutions | None:
    """Convolutions of the image, and of the depth beside it, if any."""
    if "image" not in sees:
        return None
    seen = Convolutions(sees["image"], "depth" in sees)
    graph.add(CONVOLUTIONS, seen, *(graph.input(name) for name in ("image", "depth") if name in sees))
    return seen


def _features(
    graph: ModuleGraph, seen: Convolutions | None, sees: Mapping[str, Sequence[int]], units: int
) -> tuple[Port, int]:
    """The features of what is seen."""
    sources = [] if seen is None else [(graph[CONVOLUTIONS], seen.features)]
    if "objects" in sees:
        sources.append((graph.add(MESSAGES, Messages(sees["objects"]), graph.input("objects")), UNITS))
    if "vector" in sees:
        hidden = nn.Sequential(nn.Linear(math.prod(sees["vector"]), units), nn.ReLU())
        sources.append((graph.add(HIDDEN, hidden, graph.input("vector")), units))
    if not sources:
        raise PhysimError(
            f"sees: got {', '.join(sees) or 'nothing'}; an agent must see an 'image', a 'vector' or 'objects'"
        )
    layer = nn.Sequential(nn.Linear(sum(size for _, size in sources), units), nn.ReLU())
    return graph.add(FEATURES, layer, joined(*(port for port, _ in sources))), units


def _core(
    graph: ModuleGraph, features: tuple[Port, int], cores: Sequence[int], velocity: int, actions: int
) -> tuple[Port, int]:
    """The last of the cores: A3C's, which is told action and reward, or the two of Nav-A3C."""
    if not cores:
        return features
    moved = [(graph.input("velocity"), velocity)] if velocity else []
    rewarded = [(graph.input(REWARD), 1)] if actions else []
    acted = [(delayed(graph.later(ACTION), torch.zeros(actions)), actions)] if actions else []
    if len(cores) == 1:
        return _lstm(graph, CORE, cores[0], [features, *moved, *acted, *rewarded])
    if len(cores) != 2:
        raise PhysimError(f"cores are {list(cores)}, wanted none, one or two numbers of units")
    first = _lstm(graph, FIRST_CORE, cores[0], [features, *rewarded])
    return _lstm(graph, CORE, cores[1], [features, first, *moved, *acted])


def _lstm(graph: ModuleGraph, name: str, units: int, sources: Sequence[tuple[Port, int]]) -> tuple[Port, int]:
    """An LSTM of joined ports, each with its size."""
    core = LSTM(sum(size for _, size in sources), units)
    return graph.add(name, core, joined(*(port for port, _ in sources))), units
