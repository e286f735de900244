"""UNREAL (arXiv:1611.05397) in small mazes: does learning to control pixels speed an agent up, and by how much?

python examples/papers/unreal.py [--quick] [--parts mazes sizes pretraining moved decoupled]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from torch import Tensor

from learners.agents.contest import Contest
from learners.agents.curves import Curve, curve_rows
from learners.agents.methods import UNREAL
from learners.agents.outcomes import LEARNED, Bounds, Drawn, Outcomes
from learners.experiment import Cell, Run, grouped, markdown, mean
from learners.judging import difference, interquartile
from learners.papers import PaperSettings, run_parts
from parts.small_mazes import Arm, bound_of, check_arms, contest, environments, trial, tuning, with_goal
from physim.reports import Row
from physim.scripts import run_script

RESULTS = Path(__file__).parent / "results" / "unreal"
BASELINE = "a3c"
ARMS = {
    BASELINE: Arm(speed=1.4),
    "unreal": Arm(UNREAL, speed=0.8),
    "pixel_control": Arm(("pixel_control",)),
    "reward_prediction": Arm(("reward_prediction",)),
    "value_replay": Arm(("value_replay",)),
    "reward_prediction + value_replay": Arm(("reward_prediction", "value_replay"), speed=0.9),
    "placebo": Arm(("placebo_replayed",), speed=0.9),
}
PAIRS = [
    *((arm, "placebo") for arm in ("unreal", "reward_prediction", "pixel_control", "reward_prediction + value_replay")),
    ("placebo", BASELINE),
]
"""Arms that are compared beside A3C's, the first with the second."""
KINDS = ("static", "random goal")
LAYOUTS, SEEDS = (0, 1), tuple(range(10))
DECISIONS = 250_000
"""Which are 1,000,000 frames: a decision lasts four."""
LONGER = 2
"""How many times as many decisions A3C has beside: what others spend on their losses, it spends on playing."""
BEGINNINGS = {
    "from scratch": Arm(speed=1.4),
    "pretrained": Arm(speed=1.0, pretrained=True),
    "pretrained, frozen": Arm(speed=1.2, pretrained=True, frozen=True),
    "random, frozen": Arm(speed=1.7, frozen=True),
}
"""How an encoder of A3C's begins: drawn, or as it was after learning to control pixels in any maze, without a goal."""
ENCODER, PRETRAINED = ("convolutions", "features"), 100_000
RECOVERED = 0.9
"""The share of its score before the move at which an agent has recovered."""
MOVED = ("a3c", "reward_prediction", "unreal")
"""Who is tried with a goal that moves."""
JOINED = {
    "whole": Arm(speed=1.4),
    "cut": Arm(speed=1.3, cut=True),
    "plain, two processes": Arm(speed=1.0, placed=True),
    "cut, two processes": Arm(speed=1.3, cut=True, placed=True),
}
"""A3C, and A3C whose eyes learn by the gradients that the core is guessed to send; in one process, and in two."""
TIMED = 25_000
"""Decisions in which speeds are measured, one training at a time."""
SIZES, APPLES = ((3, 3), (4, 3), (6, 4)), (0.0, 0.1)
FEWER_SEEDS = tuple(range(5))
"""Where there are many mazes, or little to tell apart."""
ALL = ("mazes", "sizes", "pretraining", "moved", "decoupled")


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Train agents in small mazes with and without UNREAL's losses, and write what came of it.

    Settings are chosen first, in a layout and by a seed of their own: the whole sweep is kept.
    """

    parts: tuple[str, ...] = ALL
    """What to do: all arms in all layouts; A3C and UNREAL in mazes of other sizes, with and without apples; A3C with an
    encoder that learned before, without reward; a goal that moves in the middle of a training; and A3C whose vision and
    core are decoupled by synthetic gradients."""
    arms: tuple[str, ...] = tuple(ARMS)
    """Which agents; a3c, which the others are measured by, must be among them."""
    out: Path = RESULTS


def main(args: Args) -> None:
    """Run what has not run yet and write the tables."""
    check_arms(args.arms, ARMS, BASELINE)
    run_parts(args, args.parts, PARTS)


def tuned(args: Args, arms: Sequence[str]) -> tuple[Contest, dict[str, Drawn]]:
    """A contest of arms, and the settings that were chosen for all: the sweep is whole, whatever part is asked for."""
    every = contest(args, {arm: ARMS[arm] for arm in (*args.arms, *arms)}, DECISIONS, run)
    return every.only(arms), every.chosen("tuning", tuning(KINDS))


def mazes(args: Args) -> str:
    """All arms in all layouts of both families."""
    asked, chosen = tuned(args, args.arms)
    tasks = [f"{kind} {layout}" for kind in KINDS for layout in args.few(LAYOUTS)]
    longer = replace(asked, times={BASELINE: LONGER}).outcomes("mazes", args.few(SEEDS, 2), tasks, chosen)
    equal = replace(longer, decisions=asked.decisions)
    table = equal.table(args.arms, BASELINE)
    last = interquartile(longer.lasts(BASELINE))
    text = f"{table}\nLast score of {BASELINE} after {LONGER} times as many decisions: {last}\n"
    if "unreal" in args.arms:
        text += f"It takes {times_as_long(longer.rows)} times as long as unreal, of one core, the median over runs.\n"
    return f"{text}\n{equal.pairs(PAIRS, args.arms)}"


def times_as_long(rows: Sequence[Row]) -> str:
    """How many times as long as UNREAL's A3C's longer training takes, in pairs of the same task and seed."""
    ended: dict[tuple[object, object], dict[str, float]] = {}
    for row in rows:
        ended.setdefault((row["task"], row["seed"]), {})[str(row["arm"])] = float(str(row["seconds"]))
    return f"{median(each[BASELINE] / each['unreal'] for each in ended.values()):.3g}"


def sizes(args: Args) -> str:
    """A3C and UNREAL in mazes of other sizes, with and without apples."""
    arms = (BASELINE, "unreal")
    asked, chosen = tuned(args, arms)
    tasks = [f"random goal 0, {width} x {height}, apples {apples}" for width, height in SIZES for apples in APPLES]
    found = asked.outcomes("sizes", args.few(FEWER_SEEDS), tasks, chosen)
    lines = []
    for task, bounds in found.bounds.items():
        areas = {arm: replace(found, bounds={task: bounds}).areas(arm) for arm in arms}
        told = [interquartile(areas[arm]) for arm in arms]
        lines.append([task, *told, difference(areas["unreal"], areas[BASELINE])])
    return markdown(("maze", *(f"{arm}: mean score" for arm in arms), "difference"), lines)


def variants(args: Args, name: str, arms: Mapping[str, Arm], run: Run, decisions: int = DECISIONS) -> Outcomes:
    """What comes of variants of A3C in one layout of each family, with the settings that were chosen for it.

    Where they control pixels, that counts as much as was chosen for it. In mazes of 4 x 3 cells A3C learns so little
    that nothing could be told of its variants.
    """
    _, chosen = tuned(args, (BASELINE, "pixel_control"))
    setting = {**chosen[BASELINE], "weight": chosen["pixel_control"]["weight"]}
    asked, tasks = contest(args, arms, decisions, run), [f"{kind} 0, 3 x 3, apples 0.0" for kind in KINDS]
    return asked.outcomes(name, args.few(FEWER_SEEDS, 2), tasks, dict.fromkeys(arms, setting))


def pretraining(args: Args) -> str:
    """A3C whose encoder learned before, without reward, beside one from scratch and a random one that stays."""
    return variants(args, "pretraining", BEGINNINGS, run_pretrained).table(list(BEGINNINGS), "from scratch")


def run_pretrained(cell: Cell) -> Sequence[Row]:
    """The curve of a training by rewards, after one without where that is asked for."""
    arm = BEGINNINGS[cell.arm]
    asked = trial(arm, cell)
    begin: dict[str, Tensor] = {}
    if arm.pretrained:
        decisions = PRETRAINED * asked.decisions // DECISIONS
        # without a goal: who comes to one is put elsewhere, and so much change would tell of it
        empty = environments("any maze 0, 3 x 3, apples 0.0", goal=None)
        before = replace(asked, environments=empty, decisions=decisions, added=("pixel_control",))
        state = before.run().graph.state_dict()
        begin = {name: value for name, value in state.items() if name.split(".")[0] in ENCODER}
    return curve_rows(replace(asked, begin=begin, frozen=ENCODER if arm.frozen else ()).run().progress.curve)


def moved(args: Args) -> str:
    """After how many decisions agents are as good as before, once the goal is elsewhere."""
    arms = [arm for arm in MOVED if arm in args.arms]
    asked, chosen = tuned(args, arms)
    cells = asked.cells(args.few(FEWER_SEEDS, 2), [f"static {layout}" for layout in args.few(LAYOUTS)], chosen)
    rows = args.rows("moved", cells, run_moved)
    before, after = (
        Outcomes([row for row in rows if row["goal"] == goal], bounds_with_goal(cells, goal), asked.decisions)
        for goal in (0, 1)
    )
    lines = []
    for arm in arms:
        runs = [zip(*curves, strict=True) for curves in zip(before.curves(arm), after.curves(arm), strict=True)]
        recovered = [[recovery(*curves, asked.decisions) for curves in each] for each in runs]
        lines.append([arm, *map(interquartile, (before.lasts(arm), recovered, after.lasts(arm)))])
    head = ("", "score before", f"decisions to {RECOVERED:.0%} of it after the move", "score at last")
    return f"{markdown(head, lines)}\nScores: 0 is chance, 1 the oracle, each with the goal where it is.\n"


def run_moved(cell: Cell) -> Sequence[Row]:
    """The curves of a training with the goal in one place, and of one that goes on from it with the goal in another."""
    asked, layout = trial(ARMS[cell.arm], cell), layout_of(cell)
    first = replace(asked, environments=with_goal(layout, 0)).run()
    second = replace(asked, environments=with_goal(layout, 1)).run(after=first)
    curves = (curve_rows(training.progress.curve) for training in (first, second))
    return [{"goal": goal, **row} for goal, rows in enumerate(curves) for row in rows]


def recovery(before: Curve, after: Curve, decisions: float) -> float:
    """After how many decisions an agent is as good as before the move; who never found the goal never recovers."""
    return min(after.reached(RECOVERED * before.last), decisions) if before.last > LEARNED else decisions


def bounds_with_goal(cells: Sequence[Cell], goal: int) -> Bounds:
    """The scores of chance and of the oracle in the mazes of cells, with the goal in one of its places."""
    layouts = {cell["task"]: layout_of(cell) for cell in cells}
    return {
        task: (bound_of(with_goal(layout, goal), "chance"), bound_of(with_goal(layout, goal), "oracle"))
        for task, layout in layouts.items()
    }


def layout_of(cell: Cell) -> int:
    """The layout of a cell's maze."""
    return int(cell["task"].rpartition(" ")[2])


def decoupled(args: Args) -> str:
    """A3C with a wire between vision and core that waits, and with one that does not, in one process and in two."""
    outcomes = variants(args, "decoupled", JOINED, run_decoupled)
    alone = variants(replace(args, workers=1), "speeds", JOINED, run_decoupled, TIMED)
    speeds = [[arm, mean(each)] for arm, each in speeds_of(alone.rows).items()]
    return f"{outcomes.table(list(JOINED), 'whole')}\n{markdown(('', 'decisions/s'), speeds)}"


def speeds_of(rows: Sequence[Row]) -> dict[str, list[float]]:
    """Decisions a second of every training, by arm, but of those that diverged before their first point."""
    done, seconds = (grouped(rows, ("arm", "task", "seed"), name) for name in ("done", "seconds"))
    found: dict[str, list[float]] = {}
    for training, counts in done.items():
        if counts[-1]:
            found.setdefault(str(training[0]), []).append(counts[-1] / seconds[training][-1])
    return found


def run_decoupled(cell: Cell) -> Sequence[Row]:
    """The curve of a training, whole or cut."""
    return curve_rows(trial(JOINED[cell.arm], cell).run().progress.curve)


def run(cell: Cell) -> Sequence[Row]:
    """The curve of one training."""
    return curve_rows(trial(ARMS[cell.arm], cell).run().progress.curve)


PARTS: dict[str, Callable[[Args], str]] = {
    "mazes": mazes,
    "sizes": sizes,
    "pretraining": pretraining,
    "moved": moved,
    "decoupled": decoupled,
}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
