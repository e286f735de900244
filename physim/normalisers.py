"""Normalisers: scales measured on data, kept with the weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Normaliser(nn.Module, ABC):
    """Shifts and scales features by `centre` and `scale`, which `measuring` takes from the data that flows through.

    Shapes: [items, F] -> [items, F].
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.measuring = False
        self.register_buffer("centre", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))

    def forward(self, inputs: Tensor, counted: Tensor | None = None) -> Tensor:
        """Normalise; where measuring is on, first take the measure of `inputs`, or of their rows `counted` [items]."""
        seen = inputs.detach() if counted is None else inputs.detach()[counted]
        if self.measuring and len(seen):
            self.measure(seen)
        return (inputs - self.centre) / self.scale

    @abstractmethod
    def measure(self, inputs: Tensor) -> None:
        """Take `inputs` [items, F] into the statistics."""


class Welford(Normaliser):
    """Mean to 0 and standard deviation to 1, by Welford's update in float64; constant features keep scale 1."""

    count: Tensor
    mean: Tensor
    squares: Tensor

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.register_buffer("count", torch.zeros((), dtype=torch.float64), persistent=False)
        self.register_buffer("mean", torch.zeros(features, dtype=torch.float64), persistent=False)
        self.register_buffer("squares", torch.zeros(features, dtype=torch.float64), persistent=False)

    def measure(self, inputs: Tensor) -> None:
        rows = inputs.double()
        mean = rows.mean(0)
        count = self.count + len(rows)
        step = mean - self.mean
        self.squares += (rows - mean).square().sum(0) + step.square() * self.count * len(rows) / count
        self.mean += step * len(rows) / count
        self.count.copy_(count)
        deviation = (self.squares / count).sqrt()
        self.centre.copy_(self.mean)
        self.scale.copy_(torch.where(deviation > 1e-13 * self.mean.abs().clamp(min=1e-5), deviation, 1.0))


class Percentiles(Normaliser):
    """Median to 0, 5th and 95th percentile to -1 and +1 (arXiv:1612.00222, section 4), from the newest data seen."""

    def measure(self, inputs: Tensor) -> None:
        low, median, high = torch.quantile(inputs.double(), inputs.new_tensor([0.05, 0.5, 0.95]).double(), dim=0)
        half = (high - low) / 2
        self.centre.copy_(median)
        self.scale.copy_(torch.where(half > 0, half, 1.0))


@contextmanager
def measuring(graph: nn.Module) -> Iterator[None]:
    """Let the data that runs through a graph meanwhile set its normalisers, in the order in which they stand."""
    normalisers = [module for module in graph.modules() if isinstance(module, Normaliser)]
    for normaliser in normalisers:
        normaliser.measuring = True
    try:
        with torch.no_grad():
            yield
    finally:
        for normaliser in normalisers:
            normaliser.measuring = False
