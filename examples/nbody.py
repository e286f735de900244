"""The n-body world, simulated and learned, side by side: python examples/nbody.py --render."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from physim.checks import check_positive
from physim.errors import PhysimError
from physim.reports import Row, check_report, report
from physim.viewer import PlaySettings, play

if TYPE_CHECKING:
    from physim.worlds import World


@dataclass(frozen=True)
class Args:
    """Bodies under gravity: the truth and the learned engine from the same start, in lock-step."""

    render: bool = False
    """Open a window; what happens anyway unless --headless is given."""
    headless: bool = False
    """Draw without a window, as fast as it goes."""
    steps: int | None = None
    """Stop after so many steps of 1 ms; without it, when the window is closed (headless: 1000)."""
    steps_per_frame: int = 4
    """Steps from one frame to the next."""
    bodies: int = 6
    """Number of bodies; the same weights work for any."""
    seed: int = 0
    """Which start to play."""
    engine: Literal["truth", "learned", "both"] = "both"
    """What to show."""
    weights: str = "nbody"
    """The learned engine: a name that ships with physim, or a file."""
    size: tuple[int, int] = (1280, 720)
    """Width and height of the picture in pixels."""
    record: Path | None = None
    """Write what is shown to this .gif, .mp4 or .png file."""
    json: str | None = None
    """Write the figures as JSON to this file, or with - to standard output."""


def main(args: Args) -> list[Row]:
    """Play, print the figures, and return them."""
    if args.render and args.headless:
        raise PhysimError("render and headless exclude one another: give one of them")
    check_positive(bodies=args.bodies)
    check_report(args.json)

    def nbody() -> World:
        from worlds.nbody import NBody  # imports torch: after the window is open

        return NBody(bodies=args.bodies)

    settings = PlaySettings(
        world=nbody,
        engines=args.engine,
        weights=args.weights,
        seed=args.seed,
        steps=args.steps,
        steps_per_frame=args.steps_per_frame,
        headless=args.headless,
        record=args.record,
        size=args.size,
    )
    rows = play(settings)
    if rows:
        report(rows, args.json)
    return rows


if __name__ == "__main__":
    try:
        main(tyro.cli(Args))
    except PhysimError as error:
        print(f"nbody.py: {error}", file=sys.stderr)
        sys.exit(2)
