"""Planning by samples: the cross-entropy method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from learners.planning.planner import Planner
from physim.arrays import Floats
from physim.checks import check_whole
from physim.errors import PhysimError
from physim.scenes.scene import Scene

SPREAD = 0.5
"""The deviation of the first plans about the one that is known."""


@final
@dataclass(frozen=True)
class Sampled(Planner):
    """Draws `count` plans about the best ones so far, `rounds` times; the best `elite` say where the next are drawn."""

    count: int = 256
    elite: int = 16
    rounds: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(2, elite=self.elite)
        if self.elite > self.count:
            raise PhysimError(f"elite is {self.elite}, wanted no more than the count of {self.count}")

    def best(self, scene: Scene, goal: Floats, known: Tensor, random: torch.Generator) -> Tensor:
        middle, spread, found = known, torch.full_like(known, SPREAD), known
        for _ in range(self.rounds):
            noise = torch.randn(self.count, *known.shape, generator=random, dtype=known.dtype)
            plans = (middle + spread * noise).clamp(-1, 1)
            plans[0], plans[1] = middle, found
            best = plans[self.futures.costs(scene, goal, plans).argsort()[: self.elite]]
            middle, spread, found = best.mean(0), best.std(0), best[0]
        return found
