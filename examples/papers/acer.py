"""ACER (arXiv:1611.01224): does it pay to learn the policy from what was played before, and how often?

python examples/papers/acer.py [--quick] [--parts replay numbers scene]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from learners.agents.methods import ACER
from learners.experiment import Cell
from learners.papers import Checks, PaperSettings, run_parts
from parts import acer_numbers
from parts.off_policy_tasks import KINDS, KNOWING, WHOLE, Arm, compared, outcomes
from physim.reports import Row
from physim.scripts import check_choices, run_script

RESULTS = Path(__file__).parent / "results" / "acer"
BASELINE, REPLAYING = "ratio 0", "ratio 4"
ARMS = {
    BASELINE: Arm(ACER(replayed=False), seconds=1.2),
    "ratio 0, no region": Arm(ACER(replayed=False, region=None), seconds=1.2),
    "ratio 0, 5 epochs": Arm(ACER(replayed=False), repeats=5, seconds=2.8),
    "ratio 1": Arm(ACER(), ratio=1, seconds=1.6),
    REPLAYING: Arm(ACER(), ratio=4, seconds=2.8),
    "ratio 4, no region": Arm(ACER(region=None), ratio=4, seconds=2.8),
    "ratio 4, not truncated": Arm(ACER(truncation=WHOLE), ratio=4, seconds=2.8),
}
"""Four updates from what is replayed for one of what is fresh take as long as five epochs on what is fresh."""
PAIRS = [
    (REPLAYING, BASELINE),
    (REPLAYING, "ratio 0, no region"),
    (REPLAYING, "ratio 1"),
    ("ratio 1", BASELINE),
    *((REPLAYING, arm) for arm in ("ratio 0, 5 epochs", "ratio 4, no region", "ratio 4, not truncated")),
]
PIXELS = "pixels"
SEEING = {
    "objects": Arm(ACER(), ratio=4, seconds=2.8),
    PIXELS: Arm(ACER(), ratio=4, seconds=2.2, sees="image"),
}
"""An agent that reads a maze as a scene, among whose objects messages pass, beside one that sees pixels."""
SCENE = replace(KINDS["random goal"], decisions=100_000)
"""Where they are compared: pixels want more decisions."""
ALL = ("replay", "numbers", "scene")


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Train agents by ACER with more and less replay, and with parts of it left out, and write what came of it.

    Settings are chosen first, for every arm alike, by a seed and in a layout of their own: the whole sweep is kept.
    """

    parts: tuple[str, ...] = ALL
    """What to do: agents that choose, by how much is replayed; agents that tell numbers, beside PPO, which wants the
    extra `libraries`; and an agent that reads mazes as scenes, by message passing, beside one that sees their pixels.
    """
    kinds: tuple[str, ...] = tuple(KINDS)
    """Which tasks of the first part: poles, acrobots, and mazes with a goal anywhere."""
    out: Path = RESULTS


def main(args: Args) -> None:
    """Run what has not run yet and write the tables."""
    check_choices("kinds", args.kinds, KINDS)
    run_parts(args, args.parts, PARTS, CHECKS)


def replay(args: Args) -> str:
    """All arms in all tasks."""
    return compared(args, ARMS, run, args.kinds, PAIRS)


def numbers(args: Args) -> str:
    """Agents that tell numbers, in two tasks."""
    return "\n".join(f"{task}\n\n{acer_numbers.table(args, task)}" for task in acer_numbers.TASKS)


def scene(args: Args) -> str:
    """Agents that see objects, or pixels, in one table."""
    found = outcomes(args, SEEING, run, "scene", SCENE)
    return f"{found.table(list(SEEING), PIXELS)}\n{KNOWING}"


def run(cell: Cell) -> Sequence[Row]:
    """The curve of one training."""
    return (ARMS | SEEING)[cell.arm].rows(cell)


PARTS: dict[str, Callable[[Args], str]] = {"replay": replay, "numbers": numbers, "scene": scene}
CHECKS: Checks = {"numbers": (acer_numbers.check_peer,)}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
