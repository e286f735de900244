"""What a synthetic gradient takes the loss for: the implied loss beside the true one, point by point."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from learners.decoupled.artificial import LOSSES
from physim.graph import LinearSynthesizer, ModuleGraph, decoupled

SIDE, WIDTH, HIDDEN = 20, 64, 5
RATE = 1e-3


@dataclass(frozen=True)
class Look:
    """Losses [points] after so many updates: the true ones, and those that the synthetic gradient implies.

    `agreement` is the cosine of all synthetic gradients with the true ones; `error` their difference, relative.
    """

    updates: int
    true: Tensor
    implied: Tensor
    agreement: float
    error: float


def grid(kind: str, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Points [SIDE * SIDE, 2] on a grid and their classes one-hot; "noisy": parted by a line but for a tenth, or
    "random".
    """
    random = torch.Generator().manual_seed(seed)
    axis = torch.linspace(-1, 1, SIDE)
    points = torch.cartesian_prod(axis, axis)
    side = points @ torch.randn(2, generator=random) > 0
    swapped = torch.rand(len(points), generator=random) < (0.1 if kind == "noisy" else 0.5)
    return points, functional.one_hot((side ^ swapped).long(), 2).float()


def network(everywhere: bool = False) -> ModuleGraph:
    """Hidden ReLU layers, cut by a linear synthesizer behind the middle one, or behind all; output: logits [B, 2]."""
    net = ModuleGraph()
    value, label, width = net.input("points"), net.input("label"), 2
    for number in range(1, HIDDEN + 1):
        value = net.add(f"hidden_{number}", nn.Sequential(nn.Linear(width, WIDTH), nn.ReLU()), value)
        width = WIDTH
        if everywhere or 2 * number == HIDDEN + 1:
            value = decoupled(value, LinearSynthesizer(WIDTH, 2), given=label)
    net.returns(net.add("logits", nn.Linear(WIDTH, 2), value))
    return net


def watched(net: ModuleGraph, kind: str, loss: str, instants: tuple[int, ...], seed: int = 0) -> list[Look]:
    """Train on all points of a grid, and look at the middle cut at some instants, the last of which is the end."""
    points, labels = grid(kind, seed)
    inputs = {"points": points, "label": labels}
    optimiser = torch.optim.Adam(net.parameters(), RATE, fused=True)
    looks = []
    for update in range(max(instants) + 1):
        if update in instants:
            looks.append(_look(net, inputs, loss, update))
        optimiser.zero_grad()
        LOSSES[loss](net(inputs), labels).backward()
        optimiser.step()
    return looks


def _look(net: ModuleGraph, inputs: dict[str, Tensor], loss: str, update: int) -> Look:
    middle = net[f"hidden_{(HIDDEN + 1) // 2}"]
    synthesizer = net.get_submodule(f"decoupled({middle.name})")
    hidden = net(inputs, outputs=middle).detach().requires_grad_()
    net.eval()  # no cuts: the true gradient
    logits = net(inputs, outputs=net["logits"], given={net[f"decoupled({middle.name})"]: hidden})
    net.train()
    labels = inputs["label"]
    true = _each(loss, logits, labels)
    (slope,) = torch.autograd.grad(true.sum(), hidden)
    with torch.no_grad():
        guess = synthesizer(hidden, labels) * len(hidden)
        implied = _implied(synthesizer, hidden, labels)
        agreement = functional.cosine_similarity(guess.flatten(), slope.flatten(), dim=0)
        return Look(update, true.detach(), implied, float(agreement), float((guess - slope).norm() / slope.norm()))


def _each(loss: str, logits: Tensor, labels: Tensor) -> Tensor:
    """The loss of every point by itself [B]."""
    if loss == "squares":
        return (logits - labels).square().mean(1)
    return functional.cross_entropy(logits, labels, reduction="none")


def _implied(synthesizer: nn.Module, hidden: Tensor, labels: Tensor) -> Tensor:
    """1/2 h A h^T + (yB + c) h^T [B], with the symmetric part of A: the rest of it is no gradient of anything."""
    line = synthesizer.get_submodule("line")
    assert isinstance(line, nn.Linear)
    matrix, told = line.weight[:, :WIDTH], line.weight[:, WIDTH:]  # the guess is matrix @ h + told @ y + bias
    bent = ((hidden @ (matrix + matrix.T)) * hidden).sum(1) / 4
    return bent + ((labels @ told.T + line.bias) * hidden).sum(1)
