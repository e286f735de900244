"""What episodes brought, told from unrolls as they come."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
import numpy.typing as npt
import torch

from learners.agents.unrolls import LAST, RESET, REWARD, Ticks, Unroll


class Episode(NamedTuple):
    """An episode that is over: the sum of its rewards, and how many decisions it had."""

    score: float
    decisions: int


@final
class Scores:
    """Adds up the rewards of every environment, over unrolls."""

    def __init__(self) -> None:
        self._running: dict[int, npt.NDArray[np.float64]] = {}

    def ended(self, unroll: Unroll) -> list[Episode]:
        """The episodes that ended in an unroll. One whose actor died is never over."""
        reward, reset, last = (unroll.ticks[name][:, :-1].cpu().numpy() for name in (REWARD, RESET, LAST))
        running = self._running.setdefault(unroll.actor, np.zeros((len(reward), 2)))
        found = []
        for tick in range(reward.shape[1]):
            running[reset[:, tick]] = 0
            running[:, 0] += reward[:, tick]
            running[:, 1] += ~reset[:, tick]
            found += [Episode(float(score), int(count)) for score, count in running[last[:, tick]]]
        return found

    def saved(self) -> Ticks:
        """What is added up so far, by name."""
        return {f"scores/{actor}": torch.from_numpy(running) for actor, running in self._running.items()}

    def restore(self, saved: Ticks) -> None:
        """Go on adding."""
        kept = {key: value for key, value in saved.items() if key.startswith("scores/")}
        self._running = {int(key.partition("/")[2]): value.numpy().copy() for key, value in kept.items()}
