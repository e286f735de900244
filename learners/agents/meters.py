"""Means of what a training tells, between the points of its curve."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import final

import torch

from learners.agents.unrolls import Ticks

RECENT = 100
"""Of how many episodes the score is told."""


@final
class Meters:
    """Means of losses and scores since they were last taken, and what a progress bar says."""

    def __init__(self) -> None:
        self._losses: dict[str, list[float]] = {}
        self._scores: list[float] = []
        self._recent: deque[float] = deque(maxlen=RECENT)

    def add(self, losses: Mapping[str, float], scores: Sequence[float]) -> None:
        """Add the losses of an update, and the scores of the episodes that ended meanwhile."""
        for name, value in losses.items():
            self._losses.setdefault(name, []).append(value)
        self._scores += scores
        self._recent.extend(scores)

    def taken(self) -> dict[str, float]:
        """The means; there is no score where no episode ended."""
        found = {name: mean(values) for name, values in self._losses.items()} | {"episodes": float(len(self._scores))}
        if self._scores:
            found["score"] = mean(self._scores)
        self._losses, self._scores = {}, []
        return found

    def saved(self) -> Ticks:
        """What is not taken yet, by name."""
        text = json.dumps([self._losses, self._scores, list(self._recent)])
        return {"meters": torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)}

    def restore(self, saved: Ticks) -> None:
        """Go on from where meters were."""
        self._losses, self._scores, recent = json.loads(bytes(saved["meters"].numpy()))
        self._recent.extend(recent)

    def __str__(self) -> str:
        score = f"score {mean(self._recent):.2f}, " if self._recent else ""
        return score + ", ".join(f"{name} {values[-1]:.3g}" for name, values in self._losses.items())
