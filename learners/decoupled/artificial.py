"""Two classes of points, parted by a line or not, and linear models with one synthetic gradient (arXiv:1703.00522)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from scipy.optimize import minimize
from torch import Tensor, nn
from torch.nn import functional

from physim.graph import BentSynthesizer, LinearSynthesizer, ModuleGraph, Port, decoupled

SWAPPED = {"linear": 0.0, "noisy": 0.1, "random": 0.5}
"""The share of points whose class is swapped, by kind of data."""
POINTS = {2: 100, 100: 1000}
"""How many points there are, by their dimension."""
RATES = {False: 0.1, True: 1e-3}
"""At which shallow and deep models learn; at the paper's 3e-5 they would take a day."""
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "squares": functional.mse_loss,
    "log": functional.cross_entropy,
}
SYNTHESIZERS: dict[str, Callable[[int], nn.Module]] = {
    "linear": lambda width: LinearSynthesizer(width, given=2),
    "bent": lambda width: BentSynthesizer(width, given=2),
}


@dataclass(frozen=True)
class Points:
    """Points [B, features] and their classes one-hot [B, 2], in float64."""

    points: Tensor
    labels: Tensor

    @classmethod
    def drawn(cls, kind: str, features: int, seed: int = 0) -> Points:
        """Normal points, on the sides of a plane through the origin, of which some are swapped."""
        random = torch.Generator().manual_seed(seed)
        points = torch.randn(POINTS[features], features, generator=random, dtype=torch.float64)
        side = points @ torch.randn(features, generator=random, dtype=torch.float64) > 0
        swapped = torch.rand(len(points), generator=random) < SWAPPED[kind]
        return cls(points, functional.one_hot((side ^ swapped).long(), 2).double())

    def least(self, loss: str) -> float:
        """The least loss of any linear model; 0 for a log loss that only endless weights reach."""
        wide = torch.cat([self.points, torch.ones(len(self.points), 1, dtype=torch.float64)], dim=1)
        if loss == "squares":
            best = torch.linalg.lstsq(wide, self.labels).solution
            return float(functional.mse_loss(wide @ best, self.labels))
        signs = (2 * self.labels[:, 1] - 1).numpy()
        rows = wide.numpy()

        def logistic(weight):  # type: ignore[no-untyped-def]
            margins = torch.from_numpy(signs * (rows @ weight))
            slope = -(rows * (signs * torch.sigmoid(-margins).numpy())[:, None]).mean(0)
            return float(functional.softplus(-margins).mean()), slope

        found = minimize(logistic, torch.zeros(wide.shape[1], dtype=torch.float64).numpy(), jac=True, method="L-BFGS-B")
        return 0.0 if found.fun < 1e-3 else float(found.fun)


@final
class Same(nn.Module):
    """Passes its input on: what a loss stands on, behind a cut."""

    def forward(self, value: Tensor) -> Tensor:
        return value


def linear_model(features: int, hidden: int = 0, synthesizer: str | None = "linear") -> ModuleGraph:
    """A linear model of points, with `hidden` layers as wide as points, cut in its middle or, if it is shallow, before
    the loss; by no synthesizer, not at all.

    Inputs: "points" [B, features], "label" [B, 2]; output [B, 2].
    """
    net = ModuleGraph()
    value, label = net.input("points"), net.input("label")

    def cut(port: Port, width: int) -> Port:
        return port if synthesizer is None else decoupled(port, SYNTHESIZERS[synthesizer](width), given=label)

    for number in range(hidden):
        value = net.add(f"layer_{number}", nn.Linear(features, features), value)
        if number == (hidden - 1) // 2:
            value = cut(value, features)
    value = net.add("output", nn.Linear(features, 2), value)
    net.returns(net.add("loss", Same(), value if hidden else cut(value, 2)))
    return net.double()


def trained(net: ModuleGraph, data: Points, loss: str, updates: int) -> float:
    """The loss after so many full-batch updates by Adam, at a rate that falls to nothing."""
    deep = any(node.name.startswith("layer") for node in net.nodes)
    optimiser = torch.optim.Adam(net.parameters(), RATES[deep], fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates)
    inputs = {"points": data.points, "label": data.labels}
    for _ in range(updates):
        optimiser.zero_grad()
        LOSSES[loss](net(inputs), data.labels).backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return float(LOSSES[loss](net(inputs), data.labels))
