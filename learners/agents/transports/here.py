"""One actor in the learner's process: it decides by the newest weights, always."""

from __future__ import annotations

from typing import final

from learners.agents.transports.base import Playing, Transport
from learners.agents.unrolls import Ticks, Unroll
from physim.graph import ModuleGraph


@final
class Here(Transport):
    """An actor that decides by the learner's own graph."""

    def __init__(self, playing: Playing, graph: ModuleGraph) -> None:
        self.playing, self.version = playing, 0
        self.actor = playing.actor(graph)

    def publish(self, graph: ModuleGraph, version: int) -> None:
        self.version = version

    def receive(self) -> Unroll:
        return self.actor.unroll(self.playing.ticks, self.version)

    def saved(self) -> Ticks:
        return {f"actor/{name}": value for name, value in self.actor.saved().items()}

    def restore(self, saved: Ticks) -> None:
        self.actor.restore({name.removeprefix("actor/"): each for name, each in saved.items() if name[:6] == "actor/"})

    def close(self) -> None:
        self.actor.env.close()
