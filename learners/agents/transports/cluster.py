"""Actors on the machines of a Ray cluster; needs the extra `cluster`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

import torch
from torch import Tensor

from learners.agents.transports.base import Playing, Transport
from learners.agents.unrolls import Unroll
from physim.cluster import joined_cluster
from physim.errors import PhysimError
from physim.graph import ModuleGraph


@final
class Cluster(Transport):
    """So many actors, one processor each, wherever Ray finds room. Where one dies with its node, another begins anew.

    Raises: PhysimError where there is no cluster, or an actor fails, or dies LIVES times, or before its first unroll.
    """

    def __init__(self, playing: Playing, graph: ModuleGraph, count: int) -> None:
        self._ray, self._close = joined_cluster()
        self.playing, self.replaced = playing, 0
        self._remote = self._ray.remote(num_cpus=1)(_Remote)
        self._lives = [0] * count
        self.publish(graph, 0)
        self._actors = [self._remote.remote(playing, number, 0) for number in range(count)]
        self._coming: dict[Any, int] = {}
        self._heard: set[int] = set()  # who brought an unroll

    def publish(self, graph: ModuleGraph, version: int) -> None:
        self._weights = self._ray.put({name: value.detach().cpu() for name, value in graph.state_dict().items()})
        self._version = version

    def receive(self) -> Unroll:
        if not self._coming:  # not before the first weights are there
            self._coming = {self._asked(number): number for number in range(len(self._actors))}
        while True:
            (ready, *_), _ = self._ray.wait(list(self._coming), num_returns=1)
            number = self._coming.pop(ready)
            try:
                unroll: Unroll = self._ray.get(ready)
            except self._ray.exceptions.RayTaskError as error:
                raise PhysimError(f"actor {number} failed: {error.cause}") from None
            except self._ray.exceptions.RayError as error:
                if number not in self._heard:  # as it began, so would all that follow it end
                    raise PhysimError(f"actor {number} died before its first unroll: {error}") from None
                self._replace(number)
                continue
            self._heard.add(number)
            self._coming[self._asked(number)] = number
            return unroll

    def close(self) -> None:
        for actor in self._actors:
            self._ray.kill(actor)
        self._close()

    def _asked(self, number: int) -> Any:
        """The promise of an actor's next unroll."""
        return self._actors[number].unroll.remote(self._weights, self._version)

    def _replace(self, number: int) -> None:
        self._lives[number] = self.buried(number, self._lives[number])
        self._actors[number] = self._remote.remote(self.playing, number, self._lives[number])
        self._coming[self._asked(number)] = number


class _Remote:
    """An actor where Ray put it."""

    def __init__(self, playing: Playing, number: int, life: int) -> None:
        torch.set_num_threads(1)
        self.playing, self.number, self.life = playing, number, life
        self.actor = playing.actor(number=number, life=life)

    def unroll(self, weights: dict[str, Tensor], version: int) -> Unroll:
        self.actor.graph.load_state_dict(weights)
        return replace(self.actor.unroll(self.playing.ticks, version), actor=self.number, life=self.life)
