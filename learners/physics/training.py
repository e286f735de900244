"""The training loop: examples, updates, early reports, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from tqdm import tqdm

from learners.physics.checkpoints import Progress, load_checkpoint, save_checkpoint
from learners.physics.configs import CONFIGS, graph_batch, prepared
from learners.physics.data import Batch, OneSteps
from physim.errors import PhysimError
from physim.graph import Loss, ModuleGraph, losses_of
from physim.interaction import predicted
from physim.learner import TrainSettings

HELD_OUT = 0.1  # the share of scenes that only the reports see
REPORTS = (10.0, 30.0)  # seconds at which the first reports come; then one a minute
SAVE_EVERY = 60.0  # seconds
WARM_UP = 200  # updates


class Objective(nn.Module):
    """A graph with its losses, as one module that gives the losses: what data-parallel training wraps."""

    def __init__(self, graph: ModuleGraph, losses: Sequence[Loss]) -> None:
        super().__init__()
        self.graph = graph
        self.losses = losses

    def forward(self, inputs: dict[str, Tensor], targets: dict[str, Tensor]) -> Tensor:
        """The losses [L] in their order, each a mean over its batch."""
        marks = {name: inputs[name] for name in ("moves", "mass")}
        losses, _ = losses_of(self.graph, self.losses, graph_batch(self.graph, inputs), targets | marks)
        return torch.stack([losses[loss.name] for loss in self.losses])


class Training:
    """One training of one graph. Update k draws its examples from (seed, k) alone, so resuming repeats nothing."""

    def __init__(self, data: OneSteps, settings: TrainSettings, dt: float, fabric: Fabric) -> None:
        self.data, self.settings, self.fabric = data, settings, fabric
        self.config = CONFIGS[settings.config]
        if self.config.batch % fabric.world_size:
            raise PhysimError(f"{fabric.world_size} processes do not divide the batch of {self.config.batch} examples")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)  # modules know no other way to draw their first weights
            self.graph = self.config.build(data, dt)
        data.serve(self.graph)
        prepared(self.graph, data, settings.seed)
        self.objective = Objective(self.graph, self.config.losses(self.graph, data))
        self.optimiser = torch.optim.Adam(self.graph.parameters(), lr=self.config.rate, betas=(0.9, 0.99), eps=1e-12)
        self.wrapped, self.stepper = fabric.setup(self.objective, self.optimiser)
        self.progress = Progress()
        if settings.resume:
            self.progress = load_checkpoint(settings.checkpoint, self.graph, self.optimiser)
        held_out = max(1, round(HELD_OUT * data.scenes)) if data.scenes > 1 else 0
        self.learned, self.unseen = range(data.scenes - held_out), range(data.scenes - max(held_out, 1), data.scenes)
        self.noise_scale = {name: float(getattr(data, name).std()) * self.config.noise for name in ("pos", "vel")}

    def run(self) -> None:
        """Train until the time or the updates are used up; Ctrl-C leaves a checkpoint."""
        minutes = self.settings.minutes or (None if self.settings.updates else self.config.minutes)
        reports = _Times(REPORTS, 60.0, self.progress.seconds)
        saves = _Times((), SAVE_EVERY, self.progress.seconds)
        bar = tqdm(desc=f"train {self.settings.config}", unit="update", disable=self._quiet(), initial=self.progress.updates)
        begun = time.perf_counter() - self.progress.seconds
        try:
            while (done := self._share_done(minutes)) < 1:
                losses = self.update(done)
                bar.update()
                self.progress.seconds = time.perf_counter() - begun
                if reports.due(self.progress.seconds):
                    self._report(losses, bar)
                if saves.due(self.progress.seconds):
                    self._save()
        except KeyboardInterrupt:
            self._save()
            raise KeyboardInterrupt(f"; go on with --resume from {self.settings.checkpoint}") from None
        finally:
            bar.close()
        self._report(losses, bar)

    def update(self, done: float) -> Tensor:
        """One update, at a share `done` of the training; gives the losses [L], averaged over all processes."""
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
        inputs, targets = self.data.examples(*self.data.draw(rng, 2048, self.unseen))
        given = {name: value.float() if value.is_floating_point() else value for name, value in inputs.items()}
        if next(self.graph.parameters()).dtype == torch.float64:
            given = {name: value.double() if value.is_floating_point() else value for name, value in inputs.items()}
        with torch.no_grad():
            output = self.graph(graph_batch(self.graph, given)).double()
        wanted = targets[predicted(self.graph).name]
        moves = inputs["moves"]
        return float(((output - wanted).square() * moves).sum() / (targets["velocity_change"].square() * moves).sum())

    def _examples(self, done: float) -> Batch:
        """This process's part of the batch of the update to come, with the paper's noise on its inputs."""
        rng = np.random.default_rng((self.settings.seed, 0, self.progress.updates))
        draw = self.data.draw_balanced if self.config.balanced else self.data.draw
        scenes, ticks = draw(rng, self.config.batch, self.learned)
        share = 0.2 * min(1.0, max(0.0, (0.125 - done) / 0.1)) if self.config.noise else 0.0
        noisy = torch.from_numpy(rng.random(self.config.batch) < share)
        size = self.config.batch // self.fabric.world_size
        mine = slice(self.fabric.global_rank * size, (self.fabric.global_rank + 1) * size)
        inputs, targets = self.data.examples(scenes[mine], ticks[mine])
        if share:
            rows = noisy[mine].repeat_interleave(self.data.counts[scenes[mine]])[:, None]
            for name, scale in self.noise_scale.items():
                inputs[name] = inputs[name] + rows * scale * torch.from_numpy(rng.standard_normal(inputs[name].shape))
        return inputs, targets

    def _share_done(self, minutes: float | None) -> float:
        shares = [self.progress.seconds / (60 * minutes)] if minutes else []
        if self.settings.updates:
            shares.append(self.progress.updates / self.settings.updates)
        done = max(shares)
        if minutes and self.fabric.world_size > 1:  # clocks differ, updates must not
            done = self.fabric.broadcast(done)
        return done

    def _report(self, losses: Tensor, bar: tqdm[None]) -> None:
        figures = {"updates": self.progress.updates, "minutes": round(self.progress.seconds / 60, 3)}
        means = self.fabric.all_reduce(losses, reduce_op="mean")
        figures |= {loss.name: float(mean) for loss, mean in zip(self.objective.losses, means, strict=True)}
        figures["ratio"] = self.held_out_ratio()
        self.progress.curve.append(figures)
        bar.set_postfix_str(f"error / constant velocity's on unseen scenes {figures['ratio']:.2e}")

    def _save(self) -> None:
        if self.fabric.is_global_zero:
            save_checkpoint(self.settings.checkpoint, self.graph, self.optimiser, self.progress)

    def _quiet(self) -> bool | None:
        return None if self.fabric.is_global_zero else True


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
