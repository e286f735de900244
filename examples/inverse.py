"""What a scene is made of, from how it moves: python examples/inverse.py --plot recovered.png."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from physim.checks import TEST_SEEDS_FROM
from physim.outputs import check_plot, replacing
from physim.reports import Row, check_report, report
from physim.scripts import run_script

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from learners.physics.recovery import Recovery
    from physim.engines.learned import LearnedEngine
    from physim.worlds import World

UNITS = {"mass": "kg", "stiffness": "N/m"}
MARGIN = 0.1  # how far the axes reach past the values, as a share


@dataclass(frozen=True)
class Args:
    """Masses of n-body scenes and stiffness of strings, by gradients through a learned engine.

    Positions over time are all that is read; the errors stand beside those of guessing the usual value.
    """

    unknown: Literal["mass", "stiffness", "both"] = "both"
    """What to recover."""
    scenes: int = 20
    """Number of scenes of each world."""
    seed: int = TEST_SEEDS_FROM
    """Which scenes; those from 90000 on were not learned from."""
    noise: float = 0.0
    """Standard deviation of the measured positions in metres."""
    json: str | None = None
    """Write the figures as JSON to this file, or with - to standard output."""
    plot: Path | None = None
    """Draw recovered against true values into this file."""


def main(args: Args) -> list[Row]:
    """Recover, print the figures, and return them."""
    check_report(args.json)
    if args.plot:
        check_plot(args.plot, "--plot")
    from learners.physics.recovery import Scenes, recovery

    scenes = Scenes(args.scenes, args.seed, args.noise)
    unknowns = ("mass", "stiffness") if args.unknown == "both" else (args.unknown,)
    results = [recovery(*engine_and_world(unknown), unknown, scenes) for unknown in unknowns]
    rows = [row for result in results for row in result.rows()]
    report(rows, args.json)
    if args.plot:
        draw(results, args.plot)
    return rows


def engine_and_world(unknown: str) -> tuple[LearnedEngine, World]:
    """Who knows the law behind an unknown, and the world to recover it in."""
    from learners.physics.contestants import engine_of
    from worlds import NBody, Strings

    if unknown == "mass":
        return engine_of("nbody"), NBody()
    return engine_of("stiffness"), Strings(spread=2)


def draw(results: Sequence[Recovery], path: Path) -> None:
    """Draw one panel a recovery."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(results), 5), layout="constrained")
    for axes, result in zip(figure.subplots(1, len(results), squeeze=False)[0], results, strict=True):
        panel(axes, result)
    with replacing(path) as draft:
        figure.savefig(draft, dpi=120, format=path.suffix[1:])


def panel(axes: Axes, result: Recovery) -> None:
    """Recovered against true values, with the line on which both are equal and the guess at which the search began."""
    import torch

    values = torch.cat([result.true, result.found])
    low, high = float(values.min()) * (1 - MARGIN), float(values.max()) * (1 + MARGIN)
    axes.axline((low, low), (high, high), color="0.7", linewidth=1, zorder=0, label="equal")
    axes.axhline(result.guess, color="0.7", linewidth=1, linestyle=":", zorder=0, label="start of the search")
    axes.scatter(result.true, result.found, s=18, alpha=0.7, label="recovered")
    unit = UNITS[result.unknown]
    scale = "log" if high > 10 * low else "linear"
    axes.set(xscale=scale, yscale=scale, xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.set(xlabel=f"true {result.unknown} ({unit})", ylabel=f"recovered {result.unknown} ({unit})")
    error = 100 * float(result.error.median())
    axes.set_title(f"{result.world.name}: median error {error:.2g} % of {len(result.true)} values")
    axes.legend(frameon=False)


if __name__ == "__main__":
    run_script(main, Args)
