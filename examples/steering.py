"""A ball, or the end of a string, is steered to a goal: by planning through a learned engine, and by ACER, which plays.

python examples/steering.py [--worlds balls strings] [--quick]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from learners.agents.environments import Environments
from learners.agents.graphs import CHOICE
from learners.agents.learning import Learning
from learners.agents.methods import ACERNumbers
from learners.agents.trial import Trial
from learners.experiment import Cell, Grid, grouped, markdown, mean
from learners.planning import ByGradient, Futures, Planner, Sampled
from physim.checks import TEST_SEEDS_FROM
from physim.engines.learned import LearnedEngine
from physim.graph import ModuleGraph
from physim.reports import Row
from physim.scripts import check_choices, run_script
from worlds.steering import Steering

RESULTS = Path(__file__).parent / "results" / "steering"
WORLDS: dict[str, dict[str, Any]] = {"balls": {"balls": 3}, "strings": {"masses": 5}}
"""The worlds, whose shipped engines are planned with, and their sizes."""
LEARNED_FROM = 40_000
"""How many decisions the steps are that each shipped engine learned from, as its file's provenance tells: 2000 scenes
of 1000 steps, 50 steps a decision."""
EPISODES, SEEDS = 20, 5
COUNT, REPLAY = 8, 2000
"""How many environments ACER plays at a time, and how many ticks of each are kept."""
PLANNERS: dict[str, Callable[[Futures], Planner]] = {
    "by samples": lambda futures: Sampled(futures, 5, count=32, elite=5, rounds=2),
    "by gradient": lambda futures: ByGradient(futures, 5, count=4, rounds=2),
}
TIMES = {"acer": 1, "acer, 10 times the steps": 10}
"""ACER, which plays as many steps as the engine learned from, and more."""
ARMS = ("nothing", *PLANNERS, *TIMES)


@dataclass(frozen=True)
class Args:
    """Steer the first body of a world to a goal by all means, in the same episodes, and write how far it was from it.

    The planners have not played: their engines learned from as many steps, in which nobody pushed.
    """

    worlds: tuple[str, ...] = tuple(WORLDS)
    """Which worlds."""
    arms: tuple[str, ...] = ARMS
    """By which means."""
    quick: bool = False
    """Two episodes, one seed and a fiftieth of ACER's steps: to see that it runs."""
    workers: int = 2
    """Cells at a time, one thread each."""
    out: Path = RESULTS
    """Where the rows (CSV) and the table (Markdown) are kept; those of --quick in a folder of their own in it."""


def main(args: Args) -> None:
    """Run what has not run yet and write the table."""
    check_choices("worlds", args.worlds, WORLDS)
    check_choices("arms", args.arms, ARMS)
    folder = args.out / "quick" if args.quick else args.out
    cells = [
        cell(world, arm, seed, args.quick) for world in args.worlds for arm in args.arms for seed in seeds(arm, args)
    ]
    rows = Grid(folder / "rows.csv", cells, run).complete(args.workers)
    values = grouped(rows, ("world", "arm"))
    lines = [[arm, *(str(mean(values[world, arm])) for world in args.worlds)] for arm in args.arms]
    text = markdown(("steered", *(f"{world}: mean distance (m)" for world in args.worlds)), lines)
    (folder / "steering.md").write_text(text, encoding="utf-8")
    print(text)


def seeds(arm: str, args: Args) -> range:
    """The seeds of trainings; who does not learn has one."""
    return range(SEEDS if arm in TIMES and not args.quick else 1)


def cell(world: str, arm: str, seed: int, quick: bool) -> Cell:
    """A training and its test episodes, or test episodes alone."""
    episodes = 2 if quick else EPISODES
    decisions = LEARNED_FROM * TIMES.get(arm, 0) // (50 if quick else 1)
    minutes = {"by samples": 0.5, "by gradient": 4.0}.get(arm, 0.02) * episodes + decisions / 12_000
    return Cell(arm, seed, (("world", world), ("episodes", episodes), ("decisions", decisions)), minutes)


def run(cell: Cell) -> Sequence[Row]:
    """The mean distance of each test episode."""
    told: dict[str, Any] = dict(cell.setting)
    env = Steering(told["world"], **WORLDS[told["world"]])
    tests = range(TEST_SEEDS_FROM, TEST_SEEDS_FROM + told["episodes"])
    if cell.arm in PLANNERS:
        planner = PLANNERS[cell.arm](Futures(LearnedEngine.load(told["world"]), env.largest, env.hold))
        rewards = [planner.steer(env, seed) for seed in tests]
    else:
        agent = learned(told["world"], told["decisions"], cell.seed) if cell.arm in TIMES else None
        rewards = [played(agent, env, seed) for seed in tests]
    return [{"name": "distance", "episode": k, "value": -float(np.mean(each))} for k, each in enumerate(rewards)]


def learned(world: str, decisions: int, seed: int) -> ModuleGraph:
    """An agent that played so many decisions and learned by ACER."""
    settings = {"world": world, **WORLDS[world]}
    learning = Learning(rate=3e-3, replay=REPLAY, begin=0.05, sequences=COUNT, ratio=4, average=0.995)
    trial = Trial(
        Environments("worlds:physim/Steering-v0", COUNT, settings),
        decisions,
        cores=(),
        method=ACERNumbers(discount=0.95, fresh=True),
        learning=learning,
        told=False,
        ticks=10,
        seed=seed,
    )
    return trial.run().graph


@torch.no_grad()
def played(agent: ModuleGraph | None, env: Steering, seed: int) -> list[float]:
    """The rewards of an episode by an agent's means, without its chance, or by doing nothing."""
    seen, _ = env.reset(seed=seed)
    action, rewards, over = np.zeros(env.numbers), list[float](), False
    while not over:
        if agent is not None:
            inputs = {"vector": torch.from_numpy(seen)[None], "chance": torch.full((1, env.numbers), 0.5)}
            choice, _ = agent.step(inputs, outputs=(agent[CHOICE],))
            action = choice[0].double().numpy()
        seen, reward, terminated, truncated, _ = env.step(action)
        rewards.append(reward)
        over = terminated or truncated
    return rewards


if __name__ == "__main__":
    run_script(main, Args, __doc__)
