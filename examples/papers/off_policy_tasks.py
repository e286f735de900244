"""Tasks that agents of two papers, PGQ and ACER, are compared in: settings drawn for all alike, curves kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, final

import numpy as np
from small_mazes import bounds_of, environments

from learners.agents.curves import curve_rows
from learners.agents.environments import Environments
from learners.agents.learning import Learning
from learners.agents.methods import A3C, ACER, PGQ
from learners.agents.outcomes import Outcomes
from learners.agents.trial import Trial
from learners.experiment import Cell, Grid, Run, markdown
from learners.judging import Runs, difference, improvement, interquartile
from physim.reports import Row

COUNT, REPLAY = 8, 2500
"""How many environments are played at a time, and how many ticks of each are kept."""
BEGIN = 0.05
"""How full the replay is before anything is replayed."""
REWARD_SCALE = 0.1
TUNING_SEED, TUNING_LAYOUT, DRAWS = 100, 1000, 8
"""Settings are drawn so often, for every arm alike, and tried in a layout and by a seed of their own."""


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
MAZE_DECISIONS, LAYOUTS = 100_000, (0, 1)
"""In mazes, chance counts 0 and the oracle 1."""


class Setting(NamedTuple):
    """What every arm is tried with: learning rate, the entropy's weight, and how many ticks unrolls have."""

    rate: float
    entropy: float
    ticks: int


def setting(number: int) -> Setting:
    """The settings of that number, log-uniform in wide ranges."""
    random = np.random.default_rng(np.random.SeedSequence(TUNING_SEED, spawn_key=(number,)))
    rate, entropy = np.exp(random.uniform(np.log([3e-4, 3e-4]), np.log([1e-2, 3e-2])))
    return Setting(float(f"{rate:.3g}"), float(f"{entropy:.3g}"), int(random.choice([5, 20])))


@final
@dataclass(frozen=True)
class Arm:
    """A method, and how what is replayed is learned from: see Learning.

    `seconds` is how long ten thousand decisions take on one core where there is no image, about.
    """

    method: A3C | PGQ | ACER
    ratio: float | None = None
    repeats: int = 1
    seconds: float = 1.0

    def trial(self, cell: Cell) -> Trial:
        """What a cell trains."""
        told = dict(cell.setting)
        learning = Learning(
            rate=float(str(told["rate"])),
            reward_scale=REWARD_SCALE,
            replay=REPLAY,
            begin=BEGIN,
            sequences=COUNT,
            ratio=self.ratio,
            repeats=self.repeats,
        )
        return Trial(
            played(str(told["task"])),
            int(str(told["decisions"])),
            cores=(),
            sees=("image", "vector"),
            method=replace(self.method, entropy=float(str(told["entropy"]))),
            learning=learning,
            told=False,
            ticks=int(str(told["ticks"])),
            seed=cell.seed,
        )

    def rows(self, cell: Cell) -> Sequence[Row]:
        """The curve of a cell's training."""
        return curve_rows(self.trial(cell).run().progress.curve)


@final
@dataclass(frozen=True)
class Contest:
    """Arms that are compared in tasks; `run` is the work of one training, a function of the script's."""

    arms: Mapping[str, Arm]
    run: Run
    out: Path
    workers: int
    shorter: int = 1
    draws: int = DRAWS

    def cell(self, arm: str, seed: int, task: str, drawn: Setting) -> Cell:
        """One training."""
        known = CONTROL.get(task)
        decisions, slower = (known.decisions, 1) if known else (MAZE_DECISIONS, 4)
        decisions //= self.shorter
        minutes = decisions / 1e4 * self.arms[arm].seconds * slower / 60
        return Cell(arm, seed, (("task", task), ("decisions", decisions), *drawn._asdict().items()), minutes)

    def outcomes(self, kind: str, seeds: Sequence[int], layouts: Sequence[int] = LAYOUTS) -> Outcomes:
        """The curves of all arms in a task of CONTROL, or in mazes of a kind; tuning and runs are kept in one file."""
        mazes = kind not in CONTROL
        tuned, tasks = (f"{kind} {TUNING_LAYOUT}", [f"{kind} {n}" for n in layouts]) if mazes else (kind, [kind])
        draws = [setting(number) for number in range(self.draws)]
        tried = self._ran(kind, [self.cell(arm, TUNING_SEED, tuned, drawn) for arm in self.arms for drawn in draws])
        chosen = {arm: tried.best(arm, draws) for arm in self.arms}
        cells = [self.cell(arm, seed, task, chosen[arm]) for seed in seeds for task in tasks for arm in self.arms]
        return self._ran(kind, cells)

    def _ran(self, kind: str, cells: Sequence[Cell]) -> Outcomes:
        rows = Grid(self.out / f"{kind.replace(' ', '_')}.csv", cells, self.run).complete(self.workers)
        told = [dict(cell.setting) for cell in cells]
        tasks = list(dict.fromkeys(str(each["task"]) for each in told))
        known = CONTROL.get(kind)
        bounds = {kind: known.bounds} if known else bounds_of(tasks, self.out, self.workers)
        return Outcomes(rows, bounds, float(str(told[0]["decisions"])))


def played(task: str) -> Environments:
    """The environments of a task: of CONTROL, or mazes such as "static 0"."""
    known = CONTROL.get(task)
    return Environments(known.id, COUNT) if known else replace(environments(task), count=COUNT)


def tables(found: Mapping[str, Outcomes], arms: Sequence[str], baseline: str) -> str:
    """A table for each kind of task, and one of all tasks together."""
    parts = [f"{kind}\n\n{outcomes.table(arms, baseline)}" for kind, outcomes in found.items()]

    def areas(arm: str) -> Runs:
        return [runs for outcomes in found.values() for runs in outcomes.areas(arm)]

    theirs = areas(baseline)
    lines = [
        [arm, *map(str, (interquartile(ours), difference(ours, theirs), improvement(ours, theirs)))]
        for arm, ours in zip(arms, map(areas, arms), strict=True)
    ]
    head = ("", "mean score", f"less {baseline}'s", f"probability of a better one than {baseline}'s")
    return "\n".join([*parts, f"all tasks\n\n{markdown(head, lines)}"])
