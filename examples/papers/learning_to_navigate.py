"""Learning to Navigate in Complex Environments (arXiv:1611.03673) in small mazes: what depth and loops are good for.

python examples/papers/learning_to_navigate.py [--quick] [--arms nav "nav + d2" ...]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from learners.agents.curves import curve_rows
from learners.agents.examination import examined
from learners.agents.training import Training
from learners.agents.trial import FORWARD, NAVIGATING
from learners.experiment import Cell, grouped, markdown
from learners.judging import interquartile
from learners.papers import PaperSettings
from parts.small_mazes import Arm, check_arms, contest, environments, game_of, trial
from physim.checks import TEST_SEEDS_FROM
from physim.reports import Row
from physim.scripts import check_choices, run_script

RESULTS = Path(__file__).parent / "results" / "learning_to_navigate"
BASELINE = "nav"
SEES = ("image", "velocity")
ARMS = {
    "ff": Arm(cores=FORWARD, told=False, speed=1.5),
    "lstm": Arm(told=False, speed=1.4),
    BASELINE: Arm((), NAVIGATING, SEES, speed=1.2),
    "nav + l": Arm(("loop_closure",), NAVIGATING, SEES),
    "nav + d1": Arm(("depth_1",), NAVIGATING, SEES),
    "nav + d2": Arm(("depth_2",), NAVIGATING, SEES),
    "nav + d1d2l": Arm(("depth_1", "depth_2", "loop_closure"), NAVIGATING, SEES),
    "nav + d1 by number": Arm(("depth_number",), NAVIGATING, SEES),
    "depth seen": Arm((), NAVIGATING, (*SEES, "depth")),
    "placebo": Arm(("placebo",), NAVIGATING, SEES),
}
PAIRS = [
    *((arm, "placebo") for arm in ("nav + d2", "nav + d1", BASELINE)),
    ("nav + d2", "nav + d1"),
    ("nav + d1d2l", "nav + d2"),
    ("nav + d1", "nav + d1 by number"),
]
"""Arms that are compared, the first with the second."""
SMALLER = ", 3 x 3, apples 0.0"
"""In mazes of 4 x 3 cells nav learns next to nothing in as many decisions: there would be nothing to compare."""
KINDS = {"static": f"static 0{SMALLER}", "random goal": f"random goal 1{SMALLER}", "i-maze": "i-maze 0"}
"""The task of each kind, each between other walls."""
TUNED_ON = tuple(f"{kind} 1001{SMALLER}" for kind in ("static", "random goal"))
"""There are few mazes so small: the walls of this one are others than those of the tasks."""
SEEDS = tuple(range(10))
DECISIONS = 250_000
"""Which are 1,000,000 frames: a decision lasts four."""
WATCHED = 100
"""Episodes in which each trained agent is watched."""
UNTRAINED = "untrained: "
"""Before what is decoded from an agent as it was drawn, which walks as it does."""


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Train agents in small mazes with and without depth and loop closure to tell, and write what came of it.

    Settings are chosen first, in a layout and by a seed of their own: the whole sweep is kept.
    """

    arms: tuple[str, ...] = tuple(ARMS)
    """Which agents; nav, which the others are measured by, must be among them."""
    kinds: tuple[str, ...] = tuple(KINDS)
    """Where: a goal that stays, one drawn anew each episode, and one in an alcove of the I-maze."""
    out: Path = RESULTS


def main(args: Args) -> None:
    """Run what has not run yet and write the tables."""
    check_choices("kinds", args.kinds, KINDS)
    check_arms(args.arms, ARMS, BASELINE)
    asked = contest(args, {arm: ARMS[arm] for arm in args.arms}, DECISIONS, run)
    chosen = replace(asked, run=run_tuning, final=True).chosen("tuning", TUNED_ON)
    tasks = {kind: KINDS[kind] for kind in args.kinds}
    found = asked.outcomes("mazes", args.few(SEEDS, 2), list(tasks.values()), chosen)
    text = ""
    for kind, task in tasks.items():
        outcomes = replace(found, bounds={task: found.bounds[task]})
        text += f"## {kind}\n\n{outcomes.table(args.arms, BASELINE)}\n{outcomes.pairs(PAIRS, args.arms)}\n"
        text += f"{knowledge([row for row in found.rows if row['task'] == task], args.arms)}\n"
    args.publish("mazes", text)


def run_tuning(cell: Cell) -> Sequence[Row]:
    """The curve of one training."""
    return curve_rows(trial(ARMS[cell.arm], cell).run().progress.curve)


def run(cell: Cell) -> Sequence[Row]:
    """The curve of one training, and what the agent does and knows at last, in test episodes.

    Beside the baseline, what an agent knows that was never trained.
    """
    training = trial(ARMS[cell.arm], cell).run()
    rows = curve_rows(training.progress.curve)
    if training.diverged:
        return rows
    mazes = environments(cell["task"])
    playing = replace(training.playing, environments=replace(mazes, count=WATCHED), episodes=TEST_SEEDS_FROM)
    rows += [*told(training, len(ARMS[cell.arm].added)), *examined(playing, training.graph, game_of(mazes).ticks)]
    if cell.arm == BASELINE:
        torch.manual_seed(cell.seed)
        drawn = examined(playing, playing.graph(), game_of(mazes).ticks)
        rows += [{**row, "name": f"{UNTRAINED}{row['name']}"} for row in drawn if "_from_" in str(row["name"])]
    return rows


def told(training: Training, added: int) -> list[Row]:
    """How well the losses that were added, which come last, are learned at last: their errors."""
    losses = training.learner.losses[len(training.learner.losses) - added :]
    last = training.progress.curve[-1]
    return [{"name": f"error of {loss.name}", "value": last[loss.name] / loss.weight} for loss in losses]


def knowledge(rows: Sequence[Row], arms: Sequence[str]) -> str:
    """How soon agents find goals, and what is decoded from them: interquartile means over seeds."""
    values = grouped([row for row in rows if row["name"] != "score"], ("name", "arm"))
    names = list(dict.fromkeys(str(name) for name, _ in values))
    lines = [[name, *(_told(values.get((name, arm))) for arm in arms)] for name in names]
    return markdown(("", *arms), lines)


def _told(values: Sequence[float] | None) -> str:
    """The interquartile mean over the seeds that have such a figure, and how many these are where it is not all."""
    known = [value for value in values or () if not math.isnan(value)]
    if not known:
        return ""
    count = f" ({len(known)} of {len(values or ())})" if len(known) < len(values or ()) else ""
    return f"{interquartile([known])}{count}"


if __name__ == "__main__":
    run_script(main, Args, __doc__)
