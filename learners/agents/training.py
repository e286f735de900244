"""The training of an agent: unrolls in, updates, a curve, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn, final

import torch
from torch import Tensor
from tqdm import tqdm

from learners.agents.episodes import Scores
from learners.agents.events import events_in
from learners.agents.identity import identity_of
from learners.agents.learning import Learner, Learning
from learners.agents.losses.base import AgentLoss
from learners.agents.meters import Meters
from learners.agents.transports import Here, Playing, Processes, Transport
from learners.agents.unrolls import ACTION, BEHAVIOUR, Ticks
from learners.checkpoints import Checkpoint, Progress
from learners.rows import make_folder, write_rows
from physim.checks import TEST_SEEDS_FROM, check_is, check_several, check_whole
from physim.errors import PhysimError
from physim.graph import ModuleGraph, save_graph
from physim.interrupts import HeldInterrupts

Losses = Callable[[ModuleGraph], Sequence[AgentLoss]]
"""The list of losses that an agent's graph learns by."""
SAVE_EVERY = 60.0
"""Seconds between checkpoints."""


class Diverged(PhysimError):
    """A training whose losses are no longer finite."""


@final
@dataclass(frozen=True)
class TrainingSettings:
    """How long and where: so many `decisions` of all environments together; the curve has `points`.

    It begins with the tensors of `begin` in the place of those of its graph's state that have their names; the modules
    of `frozen` names do not learn.

    In the folder `out` lie the curve (CSV), the agent as it is, "agent.safetensors", and the checkpoint, which with
    `replay_kept` holds what is replayed, too. With `tensorboard`, its events lie there too. `resume` goes on from that
    checkpoint, to as many decisions or more. `actors` are processes of their own, on a Ray cluster if `cluster`;
    without, environments are played in this one.
    """

    decisions: int
    begin: Mapping[str, Tensor] = field(default_factory=dict, repr=False)
    frozen: Sequence[str] = ()
    actors: int = 0
    cluster: bool = False
    points: int = 100
    out: Path | str | None = None
    resume: bool = False
    replay_kept: bool = False
    tensorboard: bool = False

    def __post_init__(self) -> None:
        check_whole(1, decisions=self.decisions, points=self.points)
        check_whole(0, actors=self.actors)
        check_several(frozen=self.frozen)
        for name in ("resume", "replay_kept", "tensorboard"):
            if getattr(self, name) and self.out is None:
                raise PhysimError(f"{name} wants a folder `out`")
        if self.tensorboard and find_spec("tensorboard") is None:
            raise PhysimError("tensorboard is not installed: pip install 'physim[tensorboard]'")

    @property
    def folder(self) -> Path | None:
        """Where files lie, if any are kept."""
        return None if self.out is None else Path(self.out)


@final
class Training:
    """Trains the agent of `playing` by losses on what its actors bring.

    Where the environments are played here and can tell where they are, as mazes do, a resumed training has the same
    curve as one that was never interrupted, if what is replayed is kept; other episodes begin anew.
    """

    def __init__(self, playing: Playing, losses: Losses, learning: Learning, settings: TrainingSettings) -> None:
        check_is(Playing, playing=playing)
        check_is(Learning, learning=learning)
        check_is(TrainingSettings, settings=settings)
        self.playing, self.settings = playing, settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(playing.seed)  # modules know no other way to draw their first weights
            self.graph = playing.graph()
        _check_training(playing)
        _begin(self.graph, settings.begin, settings.frozen)
        self.learner = Learner(self.graph, _losses_of(self.graph, losses), learning, playing.seed)
        self._check_replay()
        self.progress, self.decisions, self.diverged = Progress(), 0, False
        self.meters, self.scores = Meters(), Scores()
        self._more: Ticks = {}
        self._ran = False

    def run(self, progress: bool = True) -> list[dict[str, float]]:
        """Train to the end; gives the curve, a row for each point. Ctrl-C leaves a checkpoint and passes on; once more,
        it only passes on.

        Raises: Diverged where a loss is no longer finite.
        """
        if self._ran:
            raise PhysimError("this training has run: make another, with resume=True to go on from where it was kept")
        self._ran = True
        self._enter()
        events = events_in(self.settings.folder if self.settings.tensorboard else None)
        with (
            HeldInterrupts() as interrupts,
            self._transport() as transport,
            self._bar(progress) as bar,
            events as write,
        ):
            if self.settings.resume:
                self._go_on(transport)
                bar.update(self.decisions)
            else:
                self._save(transport)  # at once: another training is to find the folder taken
            begun = saved = time.perf_counter()
            before, first = self.progress.seconds, self.decisions
            while self.decisions < self.settings.decisions:
                self._update(transport, bar)
                self.progress.seconds = before + time.perf_counter() - begun
                self._point(transport.replaced, write)
                if interrupts.asked or time.perf_counter() - saved > SAVE_EVERY:
                    self._save(transport)
                    saved = time.perf_counter()
                if interrupts.asked:
                    raise KeyboardInterrupt(self._stopped)
            if self.decisions > first:  # where there was nothing to do, what is kept stays as it is
                self._save(transport)
        return self.progress.curve

    @property
    def _stopped(self) -> str:
        """What is told who stopped the training."""
        kept = self.settings.out
        hint = "nothing of it was kept: see `out`" if kept is None else f"go on from {kept} by resume=True"
        return f"stopped after {self.decisions} decisions; {hint}"

    def _check_replay(self) -> None:
        """Refuse to end before what is replayed has begun, or a replay that is shorter than unrolls."""
        if self.learner.replay is None:
            return
        self.learner.settings.check_unrolls(self.playing.ticks)
        ticks = self.learner.settings.begin * self.learner.settings.replay
        first = ticks * self.playing.environments.count * max(1, self.settings.actors)
        if first > self.settings.decisions:
            raise PhysimError(
                f"learning from what is replayed begins after {first:.0f} decisions, {ticks:.0f} of each environment, "
                f"and there are only {self.settings.decisions}: make more, or the replay smaller, Learning(replay=), "
                "or begin sooner, at a share of it, Learning(begin=)"
            )

    def _update(self, transport: Transport, bar: tqdm[NoReturn]) -> None:
        unroll = transport.receive()
        staleness = {"staleness": float(self.learner.version - unroll.version)}
        losses = self.learner.update(unroll)
        if not all(map(math.isfinite, losses.values())):
            self.diverged = True
            told = f"after {self.decisions} decisions the losses are {losses}{_astray(unroll.ticks)}"
            raise Diverged(f"the training diverged: {told}")
        transport.publish(self.graph, self.learner.version)
        self.decisions += unroll.decisions
        self.progress.updates += 1
        self.meters.add(losses | staleness, self.scores.ended(unroll))
        bar.update(unroll.decisions)
        bar.set_postfix_str(str(self.meters), refresh=False)

    def _point(self, replaced: int, write: Callable[[Mapping[str, float]], None]) -> None:
        """Add a row to the curve where one is due."""
        last = int(self.progress.curve[-1]["decisions"]) if self.progress.curve else 0
        if self._points_at(self.decisions) == self._points_at(last):
            return
        told = {"decisions": float(self.decisions), "seconds": self.progress.seconds, "replaced": float(replaced)}
        row = told | self.meters.taken()
        self.progress.curve.append(row)
        if self.settings.folder is not None:
            write_rows(self.settings.folder / "curve.csv", [dict(row) for row in self.progress.curve])
        write(row)

    def _points_at(self, decisions: int) -> int:
        """How many points are due after so many decisions."""
        return decisions * self.settings.points // self.settings.decisions

    def _transport(self) -> Transport:
        if self.settings.cluster:
            from learners.agents.transports.cluster import Cluster  # wants Ray

            return Cluster(self.playing, self.graph, max(1, self.settings.actors))
        if self.settings.actors:
            return Processes(self.playing, self.graph, self.settings.actors)
        return Here(self.playing, self.graph)

    def _bar(self, progress: bool) -> tqdm[NoReturn]:
        silent = None if progress else True
        return tqdm(desc="train", unit=" decisions", unit_scale=True, total=self.settings.decisions, disable=silent)

    @property
    def _checkpoint(self) -> Checkpoint | None:
        if self.settings.folder is None:
            return None
        path = self.settings.folder / "checkpoint.safetensors"
        told = identity_of(self.playing, self.learner, self.settings.frozen)
        return Checkpoint(path, told, self.graph, self.learner.optimiser)

    def _enter(self) -> None:
        """Take over what a checkpoint says, or refuse to write over it, before there are actors."""
        if self._checkpoint is None:
            return
        path = self._checkpoint.path
        if self.settings.resume:
            self._read(self._checkpoint)
        elif path.exists():
            raise PhysimError(
                f"out: {path.parent} holds a training: go on from it by resume=True, remove it, or name another folder"
            )
        make_folder(path.parent, "out")

    def _save(self, transport: Transport) -> None:
        if self._checkpoint is not None:
            learned = self.learner.saved(self.settings.replay_kept)
            told = self.scores.saved() | self.meters.saved() | {"decisions": torch.tensor(self.decisions)}
            self._checkpoint.save(self.progress, learned | told | transport.saved())
            save_graph(self._checkpoint.path.with_name("agent.safetensors"), self.graph)

    def _read(self, checkpoint: Checkpoint) -> None:
        """Take over what a checkpoint says."""
        self.progress = checkpoint.load()
        self._more = checkpoint.more()
        self.decisions = int(self._more["decisions"])
        unroll = self.playing.ticks * self.playing.environments.count  # by so many the last may lie behind the end
        if self.decisions - unroll >= self.settings.decisions:
            raise PhysimError(
                f"decisions is {self.settings.decisions}, but {self.decisions} are made in {self.settings.out}"
            )
        kept = any(name.startswith("replay/") for name in self._more)
        if self.settings.replay_kept and self.learner.replay is not None and not kept:
            raise PhysimError(f"replay_kept: {checkpoint.path} holds nothing of what was replayed: resume without it")
        self.learner.restore(self._more)
        self.scores.restore(self._more)
        self.meters.restore(self._more)
        self.playing = replace(self.playing, begun=self.progress.updates)

    def _go_on(self, transport: Transport) -> None:
        """Let actors go on from where they were."""
        transport.restore(self._more)
        transport.publish(self.graph, self.learner.version)
        self._more = {}


def _losses_of(graph: ModuleGraph, losses: Losses) -> Sequence[AgentLoss]:
    """What a graph learns by; refuse what is no list of losses."""
    if not callable(losses):
        raise PhysimError(f"losses is a {type(losses).__name__}, wanted a function that gives the losses of a graph")
    found = losses(graph)
    if not (isinstance(found, Sequence) and found and all(isinstance(loss, AgentLoss) for loss in found)):
        raise PhysimError(f"losses gave {found!r}, wanted a list of at least one loss")
    return found


def _astray(ticks: Ticks) -> str:
    """What environments gave that is not finite, for a sentence."""
    given = {name: value for name, value in ticks.items() if name not in (ACTION, BEHAVIOUR)}
    names = [name for name, value in given.items() if not bool(value.isfinite().all())]
    return f"; the environments gave what is not finite: {', '.join(names)}" if names else ""


def _begin(graph: ModuleGraph, begin: Mapping[str, Tensor], frozen: Sequence[str]) -> None:
    """Put tensors in the place of a graph's own, and let modules stay as they are."""
    state = graph.state_dict()
    for name, value in begin.items():
        if not isinstance(value, Tensor):
            raise PhysimError(f"begin: '{name}' is {value!r}, wanted a tensor")
        if name not in state or state[name].shape != value.shape:
            wanted = f"{list(state[name].shape)}" if name in state else "a name of the graph's state"
            raise PhysimError(f"begin: '{name}' {list(value.shape)} does not fit, wanted {wanted}")
    graph.load_state_dict({**state, **begin})
    modules = dict(graph.named_modules())
    for name in frozen:
        if name not in modules:
            raise PhysimError(f"frozen: the graph has no module '{name}'")
        modules[name].requires_grad_(False)


def _check_training(playing: Playing) -> None:
    """Refuse to learn from what is for tests."""
    settings = playing.environments.settings
    if settings.get("test"):
        raise PhysimError("these environments are for tests: train on others")
    for what, seed in {"the environments' seed": settings.get("seed", 0), "seed": playing.seed}.items():
        if seed >= TEST_SEEDS_FROM:
            raise PhysimError(f"{what} must be under {TEST_SEEDS_FROM} (the rest are for tests), got {seed}")
