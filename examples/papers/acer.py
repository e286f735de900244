"""ACER (arXiv:1611.01224): does it pay to learn the policy from what was played before, and how often?

python examples/papers/acer.py [--quick] [--parts replay numbers]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import acer_numbers
from off_policy_tasks import CONTROL, LAYOUTS, Arm, Contest, tables

from learners.agents.methods import ACER
from learners.experiment import Cell
from physim.errors import PhysimError
from physim.reports import Row
from physim.scripts import run_script

RESULTS = Path(__file__).parent / "results" / "acer"
BASELINE = "ratio 0"
WHOLE = 1e9
"""A ratio of probabilities that is never reached: no truncation."""
ARMS = {
    BASELINE: Arm(ACER(replayed=False)),
    "ratio 0, no region": Arm(ACER(replayed=False, region=None)),
    "ratio 0, 5 epochs": Arm(ACER(replayed=False), repeats=5, seconds=2.0),
    "ratio 1": Arm(ACER(), ratio=1, seconds=1.2),
    "ratio 4": Arm(ACER(), ratio=4, seconds=2.0),
    "ratio 4, no region": Arm(ACER(region=None), ratio=4, seconds=2.0),
    "ratio 4, not truncated": Arm(ACER(truncation=WHOLE), ratio=4, seconds=2.0),
}
"""Four updates from what is replayed for one of what is fresh take as long as five epochs on what is fresh."""
KINDS = (*CONTROL, "static")
SEEDS = tuple(range(10))
ALL = ("replay", "numbers")


@dataclass(frozen=True)
class Args:
    """Train agents by ACER with more and less replay, and with parts of it left out, and write what came of it.

    Settings are chosen first, for every arm alike, by a seed and in a layout of their own: the whole sweep is kept.
    """

    parts: tuple[str, ...] = ALL
    """What to do: agents that choose, by how much is replayed; and agents that tell numbers, beside PPO, which wants
    the extra `libraries`."""
    kinds: tuple[str, ...] = KINDS
    """Which tasks of the first part: poles, acrobots, mazes."""
    quick: bool = False
    """A fiftieth of the decisions, two seeds and draws: to see that it runs."""
    workers: int = 2
    """Trainings at a time, one thread each."""
    out: Path = RESULTS
    """Where the rows (CSV) and the tables (Markdown) are kept; those of --quick in a folder of their own in it."""

    @property
    def folder(self) -> Path:
        """Where this run keeps its rows."""
        return self.out / "quick" if self.quick else self.out


def main(args: Args) -> None:
    """Run what has not run yet and write the tables."""
    for name, wanted, known in (("parts", args.parts, ALL), ("kinds", args.kinds, KINDS)):
        if unknown := set(wanted) - set(known):
            raise PhysimError(f"--{name}: got {sorted(unknown)}, wanted some of {list(known)}")
    for part in args.parts:
        text = PARTS[part](args)
        (args.folder / f"{part}.md").write_text(text, encoding="utf-8")
        print(text)


def replay(args: Args) -> str:
    """All arms in all tasks."""
    contest = Contest(ARMS, run, args.folder, args.workers, *((50, 2) if args.quick else ()))
    seeds, layouts = (SEEDS[:2], LAYOUTS[:1]) if args.quick else (SEEDS, LAYOUTS)
    found = {kind: contest.outcomes(kind, seeds, layouts) for kind in args.kinds}
    return tables(found, list(ARMS), BASELINE)


def numbers(args: Args) -> str:
    """Agents that tell numbers, in two tasks."""
    contest = acer_numbers.Contest(args.folder, args.workers, *((50, 2, SEEDS[:2]) if args.quick else ()))
    return "\n".join(f"{task}\n\n{contest.table(task)}" for task in acer_numbers.TASKS)


def run(cell: Cell) -> Sequence[Row]:
    """The curve of one training."""
    return ARMS[cell.arm].rows(cell)


PARTS: dict[str, Callable[[Args], str]] = {"replay": replay, "numbers": numbers}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
