"""Balls in a box, simulated and learned, side by side: python examples/balls.py --render."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from physim.checks import check_positive
from physim.viewer.arguments import Arguments, run_example

if TYPE_CHECKING:
    from physim.worlds import World


@dataclass(frozen=True)
class Args(Arguments):
    """Balls that bounce in a box: the truth and the learned engine from the same start, in lock-step."""

    steps_per_frame: int = 6
    """Steps from one frame to the next."""
    balls: int = 6
    """Number of balls; the same weights work for any."""
    restitution: float = 0.4
    """The lowest restitution of a pair that touches, from 0 to 1; 1 makes every contact elastic."""

    def check(self) -> None:
        """The number of balls."""
        check_positive(balls=self.balls)

    def world(self) -> World:
        """A box of balls."""
        from worlds.balls import Balls

        return Balls(balls=self.balls, restitution=self.restitution)


if __name__ == "__main__":
    run_example(Args)
