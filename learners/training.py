"""The training loop, whatever is learned: updates, early reports, checkpoints."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar, final

import torch
from lightning_fabric import Fabric
from torch import Tensor
from tqdm import tqdm

from learners.checkpoints import Checkpoint, Identity, Progress
from learners.loss_log import LossLog
from learners.processes import processes
from learners.task import Task
from physim.errors import PhysimError
from physim.interrupts import HeldInterrupts
from physim.learner import TrainSettings

REPORTS = (10.0, 30.0)  # seconds at which the first reports come; then one a minute
SAVE_EVERY = 60.0  # seconds
WARM_UP = 200  # updates
T = TypeVar("T", bound=Task)


@final
class Training:
    """One training of one task. Update k draws its examples from (seed, k) alone, so resuming repeats nothing."""

    def __init__(self, task: Task, settings: TrainSettings, fabric: Fabric) -> None:
        self.task, self.settings, self.fabric = task, settings, fabric
        self.minutes = settings.minutes or (None if settings.updates else task.minutes)
        self.part = _part(task, fabric)
        self.rate = settings.rate or task.rate
        self.optimiser = torch.optim.Adam(task.graph.parameters(), lr=self.rate, betas=(0.9, 0.99), eps=1e-12)
        self.wrapped, self.stepper = fabric.setup(task.objective, self.optimiser)
        self.checkpoint = Checkpoint(settings.checkpoint, self._identity(), task.graph, self.optimiser)
        self.progress = self.checkpoint.load() if settings.resume else Progress()

    @property
    def provenance(self) -> dict[str, Any]:
        """How the weights came about, for their file."""
        return {
            "config": self.settings.config,
            "seed": self.settings.seed,
            "updates": self.progress.updates,
            "minutes": round(self.progress.seconds / 60, 2),
            "curve": self.progress.curve,
        }

    @property
    def losses(self) -> Path:
        """Where the losses of all updates stand, beside the weights."""
        return self.settings.out.with_suffix(".losses.csv")

    def run(self) -> None:
        """Train until the time or the updates are used up; Ctrl-C leaves a checkpoint and passes on.

        Raises: PhysimError where the losses are no longer finite.
        """
        reports = _Times(REPORTS, 60.0, self.progress.seconds)
        saves = _Times((), SAVE_EVERY, self.progress.seconds)
        # what else runs on the machine takes nothing away from a training on one thread
        clock = time.process_time if self.settings.threads == 1 else time.perf_counter
        begun = clock() - self.progress.seconds
        losses: list[float] = []
        with self._log() as log, self._bar() as bar, HeldInterrupts() as interrupts:
            while (done := self._share_done()) < 1:
                mine = self.update(done)
                self.progress.seconds, stop, losses = self._agreed(clock() - begun, interrupts.asked, mine)
                if not all(map(math.isfinite, losses)):
                    raise PhysimError(
                        f"the training diverged: the loss of update {self.progress.updates} is {losses}; those before "
                        f"it are in {self.losses}"
                    )
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
        rate = self.rate * warm * (0.001 + 0.999 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        losses = self.wrapped(*self.task.examples(self.progress.updates, done, self.part))
        self.stepper.zero_grad()
        self.fabric.backward(losses.sum())
        if math.isfinite(self.task.clip):
            self.fabric.clip_gradients(self.wrapped, self.stepper, max_norm=self.task.clip)
        self.stepper.step()
        self.progress.updates += 1
        return losses.detach()

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
        told: dict[str, float] = {"updates": now.updates, "minutes": round(now.seconds / 60, 3)}
        told |= dict(zip(self.task.loss_names, losses, strict=False))  # a training that was done has no new losses
        figures = self.task.figures()
        curve.append(told | figures)
        line = f"{now.updates} updates, {told['minutes']:.2f} min: {self.task.sentence(figures)}"
        tqdm.write(line, file=sys.stderr)

    def _save(self) -> None:
        if self.fabric.is_global_zero:
            self.checkpoint.save(self.progress)

    def _identity(self) -> Identity:
        """What a checkpoint must agree in, so that going on from it makes sense."""
        asked = {name: getattr(self.settings, name) for name in ("config", "seed", "precision", "updates")}
        return {**self.task.identity, **asked, "minutes": self.minutes, "rate": self.rate}

    def _log(self) -> LossLog:
        return LossLog(self.losses if self.fabric.is_global_zero else None, self.task.loss_names, self.progress.updates)

    def _bar(self) -> tqdm[NoReturn]:
        return tqdm(
            desc=f"train {self.settings.config}",
            unit="update",
            initial=self.progress.updates,
            total=self.settings.updates,
            disable=None if self.fabric.is_global_zero else True,
        )


def run_training(
    make: Callable[[Fabric], T], settings: TrainSettings, save: Callable[[T, Mapping[str, Any]], None]
) -> T:
    """Make a task on the processes of a training, and train it; the first process saves it with its provenance.

    The checkpoint goes once the weights are saved.
    """
    with processes(settings) as fabric:
        task = make(fabric)
        training = Training(task, settings, fabric)
        training.run()
        if fabric.is_global_zero:
            save(task, training.provenance)
            settings.checkpoint.unlink(missing_ok=True)
    return task


def _part(task: Task, fabric: Fabric) -> slice:
    """This process's part of every batch."""
    processes, (size, rest) = fabric.world_size, divmod(task.batch, fabric.world_size)
    if rest:
        raise PhysimError(f"{processes} processes do not divide the batch of {task.batch} examples")
    if size % task.group:
        raise PhysimError(
            f"{processes} processes take {size} examples each of a batch of {task.batch}, but the loss wants a "
            f"multiple of {task.group}: use fewer"
        )
    return slice(fabric.global_rank * size, (fabric.global_rank + 1) * size)


@final
class _Times:
    """When something is due: at some first moments, then at a steady pace."""

    def __init__(self, first: Sequence[float], pace: float, now: float) -> None:
        self.moments = [moment for moment in first if moment > now]
        self.pace = pace
        self.next = self._after(now)

    def due(self, now: float) -> bool:
        """Whether a moment has passed since the last one."""
        if now < self.next:
            return False
        self.next = self._after(now)
        return True

    def _after(self, now: float) -> float:
        return self.moments.pop(0) if self.moments else (now // self.pace + 1) * self.pace
