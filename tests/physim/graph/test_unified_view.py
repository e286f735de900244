"""The six columns of the unified view (arXiv:1703.00522, section 6) as wires, each against its formula by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from physim.graph import ModuleGraph, Port, decoupled
from physim.graph.synthesizers import Feedback

ALPHA = 0.4
COLUMNS = ("synthetic", "synthetic and propagated", "backprop", "direct feedback", "feedback", "kickback")


class Guess(nn.Module):
    """SG(h, y) = hA + yB, for a loss that is a mean over items."""

    def __init__(self) -> None:
        super().__init__()
        self.seen, self.told = nn.Linear(6, 6, bias=False), nn.Linear(3, 6, bias=False)

    def forward(self, value: Tensor, label: Tensor) -> Tensor:
        return (self.seen(value) + self.told(label)) / len(value)


class Net:
    """x -> h = tanh(x V) -> g = h W -> p = tanh(g) U, the wire at h as the column says."""

    def __init__(self, column: str) -> None:
        torch.manual_seed(5)
        self.graph = ModuleGraph()
        self.label = self.graph.input("label")
        self.below, self.next, self.top = (nn.Linear(*sizes, bias=False) for sizes in ((4, 6), (6, 5), (5, 3)))
        self.guess, self.fixed = Guess(), {errors: Feedback(6, errors) for errors in (5, 3)}
        self.ones = Feedback(6, 3, ones=True)
        hidden = self.graph.add("below", nn.Sequential(self.below, nn.Tanh()), self.graph.input("image"))
        later = {name: self.graph.later(name) for name in ("pre-activation", "output")}
        before = self.graph.add("next", self.next, self.wire(column, hidden, later))
        output = self.graph.add("top", nn.Sequential(nn.Tanh(), self.top), before)
        self.graph.tie(later["pre-activation"], before)
        self.graph.tie(later["output"], output)
        self.graph.returns(later["pre-activation"], later["output"])
        for module in (self.graph, self.guess, self.ones, *self.fixed.values()):
            module.double()

    def wire(self, column: str, hidden: Port, later: dict[str, Port]) -> Port:
        if column == "backprop":
            return hidden
        if column.startswith("synthetic"):
            prop = ALPHA if "propagated" in column else 0.0
            return decoupled(hidden, self.guess, given=self.label, prop=prop)
        error = later["pre-activation" if column == "feedback" else "output"]
        fixed = self.fixed[5] if column == "feedback" else self.fixed[3]
        return decoupled(hidden, self.ones if column == "kickback" else fixed, error=error)


@pytest.mark.parametrize("column", COLUMNS)
def test_each_column_is_a_setting_of_the_wire(column: str) -> None:
    net = Net(column)
    torch.manual_seed(6)
    image, label = torch.randn(7, 4).double(), functional.one_hot(torch.arange(7) % 3, 3).double()
    found = net.graph({"image": image, "label": label})
    functional.mse_loss(found[1], label).backward()
    hidden = torch.tanh(image @ net.below.weight.T).detach().requires_grad_()
    before = hidden @ net.next.weight.T
    output = torch.tanh(before) @ net.top.weight.T
    assert all(map(torch.allclose, found, (before, output)))  # the wire changes what comes back alone
    true, at_next, at_top = torch.autograd.grad(functional.mse_loss(output, label), (hidden, before, output))
    guess = (hidden @ net.guess.seen.weight.T + label @ net.guess.told.weight.T) / 7
    slope = 2 * 7 * (guess - true) @ net.guess.seen.weight / 7
    back = {
        "synthetic": guess,
        "synthetic and propagated": guess + ALPHA * slope,
        "backprop": true,
        "direct feedback": at_top @ net.fixed[3].matrix.T,
        "feedback": at_next @ net.fixed[5].matrix.T,
        "kickback": at_top.sum(dim=1, keepdim=True).expand(7, 6),
    }[column]
    wanted = (back * (1 - hidden.square())).T @ image
    assert torch.allclose(net.below.weight.grad, wanted, rtol=1e-12)
    assert torch.allclose(net.next.weight.grad, at_next.T @ hidden, rtol=1e-12)
    if column.startswith("synthetic"):
        slope_of_seen = 2 * 7 * ((guess - true).T @ hidden) / 7
        assert torch.allclose(net.guess.seen.weight.grad, slope_of_seen, rtol=1e-12)
    else:
        layers = {id(layer.weight) for layer in (net.below, net.next, net.top)}
        assert {id(parameter) for parameter in net.graph.parameters()} == layers  # nothing else is learned
