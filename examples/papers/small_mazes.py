"""Small mazes that agents of several papers are compared in: tasks, settings drawn for all alike, bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from learners.agents.environments import Environments
from learners.agents.learning import Learning
from learners.agents.methods import A3C
from learners.agents.outcomes import Draw, Outcomes, draw
from learners.agents.trial import PLAIN, Trial
from learners.experiment import Cell, Grid, Run
from physim.errors import PhysimError
from physim.reports import Row
from worlds.maze.families import FAMILIES, OWN
from worlds.maze.game import Game
from worlds.maze.grounds import ground_of
from worlds.maze.scores import oracle_of, played, wandering

MAZE: dict[str, Any] = {"apples": 0.0, "strawberries": 0.0, "size": (42, 42), "actions": "three"}
"""What is simpler here than in the families: nothing but the goal rewards, pictures are small, actions few."""
SMALL: dict[str, Any] = {"width": 4, "height": 3, "seconds": 20.0}
TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "static": ("physim/NavMazeStatic01-v0", SMALL),
    "random goal": ("physim/NavMazeRandomGoal01-v0", SMALL),
    "any maze": ("physim/NavMazeAllRandom01-v0", SMALL),
    "i-maze": ("physim/IMaze-v0", {"seconds": 30.0}),
}
"""The family of each kind of task, and what is smaller in it."""
TUNING_LAYOUT, TUNING_SEED, DRAWS = 1000, 100, 8
"""Settings are drawn so often, for every arm alike, and tried in a layout and by a seed of their own."""
REWARD_SCALE = 0.1
"""A goal counts 1."""
EPISODES = 100
"""Of how many episodes chance's and the oracle's scores are the means."""
BOUNDS = {"chance": wandering, "oracle": oracle_of}
SPEED = 5000.0
"""Decisions a second on one core, about."""


@final
@dataclass(frozen=True)
class Arm:
    """An agent: the losses that it learns by beside A3C's, its cores, what it sees, whether it is told its last action
    and reward, and how fast it is beside others.
    """

    added: tuple[str, ...] = ()
    cores: tuple[int, ...] = PLAIN
    sees: tuple[str, ...] = ("image",)
    told: bool = True
    speed: float = 1.0


@final
@dataclass(frozen=True)
class Contest:
    """Arms that are compared after so many decisions; `run` is the work of one training, a function of the script's."""

    arms: Mapping[str, Arm]
    decisions: int
    run: Run
    out: Path
    workers: int
    draws: int = DRAWS

    def cell(self, arm: str, seed: int, task: str, drawn: Draw, times: int = 1) -> Cell:
        """One training, of so many `times` the decisions."""
        setting = (("task", task), ("decisions", times * self.decisions), *drawn._asdict().items())
        return Cell(arm, seed, setting, times * self.decisions / SPEED / self.arms[arm].speed / 60)

    def rows(self, name: str, cells: Sequence[Cell]) -> list[Row]:
        """The rows of all cells, kept in the CSV file of that name."""
        return Grid(self.out / f"{name}.csv", cells, self.run).complete(self.workers)

    def chosen(self, arms: Sequence[str], kinds: Sequence[str]) -> dict[str, Draw]:
        """The settings with which each arm's mean score was the best, over some kinds of tasks."""
        draws = [draw(TUNING_SEED, number) for number in range(self.draws)]
        tasks = [f"{kind} {TUNING_LAYOUT}" for kind in kinds]
        cells = [self.cell(arm, TUNING_SEED, task, drawn) for arm in arms for drawn in draws for task in tasks]
        outcomes = Outcomes(self.rows("tuning", cells), self.bounds(tasks), self.decisions)
        return {arm: outcomes.best(arm, draws) for arm in arms}

    def bounds(self, tasks: Sequence[str]) -> Mapping[str, tuple[float, float]]:
        """The mean scores of chance and of the oracle in each task."""
        return bounds_of(tasks, self.out, self.workers)

    def check(
        self, option: str, asked: Sequence[str], known: Sequence[str], arms: Sequence[str], baseline: str
    ) -> None:
        """Refuse what is asked for by an option, and arms, that there are not, and to go without the baseline."""
        for name, wanted, there in ((option, asked, known), ("arms", arms, self.arms)):
            if unknown := set(wanted) - set(there):
                raise PhysimError(f"--{name}: got {sorted(unknown)}, wanted some of {list(there)}")
        if baseline not in arms:
            raise PhysimError(f"--arms must have {baseline} among them: the others are measured by it")


def trial(arm: Arm, cell: Cell) -> Trial:
    """What a cell trains."""
    setting = dict(cell.setting)
    rate, entropy, weight = (float(str(setting[name])) for name in Draw._fields)
    labels = {"labels": ("loop_closure",)} if "loop_closure" in arm.added else {}
    return Trial(
        environments(str(setting["task"]), **labels),
        int(str(setting["decisions"])),
        arm.added,
        arm.cores,
        arm.sees,
        A3C(entropy=entropy),
        weight,
        Learning(rate=rate, reward_scale=REWARD_SCALE),
        arm.told,
        seed=cell.seed,
    )


def environments(task: str, **settings: Any) -> Environments:
    """The mazes of a task, such as "static 0" or "random goal 0, 6 x 4, apples 0.1", with some settings changed."""
    where, *told = task.split(", ")
    kind, _, layout = where.rpartition(" ")
    family, smaller = TASKS[kind]
    found = MAZE | smaller | {"seed": int(layout)}
    if told:
        width, height = told[0].split(" x ")
        found |= {"width": int(width), "height": int(height), "apples": float(told[1].split()[1])}
    return Environments(f"worlds:{family}", settings=found | settings)


def with_goal(layout: int, number: int) -> Environments:
    """The maze of a layout with its goal in the first (0) or the last (1) of two cells far from one another."""
    game = game_of(environments(f"static {layout}"))
    ground = ground_of(game.maze, layout)
    distances = ground.topology.distances(ground.goals[0])
    goal = (ground.goals[0], max(ground.goals, key=lambda cell: distances[cell[1], cell[0]]))[number]
    text = ground.layout.with_things({goal: "G"}).text
    return Environments(f"worlds:{OWN}", settings=MAZE | {"layout": text, "seed": layout, "seconds": SMALL["seconds"]})


def game_of(asked: Environments) -> Game:
    """What is played in mazes of a family."""
    return Game.of(**FAMILIES[asked.id.removeprefix("worlds:")] | asked.settings)


def bounds_of(tasks: Sequence[str], out: Path, workers: int) -> Mapping[str, tuple[float, float]]:
    """The mean scores of chance and of the oracle in each task, kept in a file of the folder `out`."""
    cells = [Cell(name, 0, (("task", task),), 0.05) for task in tasks for name in BOUNDS]
    rows = Grid(out / "bounds.csv", cells, run_bounds).complete(workers)
    found = {(row["arm"], row["task"]): float(str(row["value"])) for row in rows}
    return {task: (found["chance", task], found["oracle", task]) for task in tasks}


def run_bounds(cell: Cell) -> Sequence[Row]:
    """The mean score of chance or of the oracle."""
    game = game_of(environments(str(dict(cell.setting)["task"])))
    return [{"name": "score", "value": float(played(game, BOUNDS[cell.arm], EPISODES).returns.mean())}]
