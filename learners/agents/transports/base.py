"""What actors play, and what any transport does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, final

import numpy as np

from learners.agents.actor import Actor
from learners.agents.environments import Environments
from learners.agents.unrolls import Ticks, Unroll
from learners.precision import PRECISIONS
from physim.checks import check_among, check_is, check_several, check_whole
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.graph.builders import build_graph
from physim.learner import Precision

LIVES = 10
"""How many actors may follow one another in one place before a training is given up."""


@final
@dataclass(frozen=True)
class Playing:
    """What each actor plays: environments, in unrolls of so many `ticks`, by `agent(**recipe)`, or by the graph that
    another registered `builder` makes of it.

    `labels` are told with what is seen; products are taken in `precision`. Where memories are `remembered`, ticks tell
    them, and replayed sequences begin with theirs instead of none. Actors differ by their numbers, those that replace
    one by their `life`, and those of a training that goes on by how many updates were made when it had `begun`.
    Environments begin with seeds from `episodes` on, where these are given.
    """

    environments: Environments
    recipe: Mapping[str, Any]
    ticks: int = 20
    labels: tuple[str, ...] = ()
    seed: int = 0
    precision: Precision = "32-true"
    remembered: bool = False
    begun: int = 0
    episodes: int | None = None
    builder: str = "agent"

    def __post_init__(self) -> None:
        check_is(Environments, environments=self.environments)
        check_is(Mapping, recipe=self.recipe)
        check_whole(1, ticks=self.ticks)
        check_whole(0, seed=self.seed, episodes=self.episodes)
        check_several(labels=self.labels)
        check_among("precision", self.precision, PRECISIONS)

    def graph(self) -> ModuleGraph:
        """The agent, with weights as they are drawn."""
        return build_graph(self.builder, dict(self.recipe))

    def actor(self, graph: ModuleGraph | None = None, number: int = 0, life: int = 0) -> Actor:
        """An actor, by a graph of its own where none is given."""
        key = (number, life, self.begun) if self.begun else (number, life)
        source = np.random.SeedSequence(self.seed, spawn_key=key)
        seed = int(source.generate_state(1)[0])
        env, graph = self.environments.make(), graph or self.graph()
        return Actor(env, graph, seed, self.labels, self.precision, self.remembered, self.episodes)


class Transport(ABC):
    """Brings unrolls to a learner and its weights to the actors, while a `with` block lasts.

    No unroll is brought twice; those of an actor that dies on the way are not brought, and another takes its place.
    `replaced` counts these.
    """

    replaced: int = 0

    @abstractmethod
    def publish(self, graph: ModuleGraph, version: int) -> None:
        """Let actors decide by these weights from their next unroll on."""

    @abstractmethod
    def receive(self) -> Unroll:
        """The next unroll of any actor; waits for it."""

    def buried(self, number: int, life: int) -> int:
        """Count an actor that died; gives the life of the one in its place. Raises PhysimError after LIVES of them."""
        if life + 1 == LIVES:
            raise PhysimError(f"actor {number} died {LIVES} times: is there too little memory?")
        self.replaced += 1
        return life + 1

    @abstractmethod
    def close(self) -> None:
        """Let go of all actors; what was not received is lost."""

    def saved(self) -> Ticks:
        """Where the actors are, by name; nothing where they begin anew."""
        return {}

    def restore(self, saved: Ticks) -> None:
        """Let actors go on from where they were, if that was saved."""
        del saved

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
