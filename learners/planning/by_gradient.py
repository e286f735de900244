"""Planning by gradient, through the learned engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from learners.planning.planner import Planner
from learners.planning.sampled import SPREAD
from physim.arrays import Floats
from physim.checks import check_positive
from physim.scenes.scene import Scene


@final
@dataclass(frozen=True)
class ByGradient(Planner):
    """Improves `count` plans about the known one by `rounds` steps of Adam at `rate`; gives the best that it saw."""

    count: int = 16
    rounds: int = 6
    rate: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(rate=self.rate)

    def best(self, scene: Scene, goal: Floats, known: Tensor, random: torch.Generator) -> Tensor:
        noise = SPREAD * torch.randn(self.count, *known.shape, generator=random, dtype=known.dtype)
        noise[0] = 0
        plans = (known + noise).clamp(-1, 1).requires_grad_()
        optimiser = torch.optim.Adam([plans], self.rate)
        found, least = known, float("inf")
        for number in range(self.rounds + 1):
            costs = self.futures.costs(scene, goal, plans if number < self.rounds else plans.detach())
            cheapest = int(costs.argmin())
            if float(costs[cheapest].detach()) < least:
                found, least = plans[cheapest].detach().clone(), float(costs[cheapest].detach())
            if number < self.rounds:
                (plans.grad,) = torch.autograd.grad(costs.sum(), plans)  # of the plans alone, not of the engine
                optimiser.step()
                with torch.no_grad():
                    plans.clamp_(-1, 1)
        return found
