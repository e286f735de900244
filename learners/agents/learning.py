"""How agents learn: one update by all losses, each on its stream."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from statistics import fmean
from typing import final

import torch
from torch import Tensor, nn

from learners.agents.graphs import POLICY
from learners.agents.losses.base import FRESH, NOTED, REPLAYED, SKEWED, AgentLoss, check_taught
from learners.agents.modules import TRIES
from learners.agents.replay import Replay
from learners.agents.unrolls import (
    ALWAYS,
    AVERAGE_POLICY,
    BEHAVIOUR,
    NEXT_REWARD,
    RESET,
    REWARD,
    TRIED,
    Ticks,
    Unroll,
    begun,
    inputs_of,
)
from learners.precision import PRECISIONS, mixed, whole
from physim.checks import check_among, check_between, check_positive, check_whole
from physim.errors import PhysimError
from physim.graph import ModuleGraph, Port, State
from physim.graph.average import Average
from physim.graph.context import map_tree
from physim.graph.cutting import Decoupled
from physim.graph.losses import check_names, values_of
from physim.learner import Precision

CLIPPED = "clipped"
"""In what share of updates the gradient was too long, in curves."""


@final
@dataclass(frozen=True)
class Learning:
    """How to learn: RMSProp at `rate`, its gradients at most `clip` long, on rewards times `reward_scale`.

    Products are taken in `precision`.

    `replay` ticks of each environment are kept; an update learns once more from `sequences` of them, as long as
    unrolls, and foresees `foreseen` rewards. With a `ratio`, what is replayed has updates of its own instead, so many
    for one unroll that is fresh, by Poisson's distribution; what is fresh has `repeats`. Nothing is replayed before the
    replay is filled to `begin`.

    Where losses keep near an average policy, its weights move by 1 - `average_decay` of the way at an update.
    """

    rate: float = 7e-4
    decay: float = 0.99
    epsilon: float = 1e-5
    clip: float = 1.0
    reward_scale: float = 1.0
    precision: Precision = "32-true"
    replay: int = 2000
    sequences: int = 8
    foreseen: int = 32
    begin: float = 1.0
    ratio: float | None = None
    repeats: int = 1
    average_decay: float = 0.99

    def __post_init__(self) -> None:
        check_positive(rate=self.rate, epsilon=self.epsilon, clip=self.clip)
        check_between(0, math.inf, reward_scale=self.reward_scale, ratio=self.ratio)
        whole = {name: getattr(self, name) for name in ("replay", "sequences", "foreseen", "repeats")}
        check_whole(1, **whole)
        check_among("precision", self.precision, PRECISIONS)
        check_between(0, 1, decay=self.decay, average_decay=self.average_decay, begin=self.begin)
        for name, share in {"decay": self.decay, "average_decay": self.average_decay}.items():
            if share == 1:
                raise PhysimError(f"{name} is 1, wanted less: nothing would move")
        check_positive(begin=self.begin)

    def check_unrolls(self, decisions: int) -> None:
        """Refuse a replay that begins with fewer ticks than there are in unrolls of so many decisions."""
        ticks = self.replay * self.begin
        if ticks <= decisions + 1:
            raise PhysimError(
                f"replay begins with {ticks:.0f} ticks, {self.begin} of {self.replay}, wanted more than unrolls have, "
                f"{decisions + 1}"
            )

    def optimiser(self, parameters: Iterable[nn.Parameter]) -> torch.optim.RMSprop:
        """What steps parameters, once their gradients are clipped."""
        return torch.optim.RMSprop(parameters, self.rate, self.decay, self.epsilon, foreach=True)


@final
class Learner:
    """Updates an agent's graph by a list of losses."""

    def __init__(
        self, graph: ModuleGraph, losses: Sequence[AgentLoss], settings: Learning = Learning(), seed: int = 0
    ) -> None:
        check_names(losses)
        check_taught(losses)
        self.graph, self.losses, self.settings = graph, losses, settings
        self.optimiser = settings.optimiser(graph.parameters())
        self.clipped = _clipped(graph)
        again = [loss for loss in losses if loss.stream != FRESH]
        if settings.ratio and not again:
            raise PhysimError(f"ratio is {settings.ratio}, but no loss learns from what is replayed")
        if settings.ratio == 0 and again:
            names = ", ".join(loss.name for loss in again)
            raise PhysimError(f"ratio is 0, but {names} learn from what is replayed: leave these out instead")
        kept = {*ALWAYS, *graph.inputs, *(name for loss in again for name in loss.wants)}
        self.replay = Replay(settings.replay, kept) if again else None
        near = any(AVERAGE_POLICY in loss.wants for loss in losses)
        self.average = Average(graph, settings.average_decay) if near else None
        self.random = torch.Generator().manual_seed(seed)
        self.version = 0

    def update(self, unroll: Unroll) -> dict[str, float]:
        """Learn from an unroll, and from what is replayed; gives the losses by name, the means over all steps."""
        decisions = unroll.ticks[RESET].shape[1] - 1
        ready = self._kept(unroll, decisions)
        steps: list[dict[str, float]] = []
        for _ in range(self.settings.repeats):
            losses = self._losses(FRESH, unroll.ticks, unroll.state)
            if self.settings.ratio is None and ready:
                losses |= self._replayed(decisions)
            steps.append(self._step(losses))
        if self.settings.ratio is not None and ready:
            times = int(torch.poisson(torch.tensor(float(self.settings.ratio)), generator=self.random))
            steps += [self._step(self._replayed(decisions)) for _ in range(times)]
        names = dict.fromkeys(name for step in steps for name in step)
        return {name: fmean(step[name] for step in steps if name in step) for name in names}

    def _kept(self, unroll: Unroll, decisions: int) -> bool:
        """Keep an unroll where anything is replayed; whether enough is kept to begin."""
        if self.replay is None:
            return False
        self.settings.check_unrolls(decisions)
        self.replay.add(unroll)
        return self.replay.filled >= self.settings.begin

    def _step(self, losses: Mapping[str, Tensor]) -> dict[str, float]:
        """One update by all these losses, if there are any."""
        if not losses:
            return {}
        for name, value in losses.items():
            if not value.requires_grad:
                raise PhysimError(f"{name} has no gradient: it was cut off, or all that it stands on is frozen")
        self.optimiser.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        norm, *_ = [nn.utils.clip_grad_norm_(each, self.settings.clip) for each in self.clipped]
        self.optimiser.step()
        if self.average is not None:
            self.average.update()
        self.version += 1
        told = {name: float(loss.detach()) for name, loss in losses.items()}
        for loss in self.losses:
            if loss.name in losses:
                told |= {f"{loss.name}{NOTED}{name}": note for name, note in loss.notes.items()}
        return told | {"gradient": float(norm), CLIPPED: float(norm > self.settings.clip)}

    def saved(self, replay: bool) -> Ticks:
        """Where it is beside its weights and optimiser, by name; with what is replayed, if asked."""
        found = {"version": torch.tensor(self.version), "drawn": self.random.get_state()}
        if self.average is not None:
            found |= {f"average/{name}": value for name, value in self.average.shadow.state_dict().items()}
        return found | (self.replay.saved() if replay and self.replay is not None else {})

    def take_over(self, other: Learner) -> None:
        """Go on from what a learner of the same setting has learned, and from what it replays, which stay its own."""
        self.graph.load_state_dict(other.graph.state_dict())
        self.optimiser.load_state_dict(deepcopy(other.optimiser.state_dict()))
        self.restore({name: value.clone() for name, value in other.saved(replay=True).items()})

    def restore(self, saved: Ticks) -> None:
        """Go on from where a learner was; without what it replayed, the replay fills anew."""
        self.version = int(saved["version"])
        self.random.set_state(saved["drawn"])
        if self.average is not None:
            state = {name: saved[f"average/{name}"] for name in self.average.shadow.state_dict()}
            self.average.shadow.load_state_dict(state)
        if self.replay is not None:
            self.replay.restore(saved)

    def _replayed(self, decisions: int) -> dict[str, Tensor]:
        assert self.replay is not None
        found: dict[str, Tensor] = {}
        streams = {loss.stream for loss in self.losses}
        if REPLAYED in streams:
            ticks = self.replay.sequences(self.settings.sequences, decisions, self.random)
            found |= self._losses(REPLAYED, ticks, begun(ticks))
        if SKEWED in streams:
            found |= self._losses(SKEWED, self.replay.skewed(self.settings.foreseen, self.random))
        return found

    def _losses(self, stream: str, ticks: Ticks, state: State | None = None) -> dict[str, Tensor]:
        device = next(self.graph.parameters()).device
        ticks = {name: value.to(device) for name, value in ticks.items()}
        losses = [loss for loss in self.losses if loss.stream == stream]
        if not losses:
            return {}
        state = None if state is None else map_tree(lambda value: value.to(device), state)
        if TRIED in self.graph.inputs:
            shape = (*ticks[RESET].shape, TRIES, ticks[BEHAVIOUR].shape[-1])
            ticks[TRIED] = torch.randn(shape, generator=self.random).to(device)
        if any(AVERAGE_POLICY in loss.wants for loss in losses):
            ticks[AVERAGE_POLICY] = self._near(ticks, state)
        with mixed(self.settings.precision, device):
            values = values_on(self.graph, [port for loss in losses for port in loss.ports], ticks, state)
        values = {port: whole(value) for port, value in values.items()}
        ticks |= {name: self.settings.reward_scale * ticks[name] for name in (REWARD, NEXT_REWARD) if name in ticks}
        return {loss.name: loss.among(values, ticks) for loss in losses}

    @torch.no_grad()
    def _near(self, ticks: Ticks, state: State | None) -> Tensor:
        """The logits of the average policy [B, T, A]."""
        assert self.average is not None
        port = self.average.shadow[POLICY]
        return values_on(self.average.shadow, [port], ticks, state)[port]


def _clipped(graph: ModuleGraph) -> list[list[nn.Parameter]]:
    """What has a gradient of its own length: the agent, and each synthesizer, which learns by a loss of its own."""
    guesses = [list(node.synthesizer.parameters()) for node in graph.nodes if isinstance(node, Decoupled)]
    theirs = {id(one) for each in guesses for one in each}
    return [[one for one in graph.parameters() if id(one) not in theirs], *guesses]


def values_on(
    graph: ModuleGraph, ports: Sequence[Port], ticks: Ticks, state: State | None = None
) -> dict[Port, Tensor]:
    """The values [B, T, ...] of ports on ticks [B, T, ...], from a memory; agents may be without one."""
    inputs = inputs_of(graph, ticks)
    if graph.remembers:
        return values_of(graph, ports, inputs, state, ticks[RESET])[0]
    shape = ticks[RESET].shape
    values, _ = values_of(graph, ports, {name: value.flatten(0, 1) for name, value in inputs.items()})
    return {port: value.unflatten(0, shape) for port, value in values.items()}
