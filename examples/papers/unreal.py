"""UNREAL (arXiv:1611.05397) in small mazes: does learning to control pixels speed an agent up, and by how much?

python examples/papers/unreal.py [--quick] [--parts mazes sizes pretraining moved decoupled]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from small_mazes import DRAWS, Arm, Contest, environments, trial, with_goal
from torch import Tensor

from learners.agents.curves import curve_of, curve_rows
from learners.agents.methods import UNREAL
from learners.agents.outcomes import Outcomes
from learners.experiment import Cell, grouped, markdown, mean
from learners.judging import interquartile, ratio
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
DECISIONS = 300_000
LONGER = 2
"""How many times as many decisions A3C has beside: what others spend on their losses, it spends on playing."""
BEGINNINGS = {
    "from scratch": Arm(speed=1.4),
    "pretrained": Arm(speed=1.2),
    "pretrained, frozen": Arm(speed=1.5),
    "random, frozen": Arm(speed=1.7),
}
"""How an encoder of A3C's begins: drawn, or as it was after learning to control pixels in any maze, without reward."""
ENCODER, PRETRAINED = ("convolutions", "features"), 200_000
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


@dataclass(frozen=True)
class Args:
    """Train agents in small mazes with and without UNREAL's losses, and write what came of it.

    Settings are chosen first, in a layout and by a seed of their own: the whole sweep is kept.
    """

    parts: tuple[str, ...] = ALL
    """What to do: all arms in all layouts; A3C and UNREAL in mazes of other sizes, with and without apples; A3C with an
    encoder that learned before, without reward; a goal that moves in the middle of a training; and A3C whose vision and
    core are decoupled by synthetic gradients."""
    arms: tuple[str, ...] = tuple(ARMS)
    """Which agents; a3c, which the others are measured by, must be among them."""
    quick: bool = False
    """A fiftieth of the decisions, one layout, two seeds and draws: to see that it runs."""
    workers: int = 2
    """Trainings at a time, one thread each."""
    out: Path = RESULTS
    """Where the rows (CSV) and the tables (Markdown) are kept; those of --quick in a folder of their own in it."""

    @property
    def folder(self) -> Path:
        """Where this run keeps its rows."""
        return self.out / "quick" if self.quick else self.out

    @property
    def contest(self) -> Contest:
        """What is compared."""
        decisions, draws = (DECISIONS // 50, 2) if self.quick else (DECISIONS, DRAWS)
        return Contest(ARMS, decisions, run, self.folder, self.workers, draws)


def main(args: Args) -> None:
    """Run what has not run yet and write the tables."""
    args.contest.check("parts", args.parts, ALL, args.arms, BASELINE)
    for part in args.parts:
        text = PARTS[part](args)
        (args.folder / f"{part}.md").write_text(text, encoding="utf-8")
        print(text)


def mazes(args: Args) -> str:
    """All arms in all layouts of both families."""
    contest, seeds = args.contest, SEEDS[:2] if args.quick else SEEDS
    chosen = contest.chosen(args.arms, KINDS)
    tasks = [f"{kind} {layout}" for kind in KINDS for layout in (LAYOUTS[:1] if args.quick else LAYOUTS)]
    cells = [
        contest.cell(arm, seed, task, chosen[arm], LONGER if arm == BASELINE else 1)
        for seed in seeds
        for task in tasks
        for arm in args.arms
    ]
    rows, bounds = contest.rows("mazes", cells), contest.bounds(tasks)
    table = Outcomes(rows, bounds, contest.decisions).table(args.arms, BASELINE)
    last = interquartile(Outcomes(rows, bounds, LONGER * contest.decisions).lasts(BASELINE))
    return f"{table}\nLast score of {BASELINE} after {LONGER} times as many decisions: {last}\n"


def sizes(args: Args) -> str:
    """A3C and UNREAL in mazes of other sizes, with and without apples."""
    contest, seeds = args.contest, SIZE_SEEDS[:1] if args.quick else SIZE_SEEDS
    arms = [arm for arm in (BASELINE, "unreal") if arm in args.arms]
    chosen = contest.chosen(arms, KINDS)
    tasks = [f"random goal 0, {width} x {height}, apples {apples}" for width, height in SIZES for apples in APPLES]
    cells = [contest.cell(arm, seed, task, chosen[arm]) for seed in seeds for task in tasks for arm in arms]
    rows = contest.rows("sizes", cells)
    lines = []
    for task, scores in contest.bounds(tasks).items():
        areas = {arm: Outcomes(rows, {task: scores}, contest.decisions).areas(arm) for arm in arms}
        told = [str(interquartile(areas[arm])) for arm in arms]
        lines.append([task, *told, str(ratio(areas[arms[-1]], areas[BASELINE]))])
    return markdown(("maze", *(f"{arm}: mean score" for arm in arms), f"times {BASELINE}'s"), lines)


def pretraining(args: Args) -> str:
    """A3C whose encoder learned before, without reward, beside one from scratch and a random one that stays."""
    drawn = args.contest.chosen((BASELINE,), KINDS)[BASELINE]
    contest = replace(args.contest, arms=BEGINNINGS, run=run_pretrained)
    tasks = [f"{kind} 0" for kind in KINDS]
    seeds = SEEDS[:2] if args.quick else SEEDS
    cells = [contest.cell(arm, seed, task, drawn) for seed in seeds for task in tasks for arm in BEGINNINGS]
    rows = contest.rows("pretraining", cells)
    outcomes = Outcomes(rows, contest.bounds(tasks), contest.decisions)
    return outcomes.table(list(BEGINNINGS), "from scratch")


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
    chosen = args.contest.chosen(arms, KINDS)
    contest = replace(args.contest, run=run_moved)
    seeds, layouts = (SEEDS[:2], LAYOUTS[:1]) if args.quick else (SEEDS, LAYOUTS)
    cells = [
        contest.cell(arm, seed, f"static {layout}", chosen[arm]) for seed in seeds for layout in layouts for arm in arms
    ]
    rows = contest.rows("moved", cells)
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
    drawn = args.contest.chosen((BASELINE,), KINDS)[BASELINE]
    contest = replace(args.contest, arms=JOINED, run=run_decoupled)
    tasks = [f"{kind} 0" for kind in KINDS]
    seeds = SEEDS[:2] if args.quick else SEEDS
    cells = [contest.cell(arm, seed, task, drawn) for seed in seeds for task in tasks for arm in JOINED]
    rows = contest.rows("decoupled", cells)
    outcomes = Outcomes(rows, contest.bounds(tasks), contest.decisions)
    speeds = [[arm, str(mean(each))] for arm, each in speeds_of(rows).items()]
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
