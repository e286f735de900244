"""UNREAL (arXiv:1611.05397) in small mazes: does learning to control pixels speed an agent up, and by how much?

python examples/papers/unreal.py [--quick] [--parts mazes sizes pretraining moved decoupled]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from small_mazes import Arm, check_arms, contest, environments, trial, tuning, with_goal
from torch import Tensor

from learners.agents.contest import Contest
from learners.agents.curves import curve_of, curve_rows
from learners.agents.methods import UNREAL
from learners.agents.outcomes import Drawn, Outcomes
from learners.experiment import Cell, Run, grouped, markdown, mean
from learners.judging import interquartile, ratio
from learners.papers import PaperSettings, run_parts
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
    "placebo": Arm(("placebo",), speed=1.1),
}
KINDS = ("static", "random goal")
LAYOUTS, SEEDS = (0, 1), tuple(range(10))
DECISIONS = 250_000
"""Which are 1,000,000 frames: a decision lasts four."""
LONGER = 2
"""How many times as many decisions A3C has beside: what others spend on their losses, it spends on playing."""
BEGINNINGS = {
    "from scratch": Arm(speed=1.4),
    "pretrained": Arm(speed=1.2),
    "pretrained, frozen": Arm(speed=1.5),
    "random, frozen": Arm(speed=1.7),
}
"""How an encoder of A3C's begins: drawn, or as it was after learning to control pixels in any maze, without reward."""
ENCODER, PRETRAINED = ("convolutions", "features"), 100_000
RECOVERED = 0.9
MOVED = ("a3c", "reward_prediction", "unreal")
"""Who is tried with a goal that moves."""
JOINED = {
    "whole": Arm(speed=1.4),
    "cut": Arm(speed=1.3),
    "plain, two processes": Arm(speed=1.0),
    "cut, two processes": Arm(speed=1.3),
}
"""A3C, and A3C whose eyes learn by the gradients that the core is guessed to send; in one process, and in two."""
SIZES, APPLES, SIZE_SEEDS = ((3, 3), (4, 3), (6, 4)), (0.0, 0.1), tuple(range(5))
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
    """A contest of arms, and the settings that were chosen for them."""
    asked = contest(args, {arm: ARMS[arm] for arm in arms}, DECISIONS, run)
    return asked, asked.chosen("tuning", tuning(KINDS))


def mazes(args: Args) -> str:
    """All arms in all layouts of both families."""
    asked, chosen = tuned(args, args.arms)
    tasks = [f"{kind} {layout}" for kind in KINDS for layout in args.few(LAYOUTS)]
    longer = replace(asked, times={BASELINE: LONGER}).outcomes("mazes", args.few(SEEDS, 2), tasks, chosen)
    table = replace(longer, decisions=asked.decisions).table(args.arms, BASELINE)
    last = interquartile(longer.lasts(BASELINE))
    return f"{table}\nLast score of {BASELINE} after {LONGER} times as many decisions: {last}\n"


def sizes(args: Args) -> str:
    """A3C and UNREAL in mazes of other sizes, with and without apples."""
    arms = [arm for arm in (BASELINE, "unreal") if arm in args.arms]
    asked, chosen = tuned(args, arms)
    tasks = [f"random goal 0, {width} x {height}, apples {apples}" for width, height in SIZES for apples in APPLES]
    found = asked.outcomes("sizes", args.few(SIZE_SEEDS), tasks, chosen)
    lines = []
    for task, bounds in found.bounds.items():
        areas = {arm: replace(found, bounds={task: bounds}).areas(arm) for arm in arms}
        told = [str(interquartile(areas[arm])) for arm in arms]
        lines.append([task, *told, str(ratio(areas[arms[-1]], areas[BASELINE]))])
    return markdown(("maze", *(f"{arm}: mean score" for arm in arms), f"times {BASELINE}'s"), lines)


def variants(args: Args, name: str, arms: Mapping[str, Arm], run: Run) -> Outcomes:
    """What comes of variants of A3C in one layout of each family, with the settings that were chosen for it."""
    _, chosen = tuned(args, (BASELINE,))
    asked, tasks = contest(args, arms, DECISIONS, run), [f"{kind} 0" for kind in KINDS]
    return asked.outcomes(name, args.few(SEEDS, 2), tasks, dict.fromkeys(arms, chosen[BASELINE]))


def pretraining(args: Args) -> str:
    """A3C whose encoder learned before, without reward, beside one from scratch and a random one that stays."""
    return variants(args, "pretraining", BEGINNINGS, run_pretrained).table(list(BEGINNINGS), "from scratch")


def run_pretrained(cell: Cell) -> Sequence[Row]:
    """The curve of a training by rewards, after one without where that is asked for."""
    asked = trial(BEGINNINGS[cell.arm], cell)
    frozen = ENCODER if "frozen" in cell.arm else ()
    begin: dict[str, Tensor] = {}
    if "pretrained" in cell.arm:
        decisions = PRETRAINED * asked.decisions // DECISIONS
        learning = replace(asked.learning, reward_scale=0.0)
        mazes = environments("any maze 0")
        before = replace(asked, environments=mazes, decisions=decisions, added=("pixel_control",), learning=learning)
        state = before.run().graph.state_dict()
        begin = {name: value for name, value in state.items() if name.split(".")[0] in ENCODER}
    return curve_rows(replace(asked, begin=begin, frozen=frozen).run().progress.curve)


def moved(args: Args) -> str:
    """After how many decisions agents are as good as before, once the goal is elsewhere."""
    arms = [arm for arm in MOVED if arm in args.arms]
    asked, chosen = tuned(args, arms)
    cells = asked.cells(args.few(SEEDS, 2), [f"static {layout}" for layout in args.few(LAYOUTS)], chosen)
    rows = args.rows("moved", cells, run_moved)
    lines = []
    for arm in arms:
        values = grouped([row for row in rows if row["arm"] == arm], ("name", "task"))
        tasks = dict.fromkeys(task for _, task in values)
        told = [str(interquartile([values[name, task] for task in tasks])) for name in ("before", "recovered", "after")]
        lines.append([arm, *told])
    head = ("", "score before", f"decisions to {RECOVERED:.0%} of it after the move", "score at last")
    return markdown(head, lines)


def run_moved(cell: Cell) -> Sequence[Row]:
    """A training with the goal in one place, then one with it in another."""
    asked = trial(ARMS[cell.arm], cell)
    layout = int(str(dict(cell.setting)["task"]).rpartition(" ")[2])
    first = replace(asked, environments=with_goal(layout, 0)).run()
    second = replace(asked, environments=with_goal(layout, 1), begin=first.graph.state_dict()).run()
    before, after = (curve_of(curve_rows(training.progress.curve)) for training in (first, second))
    recovered = min(after.reached(RECOVERED * before.last), float(asked.decisions))
    values = {"before": before.last, "recovered": recovered, "after": after.last}
    return [{"name": name, "value": value} for name, value in values.items()]


def decoupled(args: Args) -> str:
    """A3C with a wire between vision and core that waits, and with one that does not, in one process and in two."""
    outcomes = variants(args, "decoupled", JOINED, run_decoupled)
    speeds = [[arm, str(mean(each))] for arm, each in speeds_of(outcomes.rows).items()]
    return f"{outcomes.table(list(JOINED), 'whole')}\n{markdown(('', 'decisions/s'), speeds)}"


def speeds_of(rows: Sequence[Row]) -> dict[str, list[float]]:
    """Decisions a second of every training, by arm."""
    done, seconds = (grouped(rows, ("arm", "task", "seed"), name) for name in ("done", "seconds"))
    found: dict[str, list[float]] = {}
    for training, counts in done.items():
        found.setdefault(str(training[0]), []).append(counts[-1] / seconds[training][-1])
    return found


def run_decoupled(cell: Cell) -> Sequence[Row]:
    """The curve of a training, whole or cut."""
    asked = replace(trial(JOINED[cell.arm], cell), cut="cut" in cell.arm, placed="two" in cell.arm)
    return curve_rows(asked.run().progress.curve)


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
