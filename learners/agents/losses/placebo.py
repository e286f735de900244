"""A target that means nothing: what any dense gradient is good for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor
from torch.nn import functional

from learners.agents.graphs import DEPTH_BINS, DEPTH_MAP
from learners.agents.losses.base import FRESH, AgentLoss
from physim.graph import ModuleGraph

COARSE = 6
"""The side, in cells, of the coarse image that is projected."""
PERIOD = 6.0
"""About four standard deviations of a projection over the views of a maze: its classes are as coarse as depth's."""


@final
class Placebo(AgentLoss):
    """As Depth from the core, but the 64 numbers told are fixed random projections of the coarse image.

    Each is told in eight classes, by where it lies in a period: they are about equally filled whatever is seen, and the
    same image is always told the same.
    """

    wants: ClassVar[tuple[str, ...]] = ("image",)

    def __init__(self, graph: ModuleGraph, weight: float = 1.0, seed: int = 0, stream: str = FRESH) -> None:
        super().__init__("placebo", graph, ("placebo",), weight, stream)
        self.seed = seed

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        logits = values[0].flatten(0, 1).unflatten(-1, (-1, DEPTH_BINS)).flatten(0, 1)
        return functional.cross_entropy(logits, self.classes(ticks["image"]).flatten())

    def classes(self, image: Tensor) -> Tensor:
        """What is told of images [B, T, H, W, C] of bytes: classes [B * T, 64] int64."""
        coarse = functional.adaptive_avg_pool2d(image.flatten(0, 1).movedim(-1, 1) / 255, COARSE).flatten(1)
        random = torch.Generator().manual_seed(self.seed)
        projection = torch.randn(coarse.shape[1], DEPTH_MAP[0] * DEPTH_MAP[1], generator=random)
        return (coarse @ projection.to(coarse.device) * DEPTH_BINS / PERIOD).floor().long() % DEPTH_BINS
