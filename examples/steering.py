"""A ball, or the end of a string, is steered to a goal: by planning through a learned engine, and by ACER, which plays.

python examples/steering.py [--worlds balls strings] [--quick]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from learners.agents.contest import Contest, Ranges
from learners.agents.curves import curve_rows
from learners.agents.environments import Environments
from learners.agents.methods import ACERContinuous
from learners.agents.trial import FORWARD, REPLAYING, Trial
from learners.agents.watching import Decide, means_of, rewards_of
from learners.experiment import TUNING_SEED, Cell, grouped, markdown
from learners.judging import by_training, crossed
from learners.papers import PaperSettings
from learners.planning import ByGradient, Futures, Planner, Sampled
from physim.checks import TEST_SEEDS_FROM
from physim.engines.learned import LearnedEngine
from physim.reports import Row
from physim.scripts import check_choices, run_script
from worlds.held_strings import HeldStrings
from worlds.steering import Steering

RESULTS = Path(__file__).parent / "results" / "steering"
WORLDS: dict[str, dict[str, Any]] = {
    "balls": {"world": "balls", "balls": 3},
    "strings": {"world": HeldStrings, "masses": 5},
}
"""The worlds by the names of the shipped engines that are planned with: of strings the free end is steered."""
DECISIONS = 30
"""Of an episode."""
LEARNED_FROM = 40_000
"""How many decisions the steps are that each shipped engine learned from, as its file's provenance tells: 2000 scenes
of 1000 steps, 50 steps a decision."""
EPISODES, TUNED_ON, SEEDS = 16, 4, tuple(range(8))
"""Test episodes; those that horizons are chosen on; and by which seeds agents that are judged were trained."""
COUNT, REPLAY = 8, 2000
"""How many environments ACER plays at a time, and how many ticks of each are kept."""
ACER = "acer"
PLAYED = 3.3e-3
"""Seconds of a decision of ACER's, about, most of them its world's."""
RANGES = Ranges(
    {"rate": (1e-4, 3e-3), "region": (0.01, 0.3)}, {"ticks": (5, 10, 20), "discount": (0.9, 0.95, 0.99)}, spread=True
)
"""What ACER's settings are drawn from."""


class Planning(NamedTuple):
    """A planner, the horizons it is tried with in each world, and minutes of an episode for each decision that is
    foreseen, about.
    """

    kind: type[Planner]
    settings: Mapping[str, int]
    horizons: Mapping[str, tuple[int, ...]]
    minutes: float

    def planner(self, futures: Futures, horizon: int) -> Planner:
        """The planner with a horizon."""
        return self.kind(futures, horizon, **self.settings)


PLANNERS = {
    "by samples": Planning(
        Sampled, {"count": 256, "elite": 16, "rounds": 3}, {"balls": (3, 5), "strings": (3, 5, 8)}, 0.2
    ),
    "by gradient": Planning(ByGradient, {"count": 16, "rounds": 2}, dict.fromkeys(WORLDS, (3,)), 0.7),
}
NOTE = f"""Intervals are over episodes, the same for all, and over trainings where there are several.
Planners are told the scene as it is, what is rewarded, and what a push does to a body at once; by samples they try
several hundred futures a decision, by gradient a few: see neither as better than the other. ACER is told none of that.
Its trainings are {LEARNED_FROM} decisions each, those that its settings were chosen by not counted.
"""
NOTHING = "nothing"
ARMS = (NOTHING, *PLANNERS, ACER)


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Steer the first body of a world to a goal by all means, in the same episodes, and write how far it was from it.

    The planners have not played: their engines learned from as many steps, in which nobody pushed. Horizons and ACER's
    settings are chosen first, in episodes of their own.
    """

    worlds: tuple[str, ...] = tuple(WORLDS)
    """Which worlds."""
    arms: tuple[str, ...] = ARMS
    """By which means."""
    out: Path = RESULTS


def main(args: Args) -> None:
    """Run what has not run yet and write the table."""
    check_choices("worlds", args.worlds, WORLDS)
    check_choices("arms", args.arms, ARMS)
    args.publish("steering", "\n".join([*(f"{world}\n\n{table(args, world)}" for world in args.worlds), NOTE]))


def table(args: Args, world: str) -> str:
    """The mean distance by each arm in the same episodes, and how much more that is than by ACER in each of them."""
    rows = [*planned(args, world), *played(args, world)]
    far = {arm: by_training([row for row in rows if row["arm"] == arm]) for arm in args.arms}
    lines: list[list[object]] = []
    for arm, distance in far.items():
        more = None if arm == ACER or ACER not in far else crossed(distance - far[ACER])
        lines.append([arm, crossed(distance), more])
    return markdown(("steered", "mean distance (m)", f"less {ACER}'s"), lines)


def planned(args: Args, world: str) -> list[Row]:
    """Test episodes of the planners, with the horizons that were the best in others, and of who does nothing."""
    arms = [arm for arm in args.arms if arm in PLANNERS]
    horizons = {arm: args.few(PLANNERS[arm].horizons[world], 2) for arm in arms}
    tried = [
        plan_cell(args, world, arm, horizon, TUNED_ON, TUNING_SEED)
        for arm, several in horizons.items()
        for horizon in several
        if len(several) > 1
    ]
    far = grouped(args.rows(f"{world}_horizons", tried, run_plans), ("arm", "horizon")) if tried else {}
    best = {
        arm: min(several, key=lambda horizon, arm=arm: float(np.mean(far.get((arm, horizon), 0))))
        for arm, several in horizons.items()
    }
    cells = [plan_cell(args, world, arm, best[arm], EPISODES, TEST_SEEDS_FROM) for arm in arms]
    if NOTHING in args.arms:
        cells.append(plan_cell(args, world, NOTHING, 0, EPISODES, TEST_SEEDS_FROM))
    return args.rows(f"{world}_plans", cells, run_plans) if cells else []


def plan_cell(args: Args, world: str, arm: str, horizon: int, episodes: int, seed: int) -> Cell:
    """Episodes from a seed on, planned with a horizon."""
    episodes = min(episodes, 2) if args.quick else episodes
    minutes = PLANNERS[arm].minutes * horizon * episodes if arm in PLANNERS else 0.1
    return Cell(arm, seed, (("world", world), ("horizon", horizon), ("episodes", episodes)), minutes)


def run_plans(cell: Cell) -> Sequence[Row]:
    """The mean distance of each episode."""
    env = steering(cell["world"])
    seeds = range(cell.seed, cell.seed + cell["episodes"])
    if cell.arm == NOTHING:
        return distances([rewards_of(env, seed, nothing(env)) for seed in seeds])
    futures = Futures(LearnedEngine.load(cell["world"]), env.largest, env.hold)
    planner = PLANNERS[cell.arm].planner(futures, cell["horizon"])
    return distances([planner.steer(env, seed) for seed in seeds])


def played(args: Args, world: str) -> list[Row]:
    """Test episodes of agents that learned by ACER, with settings that were the best in trainings of their own."""
    if ACER not in args.arms:
        return []
    bounds = {world: (-float(DECISIONS), 0.0)}
    decisions = args.shortened(LEARNED_FROM)
    contest = Contest(args, {ACER: PLAYED}, decisions, RANGES, run_tuning, lambda _: bounds, at_last=True, final=True)
    chosen = contest.chosen(f"{world}_tuning", [world])
    cells = contest.cells(args.few(SEEDS), [world], chosen)
    return args.rows(f"{world}_agents", cells, partial(run_agent, 2 if args.quick else EPISODES))


def run_tuning(cell: Cell) -> Sequence[Row]:
    """The curve of a training."""
    return curve_rows(trial(cell).run().progress.curve)


def run_agent(episodes: int, cell: Cell) -> Sequence[Row]:
    """The mean distance of each test episode of an agent that was trained: it does nothing where it diverged."""
    training, env = trial(cell).run(), steering(cell["task"])
    decide = nothing(env) if training.diverged else means_of(training.graph, env.action_space)
    return distances([rewards_of(env, TEST_SEEDS_FROM + number, decide) for number in range(episodes)])


def trial(cell: Cell) -> Trial:
    """The training of an agent by ACER."""
    return Trial(
        Environments("worlds:physim/Steering-v0", COUNT, {"decisions": DECISIONS, **WORLDS[cell["task"]]}),
        cell["decisions"],
        cores=FORWARD,
        method=ACERContinuous(discount=cell["discount"], region=cell["region"], fresh=True),
        learning=replace(REPLAYING, rate=cell["rate"], replay=REPLAY, sequences=COUNT, ratio=4, average_decay=0.995),
        told=False,
        ticks=cell["ticks"],
        every=2000,
        seed=cell.seed,
    )


def steering(world: str) -> Steering:
    """The environment of a world."""
    return Steering(decisions=DECISIONS, **WORLDS[world])


def nothing(env: Steering) -> Decide:
    """To push nothing."""
    return lambda _: np.zeros(env.numbers)


def distances(rewards: Sequence[Sequence[float]]) -> list[Row]:
    """The mean distance of each episode as a row: the last reward of one that blows up is of all that was left."""
    return [{"name": "distance", "episode": k, "value": -sum(each) / DECISIONS} for k, each in enumerate(rewards)]


if __name__ == "__main__":
    run_script(main, Args, __doc__)
