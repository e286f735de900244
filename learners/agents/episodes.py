"""What episodes brought, told from unrolls as they come."""

from __future__ import annotations

from typing import final

import numpy as np
import numpy.typing as npt
import torch

from learners.agents.unrolls import LAST, RESET, REWARD, Ticks, Unroll


@final
class Scores:
    """Adds up the rewards of every environment, over unrolls."""

    def __init__(self) -> None:
        self._running: dict[int, npt.NDArray[np.float64]] = {}

    def ended(self, unroll: Unroll) -> list[float]:
        """The sums of rewards of the episodes that ended in an unroll. One whose actor died is never over."""
        reward, reset, last = (unroll.ticks[name][:, :-1].cpu().numpy() for name in (REWARD, RESET, LAST))
        running = self._running.setdefault(unroll.actor, np.zeros(len(reward)))
        found: list[float] = []
        for tick in range(reward.shape[1]):
            running[reset[:, tick]] = 0
            running += reward[:, tick]
            found += running[last[:, tick]].tolist()
        return found

    def saved(self) -> Ticks:
        """What is added up so far, by name."""
        return {f"scores/{actor}": torch.from_numpy(running) for actor, running in self._running.items()}

    def restore(self, saved: Ticks) -> None:
        """Go on adding."""
        kept = {key: value for key, value in saved.items() if key.startswith("scores/")}
        self._running = {int(key.partition("/")[2]): value.numpy().copy() for key, value in kept.items()}
