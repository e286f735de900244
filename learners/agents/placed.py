"""The training of an agent whose vision and core learn in processes of their own."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import cycle
from multiprocessing import connection, parent_process
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple, final

import torch
from torch import Tensor, nn

from learners.agents.episodes import Scores
from learners.agents.graphs import CONVOLUTIONS, FEATURES, HIDDEN, MESSAGES
from learners.agents.learning import Learning
from learners.agents.losses.base import FRESH, AgentLoss
from learners.agents.meters import Meters
from learners.agents.training import Diverged, Training
from learners.agents.transports import Playing
from learners.agents.transports.processes import cause_of
from learners.agents.unrolls import AVERAGE_POLICY, REWARD, Ticks, begun, inputs_of
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.graph.nodes import ModuleNode
from physim.interrupts import ignore_interrupts
from physim.ranks import Batch, Placed
from physim.ranks.launch import rendezvous

EYES = (CONVOLUTIONS, MESSAGES, HIDDEN, FEATURES)
"""The modules of vision."""
VISION, CORE = 0, 1
NAMES = ("vision", "core")
"""The processes' names, by rank."""
SOON = 2.0
"""Seconds in which the other process says what it has to say, where one has failed."""
SLOTS = 2
"""How many unrolls may be on the way: one is played while another is learned from."""
CONTEXT = torch.multiprocessing.get_context("spawn")
Points = list[dict[str, float]]


def train_placed(training: Training) -> Points:
    """Train an agent in two processes: in one its vision learns, and all is played; in the other the rest learns.

    Behind features that are cut vision waits for no gradient, else for that of every unroll. What is learned lies in
    memory that both share, so that actions are decided by the newest weights, as they are (Hogwild, arXiv:1106.5730).
    Each process clips the gradients of its own modules. Gives the curve, which then stands in the training, too.

    Raises: PhysimError where an agent has no LSTM, or more is asked for than to learn once from what was just played,
    where a loss is no longer finite, and where a process dies, with its name.
    """
    _check(training)
    parts = _parts(training)
    _store, told = rendezvous(len(NAMES))  # kept until all have ended
    pipes = {name: CONTEXT.Pipe(duplex=False) for name in NAMES}
    processes = {
        name: CONTEXT.Process(target=_learn, args=(rank, parts, told[rank], pipes[name][1]), daemon=True, name=name)
        for rank, name in enumerate(NAMES)
    }
    for name, process in processes.items():
        process.start()
        pipes[name][1].close()
    try:
        said = _words({name: line for name, (line, _) in pipes.items()}, processes)
        if NAMES[VISION] in said:
            training.progress.curve = said[NAMES[VISION]].curve
        _raise_if_failed(training, [each.error for each in said.values() if each.error is not None])
        for process in processes.values():
            process.join()
    finally:
        for process in processes.values():
            process.kill()  # of no consequence where it has ended
            process.join()
    training.decisions = parts.updates * parts.each
    return training.progress.curve


@final
@dataclass(frozen=True)
class _Parts:
    """What both processes know: the agent and how it learns, and the unrolls that one fills and the other empties.

    It is trained by so many `updates` on as many unrolls, of so many decisions `each`; the curve has `points`.
    """

    playing: Playing
    graph: ModuleGraph
    losses: Sequence[AgentLoss]
    learning: Learning
    updates: int
    each: int
    points: int
    slots: Sequence[Ticks]
    free: Any

    @property
    def ranks(self) -> dict[str, int]:
        """The process of each module."""
        names = [node.name for node in self.graph.nodes if isinstance(node, ModuleNode)]
        return {name: VISION if name in EYES else CORE for name in names}

    def optimiser(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """What steps one part, whose gradients it clips by their own length."""
        its = list(parameters)
        optimiser = self.learning.optimiser(its)

        def clip(*_: Any) -> None:
            nn.utils.clip_grad_norm_(its, self.learning.clip)

        optimiser.register_step_pre_hook(clip)
        return optimiser

    def played(self, curve: Points) -> Iterator[Batch]:
        """Play an unroll for each update, and keep the curve."""
        actor, meters, scores = self.playing.actor(self.graph), Meters(), Scores()
        start = time.perf_counter()
        for number, slot in enumerate(cycle(self.slots), 1):
            self.free.acquire()
            unroll = actor.unroll(self.playing.ticks)
            for name, value in unroll.ticks.items():
                slot[name].copy_(value)
            meters.add({}, scores.ended(unroll))
            if number * self.points >= (len(curve) + 1) * self.updates:
                told = {"decisions": float(number * self.each), "seconds": time.perf_counter() - start}
                curve.append(told | meters.taken())
            yield self._batch(unroll.ticks)

    def taken(self) -> Iterator[Batch]:
        """Take the unrolls that were played, one after the other."""
        for slot in cycle(self.slots):
            ticks = {name: value.clone() for name, value in slot.items()}
            self.free.release()
            yield self._batch(ticks)

    def _batch(self, ticks: Ticks) -> Batch:
        scaled = {REWARD: self.learning.reward_scale * ticks[REWARD]}
        return Batch(inputs_of(self.graph, ticks), ticks | scaled, begun(ticks))


def _parts(training: Training) -> _Parts:
    """What a training hands to its processes, in memory that they share."""
    playing = replace(training.playing, remembered=True)
    actor = playing.actor(training.graph)
    like = actor.unroll(playing.ticks)
    actor.env.close()
    slots = [
        {name: torch.empty_like(value).share_memory_() for name, value in like.ticks.items()} for _ in range(SLOTS)
    ]
    return _Parts(
        playing,
        training.graph.share_memory(),
        training.learner.losses,
        training.learner.settings,
        math.ceil(training.settings.decisions / like.decisions),
        like.decisions,
        training.settings.points,
        slots,
        CONTEXT.Semaphore(SLOTS),
    )


def _check(training: Training) -> None:
    """Refuse what two processes would do wrongly in silence."""
    settings, learning = training.settings, training.learner.settings
    if not training.graph.remembers:
        raise PhysimError("an agent without an LSTM has no core that could learn in a process of its own")
    for loss in training.learner.losses:
        if loss.stream != FRESH:
            raise PhysimError(f"two processes: '{loss.name}' is of the stream '{loss.stream}', wanted '{FRESH}'")
        if AVERAGE_POLICY in loss.wants:
            raise PhysimError(f"two processes keep no average policy, which '{loss.name}' wants")
    if learning.repeats != 1 or learning.precision != "32-true":
        raise PhysimError("two processes learn once from each unroll: wanted repeats=1 and precision='32-true'")
    if settings.actors or settings.cluster or settings.out is not None:
        raise PhysimError("two processes play in one of them and keep no files: wanted no actors and no folder `out`")


class _Said(NamedTuple):
    """What a process says at its end: the curve, which vision alone keeps, and by what it failed, if it did."""

    curve: Points
    error: PhysimError | None


def _words(lines: Mapping[str, connection.Connection], processes: Mapping[str, BaseProcess]) -> dict[str, _Said]:
    """What each process says at its end, or, where one failed, what the others say soon; raises PhysimError where one
    dies before.
    """
    said: dict[str, _Said] = {}
    while len(said) < len(lines):
        ready = connection.wait([line for name, line in lines.items() if name not in said])
        for name in [name for name, line in lines.items() if line in ready]:
            try:
                said[name] = lines[name].recv()
            except (EOFError, ConnectionResetError):
                raise PhysimError(f"the process of the {name} died {cause_of(processes[name])}") from None
            if said[name].error is not None:
                return said | _soon({other: line for other, line in lines.items() if other not in said})
    return said


def _soon(lines: Mapping[str, connection.Connection]) -> dict[str, _Said]:
    """What processes say of which another has failed."""
    said: dict[str, _Said] = {}
    for name, line in lines.items():
        with suppress(EOFError, ConnectionResetError):
            if line.poll(SOON):
                said[name] = line.recv()
    return said


def _raise_if_failed(training: Training, errors: Sequence[PhysimError]) -> None:
    """Raise why a training ended: where it diverged in one process, the other may say first that its fellow died."""
    diverged = [error for error in errors if isinstance(error, Diverged)]
    training.diverged = bool(diverged)
    for error in (*diverged, *errors):
        raise error


def _learn(rank: int, parts: _Parts, told: Mapping[str, str], line: connection.Connection) -> None:
    """Run one of the processes, to the end of the training or of the process that began it."""
    ignore_interrupts()
    torch.set_num_threads(1)
    os.environ.update(told)
    parent, curve = parent_process(), Points()
    assert parent is not None
    batches = parts.played(curve) if rank == VISION else parts.taken()
    with Placed(parts.graph, parts.losses, parts.optimiser, parts.ranks, lambda _: next(batches), SLOTS) as placed:
        try:
            while placed.version + 1 < parts.updates and parent.is_alive():
                _check_finite(placed.update() or {}, placed.version)
            placed.finish()
            line.send(_Said(curve, None))
        except PhysimError as error:
            line.send(_Said(curve, error))
            sys.exit(1)


def _check_finite(losses: Mapping[str, Tensor], version: int) -> None:
    told = {name: float(loss) for name, loss in losses.items()}
    if not all(map(math.isfinite, told.values())):
        raise Diverged(f"the training diverged: after {version} updates the losses are {told}")
