"""UNREAL (arXiv:1611.05397) in small mazes: does learning to control pixels speed an agent up, and by how much?

python examples/papers/unreal.py [--quick] [--parts mazes sizes]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learners.agents.curves import curve_rows
from learners.agents.environments import Environments
from learners.agents.learning import Learning
from learners.agents.methods import UNREAL, Base
from learners.agents.outcomes import Draw, Outcomes, draw
from learners.agents.trial import Trial
from learners.experiment import Cell, Grid, markdown
from learners.judging import interquartile, ratio
from physim.errors import PhysimError
from physim.reports import Row
from physim.scripts import run_script
from worlds.maze.families import FAMILIES
from worlds.maze.game import Game
from worlds.maze.scores import oracle_of, played, wandering

RESULTS = Path(__file__).parent / "results" / "unreal"
ARMS: dict[str, tuple[str, ...]] = {
    "a3c": (),
    "unreal": UNREAL,
    "pixel_control": ("pixel_control",),
    "reward_prediction": ("reward_prediction",),
    "value_replay": ("value_replay",),
    "placebo": ("placebo",),
}
"""What each agent learns by beside A3C's losses."""
MAZE: dict[str, Any] = {
    "width": 4, "height": 3, "seconds": 20.0, "apples": 0.0, "strawberries": 0.0, "size": (42, 42), "actions": "three",
}  # fmt: skip
"""What is smaller here than in the families: corridors, time, pictures, actions; and nothing but the goal rewards."""
GOALS = {"static": "physim/NavMazeStatic01-v0", "random goal": "physim/NavMazeRandomGoal01-v0"}
LAYOUTS, SEEDS = (0, 1, 2), tuple(range(10))
TUNING_LAYOUT, TUNING_SEED, DRAWS = 1000, 100, 8
"""Settings are drawn so often, for every arm alike, and tried in a layout and by a seed of their own."""
DECISIONS = 400_000
LONGER = 2
"""How many times as many decisions A3C has beside: what others spend on their losses, it spends on playing."""
REWARD_SCALE = 0.1
"""A goal counts 1."""
SIZES, APPLES, SIZE_SEEDS = ((3, 3), (4, 3), (6, 4)), (0.0, 0.1), tuple(range(5))
EPISODES = 100
"""Of how many episodes chance's and the oracle's scores are the means."""
BOUNDS = {"chance": wandering, "oracle": oracle_of}
SPEED = {"a3c": 7000.0, "unreal": 4000.0}
"""Decisions a second on one core, about; of the others, between these."""
ALL = ("mazes", "sizes")


@dataclass(frozen=True)
class Args:
    """Train agents in small mazes with and without UNREAL's losses, and write what came of it.

    Settings are chosen first, in a layout and by a seed of their own: the whole sweep is kept.
    """

    parts: tuple[str, ...] = ALL
    """What to do: all arms in all layouts; A3C and UNREAL in mazes of other sizes, with and without apples."""
    arms: tuple[str, ...] = tuple(ARMS)
    """Which agents; a3c, which the others are measured by, must be among them."""
    quick: bool = False
    """A fiftieth of the decisions, one layout, two seeds and draws: to see that it runs."""
    workers: int = 2
    """Trainings at a time, one thread each."""
    out: Path = RESULTS
    """Where the rows (CSV) and the tables (Markdown) are kept."""

    @property
    def decisions(self) -> int:
        """How many decisions are compared."""
        return DECISIONS // (50 if self.quick else 1)


def main(args: Args) -> None:
    """Run what has not run yet and write the tables."""
    for name, wanted, known in (("parts", args.parts, PARTS), ("arms", args.arms, ARMS)):
        if unknown := set(wanted) - set(known):
            raise PhysimError(f"--{name}: got {sorted(unknown)}, wanted some of {list(known)}")
    if "a3c" not in args.arms:
        raise PhysimError("--arms must have a3c among them: the others are measured by it")
    for part in args.parts:
        text = PARTS[part](args)
        (args.out / f"{part}.md").write_text(text, encoding="utf-8")
        print(text)


def mazes(args: Args) -> str:
    """All arms in all layouts of both families."""
    chosen = chosen_settings(args, args.arms)
    tasks = [f"{goal} {layout}" for goal in GOALS for layout in (LAYOUTS[:1] if args.quick else LAYOUTS)]
    seeds = SEEDS[:2] if args.quick else SEEDS
    cells = [
        cell(arm, seed, task, args.decisions * (LONGER if arm == "a3c" else 1), chosen[arm])
        for seed in seeds
        for task in tasks
        for arm in args.arms
    ]
    rows = Grid(args.out / "mazes.csv", cells, run).complete(args.workers)
    known = bounds(args, tasks)
    longer = [{**row, "arm": "a3c, longer"} for row in rows if row["arm"] == "a3c"]
    table = Outcomes(rows, known, args.decisions).table(args.arms, "a3c")
    last = interquartile(Outcomes(longer, known, LONGER * args.decisions).lasts("a3c, longer"))
    return f"{table}\nLast score of a3c after {LONGER} times as many decisions: {last}\n"


def sizes(args: Args) -> str:
    """A3C and UNREAL in mazes of other sizes, with and without apples."""
    arms = [arm for arm in ("a3c", "unreal") if arm in args.arms]
    chosen = chosen_settings(args, arms)
    tasks = [f"random goal 0, {width} x {height}, apples {apples}" for width, height in SIZES for apples in APPLES]
    seeds = SIZE_SEEDS[:1] if args.quick else SIZE_SEEDS
    cells = [cell(arm, seed, task, args.decisions, chosen[arm]) for seed in seeds for task in tasks for arm in arms]
    rows = Grid(args.out / "sizes.csv", cells, run).complete(args.workers)
    lines = []
    for task, scores in bounds(args, tasks).items():
        areas = {arm: Outcomes(rows, {task: scores}, args.decisions).areas(arm) for arm in arms}
        told = [str(interquartile(areas[arm])) for arm in arms]
        lines.append([task, *told, str(ratio(areas[arms[-1]], areas[arms[0]]))])
    return markdown(("maze", *(f"{arm}: mean score" for arm in arms), "times A3C's"), lines)


def cell(arm: str, seed: int, task: str, decisions: int, drawn: Draw) -> Cell:
    """One training."""
    setting = (("task", task), ("decisions", decisions), *drawn._asdict().items())
    return Cell(arm, seed, setting, decisions / SPEED.get(arm, 5000.0) / 60)


def run(cell: Cell) -> Sequence[Row]:
    """The curve of one training."""
    return curve_rows(trial(cell).run().progress.curve)


def trial(cell: Cell) -> Trial:
    """What a cell trains."""
    setting = dict(cell.setting)
    rate, entropy, weight = (float(str(setting[name])) for name in Draw._fields)
    learning = Learning(rate=rate, reward_scale=REWARD_SCALE)
    decisions, added = int(str(setting["decisions"])), ARMS[cell.arm]
    return Trial(
        environments(str(setting["task"])), decisions, added, base=Base(entropy=entropy), weight=weight,
        learning=learning, seed=cell.seed,
    )  # fmt: skip


def environments(task: str) -> Environments:
    """The mazes of a task, such as "static 0" or "random goal 0, 6 x 4, apples 0.1"."""
    where, *told = task.split(", ")
    goal, _, layout = where.rpartition(" ")
    settings = MAZE | {"seed": int(layout)}
    if told:
        width, height = told[0].split(" x ")
        settings |= {"width": int(width), "height": int(height), "apples": float(told[1].split()[1])}
    return Environments(f"worlds:{GOALS[goal]}", settings=settings)


def chosen_settings(args: Args, arms: Sequence[str]) -> dict[str, Draw]:
    """The settings with which each arm's mean score was the best, over both families."""
    draws = [draw(TUNING_SEED, number) for number in range(2 if args.quick else DRAWS)]
    tasks = [f"{goal} {TUNING_LAYOUT}" for goal in GOALS]
    cells = [cell(arm, TUNING_SEED, task, args.decisions, drawn) for arm in arms for drawn in draws for task in tasks]
    rows = Grid(args.out / "tuning.csv", cells, run).complete(args.workers)
    outcomes = Outcomes(rows, bounds(args, tasks), args.decisions)
    return {arm: outcomes.best(arm, draws) for arm in arms}


def bounds(args: Args, tasks: Sequence[str]) -> Mapping[str, tuple[float, float]]:
    """The mean scores of chance and of the oracle in each task."""
    cells = [Cell(name, 0, (("task", task),), 0.05) for task in tasks for name in BOUNDS]
    rows = Grid(args.out / "bounds.csv", cells, run_bounds).complete(args.workers)
    found = {(row["arm"], row["task"]): float(str(row["value"])) for row in rows}
    return {task: (found["chance", task], found["oracle", task]) for task in tasks}


def run_bounds(cell: Cell) -> Sequence[Row]:
    """The mean score of chance or of the oracle."""
    asked = environments(str(dict(cell.setting)["task"]))
    game = Game.of(**FAMILIES[asked.id.removeprefix("worlds:")] | asked.settings)
    return [{"name": "score", "value": float(played(game, BOUNDS[cell.arm], EPISODES).returns.mean())}]


PARTS: dict[str, Callable[[Args], str]] = {"mazes": mazes, "sizes": sizes}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
