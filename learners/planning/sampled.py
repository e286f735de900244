"""Planning by samples: the cross-entropy method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from learners.planning.planner import Planner
from physim.arrays import Floats
from physim.scenes.scene import Scene

SPREAD = 0.5
"""The deviation of the first plans about the one that is known."""


@final
@dataclass(frozen=True)
class Sampled(Planner):
    """Draws `count` plans about the best ones so far, `rounds` times; the best `elite` say where the next are drawn."""

    count: int = 64
    elite: int = 8
    rounds: int = 3

    def best(self, scene: Scene, goal: Floats, known: Tensor, random: torch.Generator) -> Tensor:
        middle, spread = known, torch.full_like(known, SPREAD)
        for _ in range(self.rounds):
            noise = torch.randn(self.count, *known.shape, generator=random, dtype=known.dtype)
            plans = (middle + spread * noise).clamp(-1, 1)
            plans[0] = middle
            best = plans[self.futures.costs(scene, goal, plans).argsort()[: self.elite]]
            middle, spread = best.mean(0), best.std(0)
        return best[0]
