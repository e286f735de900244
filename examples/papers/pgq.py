"""PGQ (arXiv:1611.01626): policy gradient and Q-learning together, on grids that are solved exactly, and by networks.

python examples/papers/pgq.py [--quick] [--parts grids steps networks]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from learners.agents.methods import A3C, PGQ
from learners.agents.tabular import Tabular
from learners.experiment import Cell, grouped, markdown, mean
from learners.judging import improvement
from learners.papers import DRAWING, PaperSettings, run_parts
from parts.off_policy_tasks import KINDS, Arm, compared
from physim.problems import Problem
from physim.reports import Row
from physim.scripts import run_script
from worlds.grids import four_rooms, grid

RESULTS = Path(__file__).parent / "results" / "pgq"
PROBLEMS: dict[str, Callable[[], Problem]] = {
    "4 x 6": grid,
    "4 x 6, walls": lambda: grid(walls=((1, 1), (2, 1), (4, 2), (3, 3))),
    "8 x 8": lambda: grid(8, 8),
    "4 x 6, slip 0.1": lambda: grid(slip=0.1),
    "four rooms, slip 0.1": four_rooms,
}
STEPS = {"8 x 8": 6000, "four rooms, slip 0.1": 12_000}
"""How many steps learners take, where it is not the usual number."""
USUAL_STEPS, LEARNERS = 3000, 30
ARMS = {
    "actor-critic": Tabular("actor_critic"),
    "Q-learning": Tabular("q_learning"),
    "PGQ": Tabular("pgq"),
    "Q-learning, 2 replays": Tabular("q_learning", replays=2),
    "PGQ, 2 replays": Tabular("pgq", replays=2),
    "Q-learning, 5 replays": Tabular("q_learning", replays=5),
    "PGQ, 5 replays": Tabular("pgq", replays=5),
}
"""Q-learning with two replays learns from as much as PGQ with one."""
RATES = (0.5, 0.8, 1.0, 1.1, 1.25, 1.5)
TEMPERATURES = (1e-3, 1e-2, 1e-1)
SHARES, SHARE_RATES = (0.0, 0.25, 0.5, 0.75, 1.0), (0.5, 0.8, 1.0)
"""Of Q-learning in PGQ, and the steps with which they are tried: with that of 0.5 neither part has more than 1."""
MIXED, USUAL = "PGQ", "4 x 6"
SOLVED = 0.9
"""Of the best policy's worth, what a policy must bring at last to have solved a problem."""
POINTS = 60
NETWORKS = {
    "actor-critic": Arm(A3C()),
    "PGQ": Arm(PGQ(), seconds=1.2),
    "PGQ, 2 steps": Arm(PGQ(share=1 / 3), ratio=1, seconds=1.4),
    "Q-learning": Arm(PGQ(share=1.0)),
    "Q-learning, 2 replays": Arm(PGQ(share=1.0), ratio=2, seconds=1.2),
    "actor-critic, 2 epochs": Arm(A3C(), repeats=2, seconds=1.3),
}
"""The same networks by losses of both kinds, and by either, Q-learning on the values that its policy implies.

PGQ sums both gradients in one step, as the others take one; or it takes a step by each, on average as often (the paper:
exactly as often), that of Q-learning weighed half as much as the other, as in the paper. Who is compared with that
takes two steps, too.
"""
PAIRS = [
    *(("PGQ", arm) for arm in ("actor-critic", "Q-learning")),
    *(("PGQ, 2 steps", arm) for arm in ("Q-learning, 2 replays", "actor-critic, 2 epochs", "PGQ")),
    ("Q-learning, 2 replays", "PGQ"),
]
ALL = ("grids", "steps", "networks")


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Learn by actor-critic, Q-learning and both, in grids and other tasks, and write what came of it."""

    parts: tuple[str, ...] = ALL
    """What to do: all methods on all grids; which steps of learning they bear; and networks in other tasks."""
    out: Path = RESULTS

    @property
    def learners(self) -> int:
        """How many learners of each method."""
        return 3 if self.quick else LEARNERS

    def steps(self, problem: str) -> int:
        """How many steps they take."""
        return STEPS.get(problem, USUAL_STEPS) // (10 if self.quick else 1)


def main(args: Args) -> None:
    """Run what has not run yet and write the tables."""
    run_parts(args, args.parts, PARTS, {"grids": (DRAWING,)})


def grids(args: Args) -> str:
    """The mean worth of the policy from the start, over the whole of learning."""
    cells = [cell(args, arm, problem) for problem in PROBLEMS for arm in ARMS]
    rows = args.rows("grids", cells, run)
    areas = grouped([row for row in rows if row["name"] == "area"], ("problem", "arm"))
    args.draw("grids", picture(rows))
    lines = []
    for problem in PROBLEMS:
        told = [str(mean(areas[problem, arm])) for arm in ARMS]
        odds = [improvement([areas[problem, "PGQ"]], [areas[problem, other]]) for other in OTHERS]
        lines.append([problem, best(problem), *told, *map(str, odds)])
    head = ["grid", "best", *ARMS, *(f"PGQ better than {other}" for other in OTHERS)]
    return markdown(head, lines)


OTHERS = ("actor-critic", "Q-learning", "Q-learning, 2 replays")


def steps(args: Args) -> str:
    """Learners on the usual grid by the size of their steps, the entropy's weight, and PGQ's share of Q-learning."""
    arms = list(ARMS)[:3]
    cells = [
        cell(args, arm, rate=rate, temperature=temperature)
        for temperature in TEMPERATURES
        for rate in RATES
        for arm in arms
    ]
    rows = args.rows("steps", cells, run)
    lasts, areas = (
        grouped([row for row in rows if row["name"] == name], ("temperature", "rate", "arm"))
        for name in ("last", "area")
    )
    enough = SOLVED * best(USUAL)
    lines = []
    for temperature, rate in product(TEMPERATURES, RATES):
        keys = [(temperature, rate, arm) for arm in arms]
        solved = [mean([float(last >= enough) for last in lasts[key]]) for key in keys]
        lines.append([temperature, rate, *map(str, solved), *(mean(areas[key]) for key in keys)])
    told = [f"{arm}: {what}" for what in ("share solved", "mean worth") for arm in arms]
    return f"{markdown(('weight of the entropy', 'step', *told), lines)}\n{shares(args)}"


def shares(args: Args) -> str:
    """The mean worth of PGQ's policy, by its share of Q-learning."""
    cells = [cell(args, MIXED, rate=rate, share=share) for share in SHARES for rate in SHARE_RATES]
    rows = args.rows("shares", cells, run)
    areas = grouped([row for row in rows if row["name"] == "area"], ("share", "rate"))
    lines = [[share, *(mean(areas[share, rate]) for rate in SHARE_RATES)] for share in SHARES]
    return markdown(("share of Q-learning in PGQ", *(f"step {rate}" for rate in SHARE_RATES)), lines)


def cell(
    args: Args, arm: str, problem: str = USUAL, rate: float = 1.0, temperature: float = 1e-3, share: float = 0.5
) -> Cell:
    """All learners of a method on a problem."""
    count = args.steps(problem)
    setting: Row = {"problem": problem, "steps": count, "seeds": args.learners}
    setting |= {"rate": rate, "temperature": temperature, "share": share}
    return Cell(arm, 0, tuple(setting.items()), count / 1e5)


def run(cell: Cell) -> Sequence[Row]:
    """Of each learner the mean worth of its policy, and the last; and the mean curve of all."""
    told = {name: cell[name] for name in ("rate", "temperature", "share")}
    count, seeds = cell["steps"], cell["seeds"]
    worths = replace(ARMS[cell.arm], **told).run(PROBLEMS[cell["problem"]](), count, seeds)
    rows: list[Row] = []
    for number, worth in enumerate(worths):
        rows += [{"name": "area", "run": number, "value": float(worth.mean())}]
        rows += [{"name": "last", "run": number, "value": float(worth[-1])}]
    for place in np.linspace(0, count - 1, POINTS).astype(int).tolist():
        rows.append({"name": "curve", "run": place, "value": float(worths[:, place].mean())})
    return rows


def best(problem: str) -> float:
    """What the best policy brings from the start."""
    solved = PROBLEMS[problem]()
    return float(solved.best() @ solved.start)


def networks(args: Args) -> str:
    """Networks in poles, acrobots and mazes."""
    return compared(args, NETWORKS, run_network, tuple(KINDS), PAIRS)


def run_network(cell: Cell) -> Sequence[Row]:
    """The curve of one training."""
    return NETWORKS[cell.arm].rows(cell)


def picture(rows: Sequence[Row]) -> Any:
    """A figure of the mean curves of all methods on each grid."""
    from matplotlib.figure import Figure

    figure = Figure((4 * len(PROBLEMS), 3.5), layout="constrained")
    for axes, problem in zip(figure.subplots(1, len(PROBLEMS), squeeze=False)[0], PROBLEMS, strict=True):
        for arm in list(ARMS)[:4]:
            curve = [row for row in rows if (row["problem"], row["arm"], row["name"]) == (problem, arm, "curve")]
            axes.plot([row["run"] for row in curve], [row["value"] for row in curve], label=arm)
        axes.axhline(best(problem), color="grey", linewidth=0.8, linestyle="--")
        axes.set(title=problem, xlabel="steps", ylim=(0, None))
    figure.axes[0].set_ylabel("worth of the policy from the start")
    figure.axes[0].legend(frameon=False, fontsize=8)
    return figure


PARTS: dict[str, Callable[[Args], str]] = {"grids": grids, "steps": steps, "networks": networks}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
