"""Tasks that agents of two papers, PGQ and ACER, are compared in: settings drawn for all alike, curves kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import final

import numpy as np

from learners.agents.contest import Contest, Ranges
from learners.agents.curves import curve_rows
from learners.agents.environments import Environments
from learners.agents.learning import Learning
from learners.agents.methods import A3C, ACER, PGQ
from learners.agents.outcomes import THRESHOLDS, Bounds, Outcomes
from learners.agents.trial import Trial
from learners.experiment import Cell, Run, grouped, markdown, mean_if_known
from learners.judging import Runs, difference, improvement
from learners.papers import PaperSettings
from parts.small_mazes import bounds_of, environments
from physim.reports import Row

COUNT, REPLAY = 8, 2500
"""How many environments are played at a time, and how many ticks of each are kept."""
BEGIN = 0.05
"""How full the replay is before anything is replayed."""
REWARD_SCALE = 0.1
WHOLE = 1e9
"""A ratio of probabilities that is never reached: no truncation."""
POLES = Ranges({"rate": (3e-4, 1e-2), "entropy": (3e-4, 3e-2)}, {"ticks": (5, 20)}, spread=True)
MAZES = Ranges({"rate": (3e-4, 4e-3), "entropy": (1e-4, 5e-3)}, {"ticks": (5, 20)}, spread=True)
"""Of the learning rate, the entropy's weight, and how many ticks unrolls have, in CONTROL and in mazes."""
CONTROL = {"cart pole": "CartPole-v1", "acrobot": "Acrobot-v1"}
"""The ids of tasks without images."""
DECISIONS = 60_000
FEW_POINTS, POINTS = 15, 30
"""Of a curve of CONTROL, where the longest episodes are as long as the ways between points, and of one in mazes."""


@final
@dataclass(frozen=True)
class Kind:
    """Tasks that arms are compared in, those that settings are chosen in, how many decisions are made, and by which
    seeds; and what settings are drawn from.

    `slower` is how many times as long a decision takes as in cart poles, about; `bounds` are the scores that count 0
    and 1, None where chance and the oracle do.
    """

    tasks: Sequence[str]
    tuned_on: Sequence[str]
    decisions: int
    seeds: Sequence[int]
    ranges: Ranges
    slower: float = 1.0
    bounds: Bounds | None = None


def control(task: str, low: float, high: float, slower: float = 1.0) -> Kind:
    """A kind that is one task of CONTROL, and its scores that count 0 and 1."""
    return Kind((task,), (task,), DECISIONS, range(20), POLES, slower, {task: (low, high)})


MAZE = "random goal {}, 3 x 3, apples 0.0"
"""The maze of a layout: in larger ones agents without memory learn next to nothing in as many decisions."""
SHOWN = 16
"""How many objects are seen, the nearest: such mazes have up to 15."""
KINDS = {
    "cart pole": control("cart pole", 22.0, 500.0),
    "acrobot": control("acrobot", -500.0, -75.0, slower=1.3),
    "random goal": Kind(tuple(map(MAZE.format, (0, 1))), (MAZE.format(1001),), DECISIONS, range(10), MAZES, slower=2.6),
}
"""The pole's bounds: how long it stands by chance, and the longest episode. The acrobot's: an episode without success,
and what good ones take. There are few mazes so small: the walls of 1001 are others than those of the tasks.
"""
KNOWING = "Who sees objects knows where the goal is, in sight or not.\n"
Pairs = Sequence[tuple[str, str]]
"""Arms that are compared, the first with the second."""


@final
@dataclass(frozen=True)
class Arm:
    """A method, and how what is replayed is learned from: see Learning.

    `seconds` is how long ten thousand decisions take on one core in cart poles, about. In mazes it sees the objects of
    their scenes, or an image. It takes the settings of whom it is `like`, but for a part.
    """

    method: A3C | PGQ | ACER
    ratio: float | None = None
    repeats: int = 1
    seconds: float = 1.0
    sees: str = "objects"
    like: str | None = None

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
            every=decisions // (FEW_POINTS if cell["task"] in CONTROL else POINTS),
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
    found = {name: outcomes(settings, arms, run, name, KINDS[name]) for name in kinds}
    return tables(found, list(arms), known)


def outcomes(settings: PaperSettings, arms: Mapping[str, Arm], run: Run, name: str, kind: Kind) -> Outcomes:
    """The curves of all arms in the tasks of a kind; tuning and runs are kept in one file of that name."""
    known = kind.bounds
    contest = Contest(
        settings,
        {arm: known.seconds * kind.slower / 1e4 for arm, known in arms.items()},
        settings.shortened(kind.decisions),
        kind.ranges,
        run,
        partial(bounds_of, settings) if known is None else lambda _: known,
        like={arm: known.like for arm, known in arms.items() if known.like is not None},
        final=True,
    )
    name = name.replace(" ", "_")
    chosen = contest.chosen(name, kind.tuned_on)
    return contest.outcomes(name, settings.few(kind.seeds, 2), settings.few(kind.tasks), chosen)


def environments_of(task: str, sees: str) -> Environments:
    """The environments of a task: of CONTROL, or mazes such as MAZE, of which this is seen."""
    if task in CONTROL:
        return Environments(CONTROL[task], COUNT)
    return replace(environments(task, observe=(sees,), objects=SHOWN), count=COUNT)


def tables(found: Mapping[str, Outcomes], arms: Sequence[str], pairs: Pairs) -> str:
    """A table for each kind of task, and one of pairs of arms in all tasks together."""
    parts = []
    for kind, outcomes in found.items():
        parts.append(f"{kind}\n\n{outcomes.table(arms, pairs[0][1])}\n{noted(outcomes.rows, arms)}")
        if kind not in CONTROL:
            parts.append(KNOWING)

    def areas(arm: str) -> Runs:
        """The runs of each kind, whose tasks count together: kinds have as many runs as one another, tasks not."""
        return [[area for runs in outcomes.areas(arm) for area in runs] for outcomes in found.values()]

    lines = []
    for ours, theirs in pairs:
        runs = areas(ours), areas(theirs)
        faster = [outcomes.faster(ours, theirs, THRESHOLDS[-1]) for outcomes in found.values()]
        lines.append([f"{ours} - {theirs}", difference(*runs), improvement(*runs), *faster])
    reached = [f"{kind}: times faster to {THRESHOLDS[-1]:.0%} of its last score" for kind in found]
    head = ("", "difference of mean scores", "probability of a better one", *reached)
    return "\n".join([*parts, f"all tasks\n\n{markdown(head, lines)}"])


def noted(rows: Sequence[Row], arms: Sequence[str]) -> str:
    """A table of what the losses of arms note, the means over trainings; without, if they note nothing."""
    notes = grouped([row for row in rows if row["name"] != "score"], ("name", "arm"))
    names = list(dict.fromkeys(name for name, _ in notes))
    lines = [[name, *(mean_if_known(notes.get((name, arm))) for arm in arms)] for name in names]
    return f"noted by losses, means over decisions\n\n{markdown(('', *arms), lines)}" if names else ""
