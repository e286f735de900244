"""The training loop: examples, updates, early reports, checkpoints."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from tqdm import tqdm

from learners.physics.checkpoints import Checkpoint, Identity, Progress
from learners.physics.configs import CONFIGS, graph_batch, prepared
from learners.physics.data import Batch, OneSteps
from learners.physics.loss_log import LossLog
from learners.physics.losses import ImpulseError
from physim.errors import PhysimError
from physim.graph import Loss, ModuleGraph
from physim.interaction import predicted
from physim.interrupts import HeldInterrupts
from physim.learner import TrainSettings
from physim.worlds.base import World

HELD_OUT = 0.1  # the share of scenes that only the reports see
REPORTS = (10.0, 30.0)  # seconds at which the first reports come; then one a minute
SAVE_EVERY = 60.0  # seconds
WARM_UP = 200  # updates
NOISY = ("pos", "vel")


class Objective(nn.Module):
    """A graph with its losses, as one module that gives the losses: what data-parallel training wraps.

    Windows of several steps run as the engine of `world` does, by its dt and position rule, and contacts are found anew
    in every step; only the true velocity that follows is told.
    """

    def __init__(self, graph: ModuleGraph, losses: Sequence[Loss], world: World) -> None:
        super().__init__()
        self.graph = graph
        self.losses = losses
        self.dt, self.share = world.dt, world.position_rule

    def forward(self, inputs: dict[str, Tensor], targets: dict[str, Tensor]) -> Tensor:
        """The losses [L] in their order, each a mean over its batch and the window's steps."""
        if "velocities" not in targets:
            return self._losses(inputs, targets)[0]
        every = []
        for velocity in targets["velocities"].unbind(1):
            goal = targets | {"velocity": velocity, "velocity_change": velocity - inputs["vel"]}
            losses, after = self._losses(inputs, goal)
            moved = self.dt * ((1 - self.share) * inputs["vel"] + self.share * after)
            inputs = inputs | {"pos": inputs["pos"] + moved, "vel": after}
            every.append(losses)
        return torch.stack(every).mean(0)

    def _losses(self, inputs: dict[str, Tensor], targets: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The losses [L] of one step, and the velocity [N, 2] after it; what cannot move keeps its own."""
        seen = targets | {name: inputs[name] for name in ("moves", "mass")}
        output = predicted(self.graph)
        ports = tuple(dict.fromkeys((output, *(port for loss in self.losses for port in loss.ports))))
        results = self.graph(graph_batch(self.graph, inputs), outputs=ports)
        values = dict(zip(ports, (results,) if len(ports) == 1 else results, strict=True))
        losses = [loss.value(tuple(values[port] for port in loss.ports), seen) for loss in self.losses]
        vel = inputs["vel"]
        change = values[output] if output.name == "velocity_change" else values[output] - vel
        return torch.stack(losses), vel + change * inputs["moves"]


class Training:
    """One training of one graph. Update k draws its examples from (seed, k) alone, so resuming repeats nothing."""

    def __init__(self, data: OneSteps, settings: TrainSettings, world: World, fabric: Fabric) -> None:
        self.data, self.settings, self.fabric = data, settings, fabric
        self.config = CONFIGS[settings.config]
        self.minutes = settings.minutes or (None if settings.updates else self.config.minutes)
        if self.config.batch % fabric.world_size:
            raise PhysimError(f"{fabric.world_size} processes do not divide the batch of {self.config.batch} examples")
        if data.steps < self.config.window:
            raise PhysimError(f"steps: windows of {self.config.window} steps do not fit into {data.steps}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)  # modules know no other way to draw their first weights
            self.graph = self.config.build(data, world)
        if settings.precision == "64-true":
            self.graph.double()
        held_out = max(1, round(HELD_OUT * data.scenes)) if data.scenes > 1 else 0
        self.learned, self.unseen = range(data.scenes - held_out), range(data.scenes - max(held_out, 1), data.scenes)
        data.serve(self.graph)
        prepared(self.graph, data, settings.seed, self.learned)
        self.objective = Objective(self.graph, self.config.losses(self.graph, data), world)
        _check_groups(self.objective.losses, self.config.batch, fabric.world_size)
        self.optimiser = torch.optim.Adam(self.graph.parameters(), lr=self.config.rate, betas=(0.9, 0.99), eps=1e-12)
        self.wrapped, self.stepper = fabric.setup(self.objective, self.optimiser)
        self.checkpoint = Checkpoint(settings.checkpoint, self._identity(), self.graph, self.optimiser)
        self.progress = self.checkpoint.load() if settings.resume else Progress()
        moving = data.scene.inverse_mass > 0
        self.deviation = {name: float(getattr(data, name)[:, moving].std()) for name in NOISY}

    def run(self) -> None:
        """Train until the time or the updates are used up; Ctrl-C leaves a checkpoint and passes on.

        Raises: PhysimError where the losses are no longer finite.
        """
        reports = _Times(REPORTS, 60.0, self.progress.seconds)
        saves = _Times((), SAVE_EVERY, self.progress.seconds)
        begun = time.perf_counter() - self.progress.seconds
        losses: list[float] = []
        with self._log() as log, self._bar() as bar, HeldInterrupts() as interrupts:
            while (done := self._share_done()) < 1:
                mine = self.update(done)
                self.progress.seconds, stop, losses = self._agreed(time.perf_counter() - begun, interrupts.asked, mine)
                if not all(map(math.isfinite, losses)):
                    raise PhysimError(f"the training diverged: the loss of update {self.progress.updates} is {losses}")
                log.write(self.progress.updates, losses)
                bar.update()
                if reports.due(self.progress.seconds):
                    self._report(losses)
                if stop or saves.due(self.progress.seconds):
                    log.flush()
                    self._save()
                if stop:
                    raise KeyboardInterrupt
            self._report(losses)

    def update(self, done: float) -> Tensor:
        """One update, at a share `done` of the training; gives the losses [L] of this process's part of the batch."""
        warm = min(1.0, (self.progress.updates + 1) / WARM_UP)
        rate = self.config.rate * warm * (0.001 + 0.999 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        inputs, targets = self._examples(done)
        losses = self.wrapped(inputs, targets)
        self.stepper.zero_grad()
        self.fabric.backward(losses.sum())
        self.stepper.step()
        self.progress.updates += 1
        return losses.detach()

    def held_out_ratio(self) -> float:
        """The mean squared error of the change of velocity over constant velocity's, on scenes not learned from."""
        rng = np.random.default_rng((self.settings.seed, 2))
        inputs, targets = self.data.examples(*self.data.draw(rng, self.data.at_most(2048), self.unseen))
        with torch.no_grad():
            output = self.graph(graph_batch(self.graph, inputs)).double()
        wanted = targets[predicted(self.graph).name]
        moves = inputs["moves"]
        return float(((output - wanted).square() * moves).sum() / (targets["velocity_change"].square() * moves).sum())

    def _examples(self, done: float) -> Batch:
        """This process's part of the batch of the update to come, with noise on its inputs."""
        rng = np.random.default_rng((self.settings.seed, 0, self.progress.updates))
        config = self.config
        draw = self.data.draw_balanced if config.balanced else self.data.draw
        scenes, ticks = draw(rng, config.batch, self.learned)
        ticks = ticks.clamp(max=self.data.steps - config.window)
        size = config.batch // self.fabric.world_size
        mine = slice(self.fabric.global_rank * size, (self.fabric.global_rank + 1) * size)
        inputs, targets = self.data.examples(scenes[mine], ticks[mine], config.window)
        share = 0.2 * min(1.0, max(0.0, (0.125 - done) / 0.1)) if config.noise else 0.0
        noisy = torch.from_numpy(rng.random(config.batch) < share)
        if share or config.walk:
            counts = self.data.counts[scenes]
            first = int(counts[: mine.start].sum())
            part = slice(first, first + len(inputs["pos"]))
            drawn = {name: torch.from_numpy(rng.standard_normal((int(counts.sum()), 2)))[part] for name in NOISY}
            rows = noisy[mine].repeat_interleave(counts[mine])[:, None]
            self._disturb(inputs, {name: rows * config.noise * noise for name, noise in drawn.items()}, drawn["vel"])
            targets["velocity_change"] = targets["velocity"] - inputs["vel"]
        return inputs, targets

    def _disturb(self, inputs: dict[str, Tensor], noise: dict[str, Tensor], walk: Tensor) -> None:
        """Add `noise` to what it names, and the velocity's part of `walk` to it and to positions; in deviations."""
        for name, value in noise.items():
            inputs[name] = inputs[name] + self.deviation[name] * value * inputs["moves"]
        if self.config.walk:
            step = self.config.walk * self.deviation["vel"] * walk * inputs["moves"]
            inputs["pos"] = inputs["pos"] + self.objective.dt * step
            inputs["vel"] = inputs["vel"] + step

    def _share_done(self) -> float:
        shares = [self.progress.seconds / (60 * self.minutes)] if self.minutes else []
        if self.settings.updates:
            shares.append(self.progress.updates / self.settings.updates)
        return max(shares)

    def _agreed(self, seconds: float, stop: bool, losses: Tensor) -> tuple[float, bool, list[float]]:
        """The means over all processes, so that all of them report, save and stop at the same update."""
        mine = torch.cat([torch.tensor([seconds, float(stop)], dtype=torch.float64), losses.double()])
        means = self.fabric.all_reduce(mine, reduce_op="mean")
        assert isinstance(means, Tensor)
        elapsed, wishes, *rest = means.tolist()
        return elapsed, wishes > 0, rest

    def _report(self, losses: Sequence[float]) -> None:
        curve, now = self.progress.curve, self.progress
        if not self.fabric.is_global_zero or (curve and curve[-1]["updates"] == now.updates):
            return
        figures: dict[str, float] = {"updates": now.updates, "minutes": round(now.seconds / 60, 3)}
        figures |= {loss.name: value for loss, value in zip(self.objective.losses, losses, strict=False)}
        figures["ratio"] = self.held_out_ratio()
        curve.append(figures)
        line = f"{now.updates} updates, {figures['minutes']:.2f} min"
        where = "unseen scenes" if self.data.scenes > 1 else "the one scene, which it learns from"
        tqdm.write(f"{line}: {figures['ratio']:.2e} of constant velocity's error on {where}", file=sys.stderr)

    def _save(self) -> None:
        if self.fabric.is_global_zero:
            self.checkpoint.save(self.progress)

    def _identity(self) -> Identity:
        """What a checkpoint must agree in, so that going on from it makes sense."""
        data, settings, world = self.data, self.settings, self.data.world
        return {
            "world": world.get("name"),
            "parameters": json.dumps(world.get("parameters"), sort_keys=True),
            "dt": world.get("dt"),
            "source": world.get("source"),
            "config": settings.config,
            "seed": settings.seed,
            "precision": settings.precision,
            "minutes": self.minutes,
            "updates": settings.updates,
            "scenes": data.scenes,
            "steps": data.steps,
            "bodies": data.scene.num_bodies,
        }

    def _log(self) -> LossLog:
        path = self.settings.out.with_suffix(".losses.csv") if self.fabric.is_global_zero else None
        return LossLog(path, [loss.name for loss in self.objective.losses], self.progress.updates)

    def _bar(self) -> tqdm[NoReturn]:
        return tqdm(
            desc=f"train {self.settings.config}",
            unit="update",
            initial=self.progress.updates,
            total=self.settings.updates,
            disable=None if self.fabric.is_global_zero else True,
        )


def _check_groups(losses: Sequence[Loss], batch: int, processes: int) -> None:
    size = batch // processes
    if size % ImpulseError.GROUP and any(isinstance(loss, ImpulseError) for loss in losses):
        raise PhysimError(
            f"{processes} processes take {size} examples each of a batch of {batch}, but the loss wants a multiple of "
            f"{ImpulseError.GROUP}: use fewer"
        )


class _Times:
    """When something is due: at some first moments, then at a steady pace."""

    def __init__(self, first: Sequence[float], pace: float, now: float) -> None:
        self.moments = [moment for moment in first if moment > now]
        self.pace = pace
        self.next = self.moments.pop(0) if self.moments else (now // pace + 1) * pace

    def due(self, now: float) -> bool:
        """Whether a moment has passed since the last one."""
        if now < self.next:
            return False
        self.next = self.moments.pop(0) if self.moments else (now // self.pace + 1) * self.pace
        return True
