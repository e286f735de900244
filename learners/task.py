"""What a training trains."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from learners.checkpoints import Identity
from physim.learner import TrainSettings

Examples = tuple[dict[str, Tensor], dict[str, Tensor]]
"""Inputs and targets by name."""
M = TypeVar("M", bound=nn.Module)


class Task(ABC):
    """What one training has of its own: what is learned, from which examples, and how good it is.

    `graph` is learned and kept. `objective`, a module around it, takes the inputs and targets of a part of a batch and
    gives its losses [L], named by `loss_names`. A batch is `batch` examples; processes share it in parts that are
    multiples of `group`. Adam warms up, then goes from `rate` to a thousandth on a cosine over the whole training;
    that takes `minutes` where nothing else is asked for. Gradients longer than `clip` are shortened. `identity` tells
    the data, so that nobody goes on with others.
    """

    graph: nn.Module
    objective: nn.Module
    loss_names: Sequence[str]
    batch: int
    rate: float
    minutes: float
    identity: Identity
    group: int = 1
    clip: float = math.inf

    @abstractmethod
    def examples(self, update: int, done: float, part: slice) -> Examples:
        """Part of the batch of an update, at a share `done` of the training.

        What is drawn depends on the seed and the update alone, so that a resumed training repeats nothing.
        """

    @abstractmethod
    def figures(self) -> dict[str, float]:
        """How good the graph is now, by name."""

    @abstractmethod
    def sentence(self, figures: Mapping[str, float]) -> str:
        """What `figures` say, for the line of a report."""


def built(build: Callable[[], M], settings: TrainSettings) -> M:
    """A module with first weights drawn from the settings' seed, in their precision."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # modules know no other way to draw their first weights
        module = build()
    return module.double() if settings.precision == "64-true" else module
