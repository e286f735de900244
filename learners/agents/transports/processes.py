"""Actors in processes of their own; unrolls and weights lie in memory that they share with the learner."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from multiprocessing import connection
from typing import Any, final

import torch
from torch import Tensor

from learners.agents.transports.base import Playing, Transport
from learners.agents.unrolls import Ticks, Unroll
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.interrupts import ignore_interrupts

SLOTS = 2
"""How many unrolls an actor may have on the way: it decides one while another is learned from."""


@final
class Processes(Transport):
    """So many actors, one thread each. One that dies is replaced by another that begins anew.

    Raises: PhysimError where an actor fails, with what it said, or dies LIVES times.
    """

    def __init__(self, playing: Playing, graph: ModuleGraph, count: int) -> None:
        self.playing, self.replaced = playing, 0
        self._context = torch.multiprocessing.get_context("spawn")
        self._weights = {
            name: value.detach().cpu().clone().share_memory_() for name, value in graph.state_dict().items()
        }
        self._version = self._context.Value("q", 0)  # its lock guards the weights too
        self.actors = [_Process(self, number, 0) for number in range(count)]
        self._learned: tuple[_Process, int] | None = None

    def publish(self, graph: ModuleGraph, version: int) -> None:
        with self._version.get_lock():
            _copy(graph.state_dict(), self._weights)
            self._version.value = version

    def receive(self) -> Unroll:
        if self._learned is not None:
            self._learned[0].free(self._learned[1])
            self._learned = None
        while True:
            ready = connection.wait([actor.line for actor in self.actors])
            for actor in self.actors:
                if actor.line in ready and (unroll := self._brought(actor)) is not None:
                    return unroll

    def close(self) -> None:
        for actor in self.actors:
            actor.process.kill()
        for actor in self.actors:
            actor.process.join()
            actor.line.close()

    def _brought(self, actor: _Process) -> Unroll | None:
        """What an actor has to say: an unroll, that it is ready, or nothing, if it is dead."""
        try:
            said, content = actor.line.recv()
        except (EOFError, ConnectionResetError, OSError):
            self._replace(actor)
            return None
        if said == "failed":
            raise PhysimError(f"actor {actor.number} failed: {content}")
        if said == "ready":
            actor.share(content)
            return None
        slot, unroll = content
        self._learned = (actor, slot)
        return replace(unroll, ticks=actor.slots[slot])

    def _replace(self, dead: _Process) -> None:
        dead.process.join()
        dead.line.close()
        life = self.buried(dead.number, dead.life)
        self.actors[self.actors.index(dead)] = _Process(self, dead.number, life)


class _Process:
    """An actor's process as its learner sees it: the line to it, and the memory they share."""

    def __init__(self, owner: Processes, number: int, life: int) -> None:
        self.number, self.life = number, life
        self.slots: list[Ticks] = []
        self.line, end = owner._context.Pipe()
        arguments = (owner.playing, owner._weights, owner._version, end, number, life)
        self.process = owner._context.Process(target=_act, args=arguments, daemon=True, name=f"actor {number}")
        self.process.start()
        end.close()

    def share(self, like: Mapping[str, Tensor]) -> None:
        """Lay out memory for unrolls like this one, and hand it over."""
        self.slots = [
            {name: torch.empty_like(value).share_memory_() for name, value in like.items()} for _ in range(SLOTS)
        ]
        self._send(self.slots)
        for slot in range(SLOTS):
            self.free(slot)

    def free(self, slot: int) -> None:
        """Let the actor fill a slot again."""
        self._send(slot)

    def _send(self, what: Any) -> None:
        with suppress(OSError):  # it is dead, as `receive` will find
            self.line.send(what)


def _act(playing: Playing, weights: dict[str, Tensor], version: Any, line: Any, number: int, life: int) -> None:
    """Bring unrolls for ever, by the newest weights each."""
    ignore_interrupts()
    torch.set_num_threads(1)
    try:
        actor = playing.actor(number=number, life=life)
        own = actor.graph.state_dict()
        line.send(("ready", actor.unroll(playing.ticks).ticks))
        slots = line.recv()
        while True:
            slot = line.recv()
            with version.get_lock():
                _copy(weights, own)
                now = version.value
            unroll = actor.unroll(playing.ticks, now)
            _copy(unroll.ticks, slots[slot])
            line.send(("unroll", (slot, replace(unroll, ticks={}, actor=number, life=life))))
    except EOFError:
        pass  # the learner is gone
    except Exception as error:  # whatever it is, the learner says it
        line.send(("failed", f"{type(error).__name__}: {error}"))
        raise


def _copy(values: Mapping[str, Tensor], into: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, value in values.items():
            into[name].copy_(value)
