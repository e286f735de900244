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
from learners.agents.learning import CLIPPED
from learners.agents.losses.base import NOTED
from learners.agents.methods import A3C, ACER, PGQ
from learners.agents.outcomes import THRESHOLDS, Bounds, Outcomes
from learners.agents.trial import FORWARD, REPLAYING, Trial
from learners.experiment import Cell, Run, grouped, markdown, mean_if_known
from learners.judging import difference, mean_difference, mean_improvement
from learners.papers import PaperSettings
from parts.small_mazes import bounds_of, environments
from physim.reports import Row

COUNT, REPLAY = 8, 2500
"""How many environments are played at a time, and how many ticks of each are kept."""
WHOLE = 1e9
"""A ratio of probabilities that is never reached: no truncation."""
AMONG = {"ticks": (5, 20), "clip": (1.0, 10.0)}
POLES = Ranges({"rate": (3e-4, 1e-2), "entropy": (3e-4, 3e-2)}, AMONG, spread=True)
MAZES = Ranges({"rate": (3e-4, 4e-3), "entropy": (1e-4, 5e-3)}, AMONG, spread=True)
"""Of the learning rate, the entropy's weight, how many ticks unrolls have and how long gradients may be, in CONTROL and
in mazes. At a length of 1 most gradients are cut: that steadies some methods, and hides what others leave out.
"""
CONTROL = {"cart pole": "CartPole-v1", "acrobot": "Acrobot-v1"}
"""The ids of tasks without images."""
DECISIONS = 60_000
POINTS = 60
"""Of a curve."""


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


LAYOUT = "random goal {}, 3 x 3, apples 0.0"
"""The maze of a layout: in larger ones agents without memory learn next to nothing in as many decisions."""
SHOWN = 16
"""How many objects are seen, the nearest: such mazes have up to 15."""
KINDS = {
    "cart pole": control("cart pole", 22.0, 500.0),
    "acrobot": control("acrobot", -500.0, -75.0, slower=1.3),
    "random goal": Kind(
        tuple(map(LAYOUT.format, (0, 1))), (LAYOUT.format(1001),), DECISIONS, range(10), MAZES, slower=2.6
    ),
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
    their scenes, or an image.
    """

    method: A3C | PGQ | ACER
    ratio: float | None = None
    repeats: int = 1
    seconds: float = 1.0
    sees: str = "objects"

    def trial(self, cell: Cell) -> Trial:
        """What a cell trains."""
        decisions = cell["decisions"]
        learning = replace(
            REPLAYING,
            rate=cell["rate"],
            clip=cell["clip"],
            replay=REPLAY,
            sequences=COUNT,
            ratio=self.ratio,
            repeats=self.repeats,
        )
        return Trial(
            environments_of(cell["task"], self.sees),
            decisions,
            cores=FORWARD,
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
        return [*curve_rows(curve), *notes_in(curve)]


def notes_in(curve: Sequence[Mapping[str, float]]) -> list[Row]:
    """The means of what losses note in a curve, and of how often gradients were clipped."""
    notes: dict[str, list[float]] = {}
    for point in curve:
        for name, value in point.items():
            if is_note(name):
                notes.setdefault(name, []).append(value)
    return [{"name": name, "value": float(np.mean(values))} for name, values in notes.items()]


def is_note(name: str) -> bool:
    """Whether a figure of a curve is what a loss notes, or how often gradients were clipped."""
    return NOTED in name or name == CLIPPED


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
        final=True,
    )
    name = name.replace(" ", "_")
    chosen = contest.chosen(name, kind.tuned_on)
    return contest.outcomes(name, settings.few(kind.seeds, 2), settings.few(kind.tasks), chosen)


def environments_of(task: str, sees: str) -> Environments:
    """The environments of a task: of CONTROL, or mazes such as LAYOUT, of which this is seen."""
    if task in CONTROL:
        return Environments(CONTROL[task], COUNT)
    return replace(environments(task, observe=(sees,), objects=SHOWN), count=COUNT)


def tables(found: Mapping[str, Outcomes], arms: Sequence[str], pairs: Pairs) -> str:
    """A table for each kind of task, and one of pairs of arms in all tasks together."""
    parts = []
    for kind, outcome in found.items():
        parts.append(f"{kind}\n\n{outcome.table(arms, pairs[0][1])}\n{noted(outcome.rows, arms)}")
        if kind not in CONTROL:
            parts.append(KNOWING)
    lines = []
    for ours, theirs in pairs:
        runs = [(outcome.areas(ours), outcome.areas(theirs)) for outcome in found.values()]
        faster = [outcome.faster(ours, theirs, THRESHOLDS[-1]) for outcome in found.values()]
        last = [difference(outcome.lasts(ours), outcome.lasts(theirs)) for outcome in found.values()]
        each = [difference(*kind) for kind in runs]
        lines.append([f"{ours} - {theirs}", *each, mean_difference(runs), mean_improvement(runs), *faster, *last])
    reached = [f"{kind}: times faster to {THRESHOLDS[-1]:.0%} of its last score" for kind in found]
    differences = [f"{kind}: difference of mean scores" for kind in found]
    lasts = [f"{kind}: difference of last scores" for kind in found]
    head = ("", *differences, "the mean of these", "probability of a better one, the mean", *reached, *lasts)
    return "\n".join([*parts, f"all tasks\n\n{markdown(head, lines)}"])


def noted(rows: Sequence[Row], arms: Sequence[str]) -> str:
    """A table of what the losses of arms note, the means over trainings; without, if they note nothing."""
    notes = grouped([row for row in rows if is_note(str(row["name"]))], ("name", "arm"))
    names = list(dict.fromkeys(name for name, _ in notes))
    lines = [[name, *(mean_if_known(notes.get((name, arm))) for arm in arms)] for name in names]
    return f"noted by losses, means over decisions\n\n{markdown(('', *arms), lines)}" if names else ""
