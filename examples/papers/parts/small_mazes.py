"""Small mazes that agents of several papers are compared in: tasks, ranges of settings, bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, final

from learners.agents.contest import Contest, Ranges
from learners.agents.environments import Environments
from learners.agents.learning import Learning
from learners.agents.methods import A3C
from learners.agents.outcomes import Bounds
from learners.agents.trial import PLAIN, Trial
from learners.experiment import Cell, Run
from learners.papers import PaperSettings
from physim.errors import PhysimError
from physim.reports import Row
from physim.scripts import check_choices
from worlds.maze.families import FAMILIES, OWN
from worlds.maze.game import Game
from worlds.maze.grounds import ground_of
from worlds.maze.scores import oracle_of, played, wandering

MAZE: dict[str, Any] = {"apples": 0.0, "strawberries": 0.0, "size": (42, 42), "actions": "three"}
"""What is simpler here than in the families: nothing but the goal rewards, pictures are small, actions few."""
SMALL: dict[str, Any] = {"width": 4, "height": 3, "seconds": 20.0}
I_MAZE = """
###########
#G#######G#
# ####### #
#   PPP   #
# ####### #
#G#######G#
###########
"""
"""Four alcoves, in one of which the goal is for an episode: who remembers where is there in less than half the time."""
TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "static": ("physim/NavMazeStatic01-v0", SMALL),
    "random goal": ("physim/NavMazeRandomGoal01-v0", SMALL),
    "any maze": ("physim/NavMazeAllRandom01-v0", SMALL),
    "i-maze": (OWN, {"layout": I_MAZE.strip(), "goal": "episode", "seconds": 20.0}),
}
"""The family of each kind of task, and what is smaller in it."""
TUNING_LAYOUT = 1000
"""The layout that settings are tried in."""
RANGES = Ranges({"rate": (2e-4, 2e-3), "entropy": (5e-5, 5e-3), "weight": (0.1, 3.0)})
"""Of the learning rate, the entropy's weight, and how much added losses count."""
REWARD_SCALE = 0.1
"""A goal counts 1."""
REPLAY, BEGIN = 2000, 0.1
"""Ticks of each environment that are kept, and the share of them from which on they are learned from again."""
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

    Its vision may be `cut` from its core, and `placed` in a process of its own; it may be `pretrained`, or `frozen`.
    """

    added: tuple[str, ...] = ()
    cores: tuple[int, ...] = PLAIN
    sees: tuple[str, ...] = ("image",)
    told: bool = True
    speed: float = 1.0
    cut: bool = False
    placed: bool = False
    pretrained: bool = False
    frozen: bool = False


def contest(settings: PaperSettings, arms: Mapping[str, Arm], decisions: int, run: Run) -> Contest:
    """Arms that are compared after so many decisions; `run` is the work of one training, a function of the script's."""
    seconds = {name: 1 / SPEED / arm.speed for name, arm in arms.items()}
    return Contest(settings, seconds, settings.shortened(decisions), RANGES, run, partial(bounds_of, settings))


def tuning(kinds: Sequence[str]) -> list[str]:
    """The tasks that settings are chosen in."""
    return [f"{kind} {TUNING_LAYOUT}" for kind in kinds]


def check_arms(arms: Sequence[str], known: Mapping[str, Arm], baseline: str) -> None:
    """Refuse arms that there are not, and to go without the baseline."""
    check_choices("arms", arms, known)
    if baseline not in arms:
        raise PhysimError(f"--arms must have {baseline} among them: the others are measured by it")


def trial(arm: Arm, cell: Cell) -> Trial:
    """What a cell trains."""
    rate, entropy, weight = (cell[name] for name in RANGES.between)
    return Trial(
        environments(cell["task"]),
        cell["decisions"],
        added=arm.added,
        cores=arm.cores,
        sees=arm.sees,
        method=A3C(entropy=entropy),
        weight=weight,
        learning=Learning(rate=rate, reward_scale=REWARD_SCALE, replay=REPLAY, begin=BEGIN),
        told=arm.told,
        cut=arm.cut,
        placed=arm.placed,
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
    """What is played in mazes of a family, or of one's own."""
    return Game.of(**FAMILIES.get(asked.id.removeprefix("worlds:"), {}) | asked.settings)


def bounds_of(settings: PaperSettings, tasks: Sequence[str]) -> Bounds:
    """The mean scores of chance and of the oracle in each task, kept beside the script's rows."""
    cells = [Cell(name, 0, (("task", task),), 0.05) for task in tasks for name in BOUNDS]
    rows = settings.rows("bounds", cells, run_bounds)
    found = {(row["arm"], row["task"]): float(str(row["value"])) for row in rows}
    return {task: (found["chance", task], found["oracle", task]) for task in tasks}


def run_bounds(cell: Cell) -> Sequence[Row]:
    """The mean score of chance or of the oracle."""
    return [{"name": "score", "value": bound_of(environments(cell["task"]), cell.arm)}]


def bound_of(asked: Environments, who: str) -> float:
    """The mean score of chance or of the oracle in mazes."""
    return float(played(game_of(asked), BOUNDS[who], EPISODES).returns.mean())
