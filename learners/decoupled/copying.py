"""Sequences that must be remembered and said again: how long they can be, by how far gradients go back in time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from learners.decoupled.recurrent import Recurrent, Windows

SOLVED = 0.15
"""The error in bits a symbol under which a task is made longer."""
INPUTS = 3
"""A symbol, a mark where it shall be said again, and how often."""
MANY = 10
"""Repeats are told in parts of so many."""
AHEAD = 32
"""How many ticks ahead a conditional synthesizer is told what must be said."""


@dataclass(frozen=True)
class Task:
    """Symbols, each 0 or 1, to be said again after a mark, so many times."""

    symbols: int = 1
    repeats: int = 1

    @property
    def said(self) -> int:
        """How many symbols are said."""
        return self.symbols * self.repeats

    def longer(self, repeating: bool) -> Self:
        """The next task: a symbol more or, where repeats count, in turn a symbol or a repeat more."""
        if repeating and self.symbols > self.repeats:
            return replace(self, repeats=self.repeats + 1)
        return replace(self, symbols=self.symbols + 1)

    def drawn(self, batch: int, window: int, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Episodes of whole windows: inputs [B, T, INPUTS], what is to be said [B, T], and where that counts [B, T]."""
        symbols = torch.randint(2, (batch, self.symbols), generator=random).float()
        ticks = self.symbols + 1 + self.said
        ticks += -ticks % window
        inputs, targets, asked = (torch.zeros(batch, ticks, *more) for more in ((INPUTS,), (), ()))
        inputs[:, : self.symbols, 0] = 2 * symbols - 1
        inputs[:, self.symbols, 1] = 1
        inputs[:, self.symbols, 2] = self.repeats / MANY
        answer = slice(self.symbols + 1, self.symbols + 1 + self.said)
        targets[:, answer], asked[:, answer] = symbols.repeat(1, self.repeats), 1
        return inputs, targets, asked


@dataclass(frozen=True)
class Copying:
    """How to train: `updates` of windows of so many ticks, on tasks that grow as they are solved."""

    window: int
    updates: int
    repeating: bool = False
    recurrent: Recurrent = field(default_factory=Recurrent)
    batch: int = 64

    def run(self, progress: bool = False) -> list[tuple[int, Task]]:
        """The tasks that were solved, each with the number of updates until then."""
        windows = Windows(self.recurrent.network(nn.Identity(), INPUTS, 1, AHEAD), self.recurrent)
        random = torch.Generator().manual_seed(self.recurrent.seed)
        task, solved, done = Task(), [], 0
        with tqdm(total=self.updates, disable=None if progress else True, leave=False) as bar:
            while done < self.updates:
                episode = task.drawn(self.batch, self.window, random)
                lost, updates = learned(windows, self.window, *episode)
                done += updates
                bar.update(updates)
                if lost / task.said < SOLVED:
                    solved.append((done, task))
                    task = task.longer(self.repeating)
                    bar.set_postfix_str(f"{task.symbols} symbols, {task.repeats} times")
        return solved


def learned(windows: Windows, window: int, inputs: Tensor, targets: Tensor, asked: Tensor) -> tuple[float, int]:
    """The loss of an episode in bits, with an update after each of its windows, and how many those were."""
    windows.restart()
    lost, parts = 0.0, [part.split(window, 1) for part in (inputs, coming(targets, asked), targets, asked)]
    for number, (seen, known, target, counts) in enumerate(zip(*parts, strict=True), 1):
        lost += windows.update(seen, known, partial(_missed, target, counts), ended=number == len(parts[0]))
    return lost / math.log(2), len(parts[0])


def coming(targets: Tensor, asked: Tensor) -> Tensor:
    """What must be said in the ticks after each [B, T, AHEAD]: 1 and -1, or 0 for nothing."""
    said = functional.pad((2 * targets - 1) * asked, (0, AHEAD))
    return said.unfold(1, AHEAD, 1)[:, 1:]


def _missed(target: Tensor, counts: Tensor, outputs: Tensor) -> Tensor:
    """The cross-entropy in nats, summed over what is asked and averaged over episodes."""
    each = functional.binary_cross_entropy_with_logits(outputs[..., 0], target, reduction="none")
    return (each * counts).sum(1).mean()
