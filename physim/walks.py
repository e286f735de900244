"""What is walked through: the contract between a world of places and the window that shows it to somebody."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from physim.errors import PhysimError

Pixels = npt.NDArray[np.uint8]
WORDS = (
    "forward", "backward", "left", "right", "turn_left", "turn_right", "forward_left", "forward_right",
)  # fmt: skip
"""What a walker may do; left and right are steps aside, and the last two go forward and turn."""


class Walk(ABC):
    """A place that somebody walks through, decision by decision, and what is seen on the way.

    Each walk begins with `restart`; the same seed and actions give the same pictures.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is called in figures."""

    @property
    @abstractmethod
    def dt(self) -> float:
        """Seconds from one decision to the next."""

    @property
    @abstractmethod
    def actions(self) -> Mapping[str, int]:
        """The numbers of those actions that there are, by WORDS."""

    @property
    @abstractmethod
    def done(self) -> bool:
        """Whether it is over, so that only `restart` goes on."""

    @abstractmethod
    def restart(self, seed: int) -> None:
        """Begin anew."""

    @abstractmethod
    def step(self, action: int | None) -> float:
        """Act, or with None only let time pass, and say what it brought; raises PhysimError where it is done."""

    @abstractmethod
    def pictures(self) -> Mapping[str, Pixels]:
        """What there is to see [H, W, 3], by title; the first picture is shown large."""

    @abstractmethod
    def lines(self) -> Sequence[str]:
        """How things stand, in a few words each, what matters most first."""

    def lead(self) -> int | None:
        """What someone who knows the way would do now; None where nobody does."""
        return None

    def recorded(self, path: Path) -> Recorded:
        """The walk that a file tells of; raises PhysimError where it is no such file."""
        raise PhysimError(f"replay {path} cannot be shown: {self.name} knows no recordings")


class Recorded(NamedTuple):
    """A walk that was taken: through what, from the start of which seed on, and by which actions."""

    walk: Walk
    seed: int
    actions: tuple[int, ...]
