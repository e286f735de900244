"""Classifiers of digits, trained with or without locks, and judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.optim import Adam
from tqdm import tqdm

from learners.decoupled.graphs import CLASSES
from learners.decoupled.losses import CrossEntropy, Squares
from learners.decoupled.together import Together
from physim.graph import ModuleGraph
from physim.graph.cutting import Decoupled
from physim.graph.unlocked import Unlocked

Batch = tuple[dict[str, Any], dict[str, Tensor]]
DROPS = (0.6, 0.8)
"""After which shares of a training its rate falls to a tenth, as in the paper (300 and 400 of 500 thousand updates)."""
TOGETHER = 2000
"""How many images are judged at once."""


@dataclass(frozen=True)
class Digits:
    """Images [N, 784] in [0, 1] and their classes [N]."""

    image: Tensor
    kind: Tensor

    @classmethod
    def of(cls, images: NDArray[np.uint8], kinds: NDArray[np.int64]) -> Digits:
        """From images [N, H, W] of bytes and their classes [N]."""
        return cls(torch.from_numpy(images).flatten(1).float() / 255, torch.from_numpy(kinds))

    def batch(self, rows: Tensor) -> Batch:
        """The inputs and targets of some rows."""
        kind = self.kind[rows]
        return {"image": self.image[rows], "label": functional.one_hot(kind, CLASSES).float()}, {"class": kind}

    def parts(self) -> Iterator[Batch]:
        """All of them, some at a time."""
        for rows in torch.arange(len(self.kind)).split(TOGETHER):
            yield self.batch(rows)


@dataclass(frozen=True)
class Training:
    """How to train: `updates` on batches of `batch` images by Adam at `rate`, which falls twice.

    Groups of modules take their own steps, each with a `probability` an update; or all take one step `together`.
    """

    updates: int
    rate: float = 1e-3
    batch: int = 256
    probability: float = 1.0
    seed: int = 0
    loss: type[CrossEntropy] | type[Squares] = CrossEntropy
    together: bool = False

    def run(self, net: ModuleGraph, digits: Digits, progress: bool = False) -> None:
        """Train a network, in place."""
        for _ in tqdm(self.steps(net, digits), total=self.updates, disable=None if progress else True, leave=False):
            pass

    def steps(self, net: ModuleGraph, digits: Digits) -> Iterator[int]:
        """Train a network, in place; gives the number of updates after each."""
        losses, optimiser = [self.loss(net["logits"])], partial(Adam, lr=self.rate)
        learner: Unlocked | Together
        if self.together:
            learner = Together(net, losses, optimiser)
        else:
            learner = Unlocked(net, losses, optimiser, self.probability, self.seed)
        random = torch.Generator().manual_seed(self.seed)
        net.train()
        for update in range(self.updates):
            learner.set_rate(self.rate * 0.1 ** sum(update >= drop * self.updates for drop in DROPS))
            learner.update(*digits.batch(torch.randint(len(digits.kind), (self.batch,), generator=random)))
            yield update + 1


def agreements(net: ModuleGraph) -> dict[str, float]:
    """The cosine between the true and the synthetic gradient at each cut wire, by the name of what is cut."""
    wires = [node for node in net.nodes if isinstance(node, Decoupled)]
    meters = {wire.sources[0].name: wire.regression.meter for wire in wires}
    return {name: meter.cosine for name, meter in meters.items() if meter is not None}


@torch.no_grad()
def error(net: ModuleGraph, digits: Digits) -> float:
    """The share of images that a network takes for others."""
    net.eval()
    wrong = [(net(inputs).argmax(1) != targets["class"]).sum() for inputs, targets in digits.parts()]
    return float(torch.stack(wrong).sum()) / len(digits.kind)
