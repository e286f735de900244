"""A target that means nothing: what any dense gradient is good for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor
from torch.nn import functional

from learners.agents.graphs import DEPTH_BINS, DEPTH_MAP
from learners.agents.losses.base import FRESH, AgentLoss
from physim.errors import PhysimError
from physim.graph import ModuleGraph

TOLD = math.prod(DEPTH_MAP)
COARSE = 6
"""The side, in cells, of the coarse image that is projected."""
PERIOD = 6.0
"""About four standard deviations of a projection over the views of a maze: its classes are as coarse as depth's."""


@final
class Placebo(AgentLoss):
    """As Depth from the core, but what is told are fixed random projections of the coarse image, so many `distinct`.

    Each is told in eight classes, by where it lies in a period: they are about equally filled whatever is seen, and the
    same image is always told the same. Depth tells 16 distinct numbers, about: its four rows hardly differ.
    """

    wants: ClassVar[tuple[str, ...]] = ("image",)

    def __init__(
        self, graph: ModuleGraph, weight: float = 1.0, seed: int = 0, stream: str = FRESH, distinct: int = TOLD
    ) -> None:
        super().__init__("placebo", graph, ("placebo",), weight, stream)
        if distinct < 1 or TOLD % distinct:
            raise PhysimError(f"placebo: distinct is {distinct}, wanted a divisor of {TOLD}")
        self.seed, self.distinct = seed, distinct

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        logits = values[0].flatten(0, 1).unflatten(-1, (-1, DEPTH_BINS)).flatten(0, 1)
        return functional.cross_entropy(logits, self.classes(ticks["image"]).flatten())

    def classes(self, image: Tensor) -> Tensor:
        """What is told of images [B, T, H, W, C] of bytes: classes [B * T, 64] int64."""
        coarse = functional.adaptive_avg_pool2d(image.flatten(0, 1).movedim(-1, 1).float(), COARSE).flatten(1) / 255
        random = torch.Generator().manual_seed(self.seed)
        projection = torch.randn(coarse.shape[1], self.distinct, generator=random)
        told = (coarse @ projection.to(coarse.device) * DEPTH_BINS / PERIOD).floor().long() % DEPTH_BINS
        return told.repeat(1, TOLD // self.distinct)
