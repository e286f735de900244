"""What layers make of images: which they hold for alike, and how well a line parts their classes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from learners.decoupled.classify import Digits
from learners.decoupled.graphs import CLASSES
from physim.graph import ModuleGraph

RIDGE = 1e-3
"""How much of the mean square of an activation is added to all, so that dead units do no harm."""


@torch.no_grad()
def activations(net: ModuleGraph, digits: Digits) -> list[Tensor]:
    """The activations [B, width] of all hidden layers, from below."""
    names = [node.name for node in net.nodes if node.name.startswith("hidden_")]
    inputs, _ = digits.batch(torch.arange(len(digits.kind)))
    found: tuple[Tensor, ...] = net.eval()(inputs, outputs=[net[name] for name in names])
    return list(found)


def sorted_by_class(digits: Digits, count: int) -> Digits:
    """So many images, as many of each class, class after class."""
    rows = [(digits.kind == kind).nonzero().flatten()[: count // CLASSES] for kind in range(CLASSES)]
    chosen = torch.cat(rows)
    return Digits(digits.image[chosen], digits.kind[chosen])


def dissimilarities(values: Tensor) -> Tensor:
    """The representational dissimilarity matrix [B, B] of activations [B, F]: 1 - correlation."""
    return 1 - torch.corrcoef(values.double())


def distances(matrices: list[Tensor], kind: Tensor) -> list[float]:
    """How far each layer's matrix is from the last one's, among images of one class: root mean square."""
    within = kind[:, None] == kind
    last = matrices[-1][within]
    return [float((matrix[within] - last).square().mean().sqrt()) for matrix in matrices]


def separated(values: Tensor, kind: Tensor) -> float:
    """The share of images whose class a linear map of their activations [B, F] tells, fitted to them by squares."""
    wide = torch.cat([values, torch.ones(len(values), 1)], dim=1).double()
    wanted = functional.one_hot(kind, CLASSES).double()
    gram = wide.T @ wide
    gram += RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    weight = torch.linalg.solve(gram, wide.T @ wanted)
    return float(((wide @ weight).argmax(1) == kind).double().mean())
