"""Tasks that agents of two papers, PGQ and ACER, are compared in: settings drawn for all alike, curves kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, final

import numpy as np

from learners.agents.contest import Contest, Ranges
from learners.agents.curves import curve_rows
from learners.agents.environments import Environments
from learners.agents.learning import Learning
from learners.agents.methods import A3C, ACER, PGQ
from learners.agents.outcomes import THRESHOLDS, Outcomes
from learners.agents.trial import Trial
from learners.experiment import Cell, Run, grouped, markdown, mean_if_known
from learners.judging import Runs, difference, improvement
from learners.papers import PaperSettings
from parts.small_mazes import bounds_of, environments, tuning
from physim.reports import Row

COUNT, REPLAY = 8, 2500
"""How many environments are played at a time, and how many ticks of each are kept."""
BEGIN = 0.05
"""How full the replay is before anything is replayed."""
REWARD_SCALE = 0.1
WHOLE = 1e9
"""A ratio of probabilities that is never reached: no truncation."""
RANGES = Ranges({"rate": (3e-4, 1e-2), "entropy": (3e-4, 3e-2)}, {"ticks": (5, 20)})
"""Of the learning rate, the entropy's weight, and how many ticks unrolls have."""


class Control(NamedTuple):
    """A task without images: its id, how many decisions are made, and the scores that count 0 and 1."""

    id: str
    decisions: int
    bounds: tuple[float, float]


CONTROL = {
    "cart pole": Control("CartPole-v1", 60_000, (22.0, 500.0)),
    "acrobot": Control("Acrobot-v1", 60_000, (-500.0, -75.0)),
}
"""The pole's bounds: how long it stands by chance, and the longest episode. The acrobot's: an episode without success,
and what good ones take."""
MAZE_DECISIONS, LAYOUTS, SEEDS = 100_000, (0, 1), tuple(range(10))
"""In mazes, chance counts 0 and the oracle 1."""
POINTS = 30
"""Of a curve."""
Pairs = Sequence[tuple[str, str]]
"""Arms that are compared, the first with the second."""


@final
@dataclass(frozen=True)
class Arm:
    """A method, and how what is replayed is learned from: see Learning.

    `seconds` is how long ten thousand decisions take on one core where there is no image, about. In mazes it sees an
    image, or the objects of their scenes.
    """

    method: A3C | PGQ | ACER
    ratio: float | None = None
    repeats: int = 1
    seconds: float = 1.0
    sees: str = "image"

    def trial(self, cell: Cell) -> Trial:
        """What a cell trains."""
        decisions = cell["decisions"]
        learning = Learning(
            rate=cell["rate"],
            reward_scale=REWARD_SCALE,
            replay=REPLAY,
            begin=BEGIN,
            sequences=COUNT,
            ratio=self.ratio,
            repeats=self.repeats,
        )
        return Trial(
            environments_of(cell["task"], self.sees),
            decisions,
            cores=(),
            sees=(self.sees, "vector"),
            method=replace(self.method, entropy=cell["entropy"]),
            learning=learning,
            told=False,
            ticks=cell["ticks"],
            every=decisions // POINTS,
            seed=cell.seed,
        )

    def rows(self, cell: Cell) -> Sequence[Row]:
        """The curve of a cell's training, and the means of what its losses note."""
        curve = self.trial(cell).run().progress.curve
        notes: dict[str, list[float]] = {}
        for point in curve:
            for name, value in point.items():
                if ": " in name:
                    notes.setdefault(name, []).append(value)
        told: list[Row] = [{"name": name, "value": float(np.mean(values))} for name, values in notes.items()]
        return [*curve_rows(curve), *told]


def compared(settings: PaperSettings, arms: Mapping[str, Arm], run: Run, kinds: Sequence[str], pairs: Pairs) -> str:
    """Tables of all arms in tasks, the second of the first pair their baseline, and of pairs of arms in all of them.

    `run` is the work of one training, a function of the script's.
    """
    known = [(ours, theirs) for ours, theirs in pairs if {ours, theirs} <= set(arms)]
    return tables({kind: outcomes(settings, arms, run, kind) for kind in kinds}, list(arms), known)


def outcomes(
    settings: PaperSettings, arms: Mapping[str, Arm], run: Run, kind: str, shown: str | None = None
) -> Outcomes:
    """The curves of all arms in a task of CONTROL, or in mazes of a kind; tuning and runs are kept in one file, and the
    tuning is shown under its name, or another.
    """
    if known := CONTROL.get(kind):
        decisions, slower, tuned, tasks = known.decisions, 1, [kind], [kind]
    else:
        decisions, slower, tuned = MAZE_DECISIONS, 4, tuning([kind])
        tasks = [f"{kind} {layout}" for layout in settings.few(LAYOUTS)]
    contest = Contest(
        settings,
        {arm: known.seconds * slower / 1e4 for arm, known in arms.items()},
        settings.shortened(decisions),
        RANGES,
        run,
        (lambda _: {kind: known.bounds}) if known else partial(bounds_of, settings),
    )
    name = kind.replace(" ", "_")
    chosen = contest.chosen(name, tuned, shown)
    return contest.outcomes(name, settings.few(SEEDS, 2), tasks, chosen)


def environments_of(task: str, seen: str = "image") -> Environments:
    """The environments of a task: of CONTROL, or mazes such as "static 0", of which this is seen."""
    known = CONTROL.get(task)
    return Environments(known.id, COUNT) if known else replace(environments(task, observe=(seen,)), count=COUNT)


def tables(found: Mapping[str, Outcomes], arms: Sequence[str], pairs: Pairs) -> str:
    """A table for each kind of task, and one of pairs of arms in all tasks together."""
    parts = [f"{kind}\n\n{outcomes.table(arms, pairs[0][1])}" for kind, outcomes in found.items()]

    def areas(arm: str) -> Runs:
        return [runs for outcomes in found.values() for runs in outcomes.areas(arm)]

    lines = []
    for ours, theirs in pairs:
        runs = areas(ours), areas(theirs)
        faster = [outcomes.faster(ours, theirs, THRESHOLDS[-1]) for outcomes in found.values()]
        lines.append([f"{ours} - {theirs}", difference(*runs), improvement(*runs), *faster])
    reached = [f"{kind}: times faster to {THRESHOLDS[-1]:.0%} of its last score" for kind in found]
    head = ("", "difference of mean scores", "probability of a better one", *reached)
    parts.append(f"all tasks\n\n{markdown(head, lines)}")
    noted = grouped([row for each in found.values() for row in each.rows if row["name"] != "score"], ("name", "arm"))
    if noted:
        names = list(dict.fromkeys(name for name, _ in noted))
        lines = [[name, *(mean_if_known(noted.get((name, arm))) for arm in arms)] for name in names]
        parts.append(f"shares of decisions\n\n{markdown(('', *arms), lines)}")
    return "\n".join(parts)
