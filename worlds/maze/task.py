"""What the episodes of a maze are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from physim.checks import check_positive
from physim.errors import PhysimError

When = Literal["maze", "episode"]

REWARDS = {"A": 1.0, "S": 2.0, "L": -1.0, "K": 0.0, "G": 10.0}
"""What it brings to reach an apple, a strawberry, a lemon, a key and the goal."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Rewards, and when what is drawn anew.

    Who reaches the goal is set down elsewhere, and all fruit is back; the episode goes on until its time is up. Without
    a goal it ends, too, when all that brings a reward is gathered.
    """

    goal: When | None = "maze"
    """where the goal stays the same: in the maze for ever, or for an episode; None: there is no goal"""
    fresh: bool = False
    """whether each episode has a maze of its own"""
    apples: float = 0.05
    """share of the cells in which an apple lies, at the same places as long as the goal"""
    strawberries: float = 0.05
    """share of the cells with strawberries"""
    lemons: float = 0.0
    """share of the cells with lemons, which are better left alone"""
    away: int = 5
    """from how many cells of its way to the goal on a walker may start"""
    seconds: float = 60.0
    """how long an episode lasts"""

    def __post_init__(self) -> None:
        check_positive(seconds=self.seconds)
        if self.goal not in (None, *get_args(When)):
            raise PhysimError(f"goal must be None or one of {', '.join(get_args(When))}, got {self.goal!r}")
        for name in ("apples", "strawberries", "lemons"):
            if not 0 <= getattr(self, name) <= 1:
                raise PhysimError(f"{name} must be from 0 to 1, got {getattr(self, name)}")
        if self.away < 0:
            raise PhysimError(f"away must be 0 or more, got {self.away}")
