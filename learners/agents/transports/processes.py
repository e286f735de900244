"""Actors in processes of their own; unrolls and weights lie in memory that they share with the learner."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import Any, final

import torch
from torch import Tensor

from learners.agents.transports.base import Playing, Transport
from learners.agents.unrolls import Ticks, Unroll
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.interrupts import children_ignore_interrupts, ignore_interrupts

SLOTS = 2
"""How many unrolls an actor may have on the way: it decides one while another is learned from."""


@final
class Processes(Transport):
    """So many actors, one thread each. One that dies is replaced by another that begins anew.

    Raises: PhysimError where an actor fails, with what it said, or dies LIVES times, or before its first unroll.
    """

    def __init__(self, playing: Playing, graph: ModuleGraph, count: int) -> None:
        self.playing, self.replaced = playing, 0
        self._context = torch.multiprocessing.get_context("spawn")
        self._weights = [
            {name: value.detach().cpu().clone().share_memory_() for name, value in graph.state_dict().items()}
            for _ in range(2)
        ]
        self._clock = self._context.Array("q", [0, 0], lock=False)  # how often was published, and which version last
        self.actors = [_Process(self, number, 0) for number in range(count)]
        self._learned: tuple[_Process, int] | None = None
        self._turn = 0  # whose unroll is taken next, if it is there: nobody is always the last

    def publish(self, graph: ModuleGraph, version: int) -> None:
        times = self._clock[0] + 1
        _copy(graph.state_dict(), self._weights[times % 2])  # the others are being read
        self._clock[1] = version
        self._clock[0] = times

    def receive(self) -> Unroll:
        if self._learned is not None:
            self._learned[0].free(self._learned[1])
            self._learned = None
        while True:
            ready = connection.wait([actor.line for actor in self.actors])
            for actor in self.actors[self._turn :] + self.actors[: self._turn]:
                if actor.line in ready and (unroll := self._brought(actor)) is not None:
                    self._turn = (actor.number + 1) % len(self.actors)
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
        cause = cause_of(dead.process)
        dead.line.close()
        if not (dead.life or dead.slots):  # as it began, so would all that follow it end
            raise PhysimError(f"actor {dead.number} died before its first unroll {cause}")
        life = self.buried(dead.number, dead.life)
        self.actors[self.actors.index(dead)] = _Process(self, dead.number, life)


class _Process:
    """An actor's process as its learner sees it: the line to it, and the memory they share."""

    def __init__(self, owner: Processes, number: int, life: int) -> None:
        self.number, self.life = number, life
        self.slots: list[Ticks] = []
        self.line, end = owner._context.Pipe()
        arguments = (owner.playing, owner._weights, owner._clock, end, number, life)
        self.process = owner._context.Process(target=_act, args=arguments, daemon=True, name=f"actor {number}")
        with children_ignore_interrupts():
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


def cause_of(dead: BaseProcess) -> str:
    """Why a process died, as far as its end tells."""
    dead.join()
    if dead.exitcode is not None and dead.exitcode < 0:
        return f"(signal {-dead.exitcode}): is there too little memory?"
    return (
        f"(exit code {dead.exitcode}, of what is told above): a new process imports the script that started it, so "
        'what that does must stand under `if __name__ == "__main__":`'
    )


def _act(playing: Playing, weights: list[Ticks], clock: Any, line: Any, number: int, life: int) -> None:
    """Bring unrolls for ever, by the newest weights each."""
    ignore_interrupts()
    torch.set_num_threads(1)
    try:
        actor = playing.actor(number=number, life=life)
        unroll = actor.unroll(playing.ticks, _newest(weights, clock, actor.graph))
        line.send(("ready", unroll.ticks))
        slots = line.recv()
        slot = line.recv()
        while True:
            _copy(unroll.ticks, slots[slot])
            line.send(("unroll", (slot, replace(unroll, ticks={}, actor=number, life=life))))
            slot = line.recv()
            unroll = actor.unroll(playing.ticks, _newest(weights, clock, actor.graph))
    except EOFError:
        pass  # the learner is gone
    except Exception as error:  # whatever it is, the learner says it
        line.send(("failed", traceback.format_exc() if not isinstance(error, PhysimError) else str(error)))


def _newest(weights: list[Ticks], clock: Any, graph: ModuleGraph) -> int:
    """Take over the newest weights and give their version; without a lock, which the dead would hold for ever."""
    while True:
        times, version = clock[0], clock[1]
        _copy(weights[times % 2], graph.state_dict())
        if clock[0] == times:  # else they may have changed meanwhile
            return int(version)


def _copy(values: Mapping[str, Tensor], into: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, value in values.items():
            into[name].copy_(value)
