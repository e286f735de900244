"""What is known of synthetic gradients (arXiv:1703.00522), held by the wires of a graph."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from learners.decoupled.artificial import Points, Same, linear_model, trained
from physim.graph import ModuleGraph, decoupled


class Constant(nn.Module):
    """The same gradient for every item, whatever the item is."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(1))

    def forward(self, value: Tensor) -> Tensor:
        return self.value.expand_as(value) / len(value)


def test_a_poor_synthesizer_has_critical_points_that_the_problem_has_not() -> None:
    """Section 2: of sum |a x + b| over {-2, -1, 1, 2} the only minimum is a = b = 0, yet from a = 1 nothing moves."""
    points = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    net = ModuleGraph()
    line = nn.Linear(1, 1)
    with torch.no_grad():
        line.weight.fill_(1.0)
        line.bias.fill_(0.0)
    constant = Constant()
    net.add("loss", Same(), decoupled(net.add("model", line, net.input("x")), constant))
    optimiser = torch.optim.SGD(net.parameters(), 0.1)
    for _ in range(50):
        optimiser.zero_grad()
        net({"x": points}).abs().sum().backward()
        optimiser.step()
    assert [float(part.detach()) for part in (line.weight, line.bias, constant.value)] == [1.0, 0.0, 0.0]
    plain = torch.autograd.grad(line(points).abs().sum(), line.weight)[0]
    assert float(plain) == 6.0  # the problem itself pulls


@pytest.mark.parametrize(("kind", "hidden"), [("linear", 0), ("noisy", 0), ("random", 0), ("noisy", 4)])
def test_linear_models_reach_the_optimum_of_squares_through_a_linear_synthesizer(kind: str, hidden: int) -> None:
    """Theorem 1 for one layer, the corollary for deep ones; the paper's table has 0.00000 to 0.00001 here."""
    torch.manual_seed(1)
    data = Points.drawn(kind, 2)
    assert trained(linear_model(2, hidden), data, "squares", 3000) - data.least("squares") < 1e-4


def test_a_linear_synthesizer_cannot_follow_a_log_loss_to_where_classes_part_for_good() -> None:
    """Section 4: the gradient becomes a step, which no line can follow; a sigmoid does better."""
    data, found = Points.drawn("linear", 2), {}
    for synthesizer in ("linear", "bent", None):
        torch.manual_seed(1)
        found[synthesizer] = trained(linear_model(2, synthesizer=synthesizer), data, "log", 2000)
    assert data.least("log") == 0
    assert found["linear"] > 1.6 * found[None]
    assert found["bent"] < 0.9 * found["linear"]
