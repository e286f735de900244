"""The n-body world, simulated and learned, side by side: python examples/nbody.py --render."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from physim.checks import check_positive
from physim.viewer.arguments import Arguments, run_example

if TYPE_CHECKING:
    from physim.worlds import World


@dataclass(frozen=True)
class Args(Arguments):
    """Bodies under gravity: the truth and the learned engine from the same start, in lock-step."""

    bodies: int = 6
    """Number of bodies; the same weights work for any."""

    def check(self) -> None:
        """The number of bodies."""
        check_positive(bodies=self.bodies)

    def world(self) -> World:
        """Planets round a star, or a cloud."""
        from worlds.nbody import NBody

        return NBody(bodies=self.bodies)


if __name__ == "__main__":
    run_example(Args)
