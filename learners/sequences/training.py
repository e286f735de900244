"""The training of a sequence model: updates by likelihood, of which the best verdict's weights are kept."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NoReturn, final

import torch
from torch import Tensor, nn
from tqdm import tqdm

from learners.checkpoints import Checkpoint, Progress
from learners.precision import mixed, whole
from learners.sequences.losses import Likelihood
from learners.sequences.rows import Batch
from physim.checks import check_positive, check_several, check_whole
from physim.errors import PhysimError
from physim.graph import Loss, ModuleGraph, losses_of
from physim.interrupts import HeldInterrupts
from physim.learner import Precision

SAVE_EVERY = 60.0
"""Seconds between checkpoints."""
WARM = 0.05
"""The share of updates in which the rate rises: Transformers want that, and all models are treated alike."""


@final
class Diverged(PhysimError):
    """A loss or a verdict is no longer finite: the same training would end so again."""


@final
@dataclass(frozen=True)
class SequenceTraining:
    """How to train: `updates` of Adam on gradients at most `clip` long, at a rate that rises to `rate` over the first
    of them, a share of WARM, and falls along a cosine.

    Products are taken in `precision`. Each `every` updates the model is judged, and the best weights are kept. All
    updates are made: while the rate is high, verdicts that fall no more say little, because they fall again as it does.
    Whether more updates would help is to be seen by a longer training. It goes on from a checkpoint in the file
    `checkpoint`, if there is one, which is refused where it is of other settings, graphs or batches.
    """

    updates: int
    rate: float = 1e-3
    clip: float = 1.0
    precision: Precision = "bf16-mixed"
    every: int = 500
    checkpoint: Path | str | None = None

    def __post_init__(self) -> None:
        check_whole(1, updates=self.updates, every=self.every)
        check_positive(rate=self.rate, clip=self.clip)

    def run(
        self,
        net: ModuleGraph,
        batches: Callable[[int], Batch],
        judge: Callable[[ModuleGraph], float] | None = None,
        losses: Sequence[Loss] = (),
        progress: bool = True,
    ) -> Progress:
        """Train a graph by the likelihood of its logits, or by other losses; gives its curve, a row a verdict.

        `batches` gives the batch of an update, the same one whenever it is asked.
        `judge` gives a figure, the smaller the better, of a graph in `eval()`; without one the last weights count.
        Raises: Diverged where a loss or a verdict is no longer finite. Ctrl-C leaves a checkpoint and passes on.
        """
        check_several(losses=losses)
        run = _Run(self, net, losses or [Likelihood(net.outputs[0])], judge, batches)
        with HeldInterrupts() as interrupts, self._bar(run.progress.updates, progress) as bar:
            while not run.over:
                run.update()
                bar.update()
                bar.set_postfix_str(run.told, refresh=False)
                if interrupts.asked:
                    run.save()
                    raise KeyboardInterrupt
            run.finish()
        return run.progress

    def identity(
        self, net: ModuleGraph, batches: Callable[[int], Batch], losses: Sequence[Loss] = ()
    ) -> dict[str, str]:
        """What tells a training of a graph from others, by name; not where it is kept meanwhile."""
        told = {"graph": f"{net.recipe}\n{net!r}", "settings": str(replace(self, checkpoint=None))}
        told["losses"] = "\n".join(map(_words, losses or [Likelihood(net.outputs[0])]))
        return told | {"the first batch": _digest(batches(0))}

    def _bar(self, begun: int, progress: bool) -> tqdm[NoReturn]:
        silent = None if progress else True
        return tqdm(desc="train", unit=" updates", initial=begun, total=self.updates, disable=silent)


class _Run:
    """One training, as far as it is."""

    def __init__(
        self,
        settings: SequenceTraining,
        net: ModuleGraph,
        losses: Sequence[Loss],
        judge: Callable[[ModuleGraph], float] | None,
        batches: Callable[[int], Batch],
    ) -> None:
        self.settings, self.net, self.losses, self.judge, self.batches = settings, net, losses, judge, batches
        self.device = next(net.parameters()).device
        self.optimiser = torch.optim.Adam(net.parameters(), lr=settings.rate, betas=(0.9, 0.99), foreach=True)
        self.progress, self.best = Progress(), dict[str, Tensor]()
        self.path = None if settings.checkpoint is None else Path(settings.checkpoint)
        self.saved = time.perf_counter()
        self.clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
        if self.path is not None and self.path.exists():
            self._resume()

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do."""
        return self.progress.updates >= self.settings.updates

    @property
    def told(self) -> str:
        """The last figures."""
        last = self.progress.curve[-1] if self.progress.curve else {}
        return ", ".join(f"{name} {value:.3g}" for name, value in last.items() if name in ("loss", "judged"))

    def update(self) -> None:
        """One update, and what is due after it; verdicts take no time of the training's."""
        begun = self.clock()
        inputs, targets = self.batches(self.progress.updates)
        self.net.train()
        self._set_rate()
        inputs, targets = ({name: value.to(self.device) for name, value in told.items()} for told in (inputs, targets))
        with mixed(self.settings.precision, self.device), torch.random.fork_rng():
            torch.manual_seed(self.progress.updates)  # what is dropped out depends on the update alone
            found, _ = losses_of(self.net, self.losses, inputs, targets)
        total = torch.stack([whole(loss) for loss in found.values()]).sum()
        if not bool(total.isfinite()):
            raise Diverged(
                f"the training diverged: at update {self.progress.updates} the loss is {float(total.detach())}"
            )
        self.optimiser.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), self.settings.clip)
        self.optimiser.step()
        self.progress.updates += 1
        self.progress.seconds += self.clock() - begun
        if self.progress.updates % self.settings.every == 0 or self.progress.updates == self.settings.updates:
            self._judge(float(total.detach()))
        if time.perf_counter() - self.saved > SAVE_EVERY:
            self.save()

    def finish(self) -> None:
        """Let the best weights count."""
        self.save()
        if self.best:
            self.net.load_state_dict(self.best)
        self.net.eval()

    def save(self) -> None:
        """Leave a checkpoint."""
        if self.path is not None:
            self._checkpoint.save(self.progress, {f"best/{name}": value for name, value in self.best.items()})
        self.saved = time.perf_counter()

    def _judge(self, loss: float) -> None:
        row = {"updates": float(self.progress.updates), "seconds": self.progress.seconds, "loss": loss}
        if self.judge is not None:
            figures = [row["judged"] for row in self.progress.curve]
            row["judged"] = self.judge(self.net.eval())
            if not math.isfinite(row["judged"]):
                raise Diverged(
                    f"the training diverged: after {self.progress.updates} updates the verdict is {row['judged']}"
                )
            if not figures or row["judged"] < min(figures):
                self.best = {name: value.detach().clone() for name, value in self.net.state_dict().items()}
        self.progress.curve.append(row)

    def _set_rate(self) -> None:
        share = self.progress.updates / self.settings.updates
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.rate * min(1, (share + 1 / self.settings.updates) / WARM) * _falling(share)

    def _resume(self) -> None:
        self.progress = self._checkpoint.load()
        more = self._checkpoint.more()
        self.best = {name.removeprefix("best/"): value for name, value in more.items()}

    @cached_property
    def _checkpoint(self) -> Checkpoint:
        assert self.path is not None
        identity = self.settings.identity(self.net, self.batches, self.losses)
        return Checkpoint(self.path, identity, self.net, self.optimiser)


def _words(loss: Loss) -> str:
    """A loss with its settings, as text."""
    settings = {name: value for name, value in vars(loss).items() if isinstance(value, int | float | str | None)}
    return f"{type(loss).__name__} {settings} on {', '.join(port.name for port in loss.ports)}"


def _falling(share: float) -> float:
    """What is left of a rate after a share of the updates."""
    return 0.02 + 0.98 * (1 + math.cos(math.pi * share)) / 2


def _digest(batch: Batch) -> str:
    """What tells batches of other data, lengths, sizes or seeds from this one."""
    digest = hashlib.sha256()
    for told in batch:
        for name, value in sorted(told.items()):
            digest.update(f"{name} {value.dtype} {list(value.shape)}".encode())
            digest.update(value.cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]
