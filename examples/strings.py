"""A string of masses and a circle, simulated and learned, side by side: python examples/strings.py --render."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from physim.checks import check_positive
from physim.viewer.arguments import Arguments, run_example

if TYPE_CHECKING:
    from physim.worlds import World


@dataclass(frozen=True)
class Args(Arguments):
    """A string of masses on springs: the truth and the learned engine from the same start, in lock-step."""

    steps_per_frame: int = 6
    """Steps from one frame to the next."""
    masses: int = 15
    """Number of masses, pinned ones among them; the same weights work for any."""
    pins: int = 1
    """How many ends are pinned: 0, 1 or 2."""
    stiffness: float = 100.0
    """The springs' constant in N/m; the shipped weights were trained at 100."""

    def check(self) -> None:
        """The number of masses."""
        check_positive(masses=self.masses)

    def world(self) -> World:
        """A string above a circle."""
        from worlds.strings import Strings

        return Strings(masses=self.masses, pins=self.pins, stiffness=self.stiffness)


if __name__ == "__main__":
    run_example(Args)
