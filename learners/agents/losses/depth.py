"""Telling depth: the auxiliary losses D1 and D2 of Learning to Navigate (arXiv:1611.03673, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, final, get_args

import torch
from torch import Tensor
from torch.nn import functional

from learners.agents.graphs import DEPTH_BINS, DEPTH_MAP
from learners.agents.losses.base import AgentLoss
from physim.checks import check_among
from physim.graph import ModuleGraph

EDGES = (0.25, 0.4, 0.6, 0.8, 1.1, 1.5, 2.2)
"""Where (m) one class of depth ends and the next begins: each holds about as much of what a walker sees in a maze,
half of whose actions are chance and half on the way to the goal."""
Source = Literal["features", "core"]


@final
class Depth(AgentLoss):
    """The cross-entropy of the class of depth at 4 x 16 places of a band about the horizon, its mean.

    From the features it is D1, from the core D2.
    """

    wants: ClassVar[tuple[str, ...]] = ("depth",)

    def __init__(self, graph: ModuleGraph, source: Source = "core", weight: float = 1.0) -> None:
        check_among("the source of depth", source, get_args(Source))
        super().__init__(f"depth_from_{source}", graph, (f"depth_from_{source}",), weight)

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        classes = torch.bucketize(places(ticks["depth"]), ticks["depth"].new_tensor(EDGES))
        return functional.cross_entropy(values[0].unflatten(-1, (-1, DEPTH_BINS)).flatten(0, -2), classes.flatten())


@final
class DepthByNumber(AgentLoss):
    """D1 by regression: half the squared error of log depth at each place, its mean.

    It reads the first of the head's numbers of each place.
    """

    wants: ClassVar[tuple[str, ...]] = ("depth",)

    def __init__(self, graph: ModuleGraph, source: Source = "features", weight: float = 1.0) -> None:
        check_among("the source of depth", source, get_args(Source))
        super().__init__(f"depth_number_from_{source}", graph, (f"depth_from_{source}",), weight)

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        told = values[0].unflatten(-1, (-1, DEPTH_BINS))[..., 0]
        return (told - places(ticks["depth"]).clamp(min=0.01).log()).square().mean() / 2


def places(depth: Tensor) -> Tensor:
    """The depth at 4 x 16 places of a band about the horizon: [B, T, H, W] -> [B, T, 64]."""
    height, width = depth.shape[-2:]
    rows, columns = DEPTH_MAP
    row = (torch.linspace(0.4, 0.6, rows) * (height - 1)).round().long()
    column = ((torch.arange(columns) + 0.5) / columns * width).long()
    return depth[..., row[:, None], column].flatten(-2)
