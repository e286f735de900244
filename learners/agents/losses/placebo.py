"""A target that means nothing: what any dense gradient is good for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor
from torch.nn import functional

from learners.agents.graphs import DEPTH_BINS, DEPTH_MAP
from learners.agents.losses.base import AgentLoss
from physim.graph import ModuleGraph

COARSE = 6
"""The side, in cells, of the coarse image that is projected."""


@final
class Placebo(AgentLoss):
    """As Depth from the core, but the 64 numbers told are fixed random projections of the coarse image.

    Each is told in eight classes, equally filled if it is normally distributed over the unroll.
    """

    wants: ClassVar[tuple[str, ...]] = ("image",)

    def __init__(self, graph: ModuleGraph, weight: float = 1.0, seed: int = 0) -> None:
        super().__init__("placebo", graph, ("placebo",), weight)
        random = torch.Generator().manual_seed(seed)
        count = DEPTH_MAP[0] * DEPTH_MAP[1]
        self.projection = torch.randn(COARSE * COARSE * 3, count, generator=random)
        levels = torch.arange(1, DEPTH_BINS) / DEPTH_BINS
        self.edges = torch.special.ndtri(levels)

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        image = ticks["image"].flatten(0, 1).movedim(-1, 1).float()
        coarse = functional.adaptive_avg_pool2d(image, COARSE).flatten(1) @ self.projection.to(image.device)
        scaled = (coarse - coarse.mean(0)) / coarse.std(0).clamp(min=1e-6)
        classes = torch.bucketize(scaled, self.edges.to(image.device))
        return functional.cross_entropy(
            values[0].flatten(0, 1).unflatten(-1, (-1, DEPTH_BINS)).flatten(0, 1), classes.flatten()
        )
