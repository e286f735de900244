"""What is known of synthetic gradients (arXiv:1703.00522), held by the wires of a graph."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from physim.graph import LinearSynthesizer, ModuleGraph, decoupled

Loss = Callable[[Tensor, Tensor], Tensor]


class Constant(nn.Module):
    """The same gradient for every item, whatever the item is."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(1))

    def forward(self, value: Tensor) -> Tensor:
        return self.value.expand_as(value) / len(value)


class Fixed(nn.Module):
    """A layer that passes its input on: what a loss stands on, behind a cut."""

    def forward(self, value: Tensor) -> Tensor:
        return value


def test_a_poor_synthesizer_has_critical_points_that_the_problem_has_not() -> None:
    """Section 2: of sum |a x + b| over {-2, -1, 1, 2} the only minimum is a = b = 0, yet from a = 1 nothing moves."""
    points = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    net = ModuleGraph()
    line = nn.Linear(1, 1)
    with torch.no_grad():
        line.weight.fill_(1.0)
        line.bias.fill_(0.0)
    constant = Constant()
    net.add("loss", Fixed(), decoupled(net.add("model", line, net.input("x")), constant))
    optimiser = torch.optim.SGD(net.parameters(), 0.1)
    for _ in range(50):
        optimiser.zero_grad()
        net({"x": points}).abs().sum().backward()
        optimiser.step()
    assert [float(part.detach()) for part in (line.weight, line.bias, constant.value)] == [1.0, 0.0, 0.0]
    plain = torch.autograd.grad(line(points).abs().sum(), line.weight)[0]
    assert float(plain) == 6.0  # the problem itself pulls


def made(depth: int, synthesizer: nn.Module, seed: int) -> ModuleGraph:
    """A deep linear model with one cut: before the loss where it has one layer, else in its middle."""
    torch.manual_seed(seed)
    net = ModuleGraph()
    value, label = net.input("x"), net.input("y")
    for number in range(depth):
        if number == depth // 2 and depth > 1:
            value = decoupled(value, synthesizer, given=label)
        value = net.add(f"layer_{number}", nn.Linear(2, 2), value)
    if depth == 1:
        value = net.add("loss", Fixed(), decoupled(value, synthesizer, given=label))
    return net.double()


def data(kind: str, seed: int = 0) -> tuple[Tensor, Tensor]:
    """A hundred points and their classes one-hot: parted by a line, a tenth of them swapped, or at random."""
    random = torch.Generator().manual_seed(seed)
    points = torch.randn(100, 2, generator=random, dtype=torch.float64)
    side = points @ torch.randn(2, generator=random, dtype=torch.float64) > 0
    swapped = torch.rand(100, generator=random) < {"linear": 0.0, "noisy": 0.1, "random": 0.5}[kind]
    return points, functional.one_hot((side ^ swapped).long(), 2).double()


def trained(net: ModuleGraph, points: Tensor, labels: Tensor, loss: Loss, updates: int, rate: float = 0.02) -> float:
    """The loss after full-batch updates by Adam, at a rate that falls to nothing."""
    optimiser = torch.optim.Adam(net.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates)
    for _ in range(updates):
        optimiser.zero_grad()
        loss(net({"x": points, "y": labels}), labels).backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return float(loss(net({"x": points, "y": labels}), labels))


@pytest.mark.parametrize(("kind", "depth"), [("linear", 1), ("noisy", 1), ("random", 1), ("noisy", 4)])
def test_linear_models_reach_the_optimum_of_squares_through_a_linear_synthesizer(kind: str, depth: int) -> None:
    """Theorem 1 for one layer, the corollary for deep ones; the paper's table has 0.00000 to 0.00001 here."""
    points, labels = data(kind)
    found = trained(made(depth, LinearSynthesizer(2, given=2), seed=1), points, labels, functional.mse_loss, 2000)
    wide = torch.cat([points, torch.ones(len(points), 1, dtype=torch.float64)], dim=1)
    best = functional.mse_loss(wide @ torch.linalg.lstsq(wide, labels).solution, labels)
    assert found - float(best) < 1e-4
